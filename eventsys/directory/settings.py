"""The district's settings: what there is to set, within which bounds, and what holds for a department (DEFAULTS.md).

To add one, add a line to `Settings` and its label to forms/settings.py; pages, checks and the audit follow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from eventsys.core.actor import STAFF_ROLES, Role
from eventsys.core.errors import Invalid

CAPACITY_MAX = 10_000
MINUTES_MIN, MINUTES_MAX = 5, 3 * 24 * 60  # a slot lasts at most three days
WINDOW_DAYS_MAX = 30

Value = int | bool | str


class Kind(StrEnum):
    """How a setting is answered."""

    NUMBER = "number"
    SWITCH = "switch"
    CHOICE = "choice"


class Unit(StrEnum):
    """What a number counts."""

    MINUTES = "minutes"
    DAYS = "days"
    WORKING_DAYS = "working_days"
    MONTHS = "months"
    ENTERPRISES = "enterprises"
    PEOPLE = "people"
    SLOTS = "slots"
    VISITS = "visits"
    TIMES = "times"


class ClashRule(StrEnum):
    """What becomes of a slot that clashes with another."""

    OFF = "off"
    WARN = "warn"
    FORBID = "forbid"


class SecondFactor(StrEnum):
    """Whose sign-in must have a second step."""

    NOBODY = "nobody"
    COORDINATORS = "coordinators"
    STAFF = "staff"


DEMANDED_OF: Mapping[SecondFactor, frozenset[Role]] = {
    SecondFactor.NOBODY: frozenset(),
    SecondFactor.COORDINATORS: frozenset({Role.COORDINATOR, Role.ADMINISTRATOR}),
    SecondFactor.STAFF: STAFF_ROLES - {Role.VOLUNTEER},
}


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing to set. Of a number that is a limit, 0 means none. `group` is the format it belongs to, else empty."""

    default: Value
    kind: Kind = Kind.NUMBER
    minimum: int = 0
    maximum: int = 0
    unit: Unit | None = None
    options: type[StrEnum] | None = None
    is_limit: bool = False
    by_department: bool = False
    group: str = ""
    name: str = ""

    @property
    def key(self) -> str:
        """Under which it is stored."""
        return f"{self.group}_{self.name}" if self.group else self.name

    def check(self, value: object) -> Value:
        """The value if it is one for this setting; Invalid names the key."""
        if self.kind is Kind.SWITCH and isinstance(value, bool):
            return value
        if self.options is not None and value in list(self.options):
            return self.options(str(value))
        if self.kind is not Kind.NUMBER:
            raise Invalid("bad_choice", field=self.key)
        if type(value) is not int:
            raise Invalid("bad_number", field=self.key)
        if not self.minimum <= value <= self.maximum:
            raise Invalid("out_of_range", field=self.key, minimum=self.minimum, maximum=self.maximum)
        return value


def _number(default: int, minimum: int, maximum: int, unit: Unit, **options: Any) -> Any:
    return _declared(Setting(default, minimum=minimum, maximum=maximum, unit=unit, **options))


def _switch(default: bool) -> Any:
    return _declared(Setting(default, Kind.SWITCH))


def _choice(default: StrEnum, **options: Any) -> dict[str, Setting]:
    return {"setting": Setting(default, Kind.CHOICE, options=type(default), **options)}


_ON_A_CLASH = _choice(ClashRule.WARN, by_department=True)


def _declared(setting: Setting) -> Any:
    return field(default=setting.default, metadata={"setting": setting})


@dataclass(frozen=True, slots=True)
class FormatDefaults:
    """What a new slot of a format is filled with. Days are working days, at 17:00; with `close_days` 0 booking closes
    `close_minutes` before the start, with `cancel_days` 0 a booking can be cancelled until booking closes."""

    minutes: int = _number(90, MINUTES_MIN, MINUTES_MAX, Unit.MINUTES, by_department=True)
    capacity: int = _number(20, 1, CAPACITY_MAX, Unit.ENTERPRISES, by_department=True)
    attendee_capacity: int = _number(0, 0, CAPACITY_MAX, Unit.PEOPLE, is_limit=True, by_department=True)
    party_max: int = _number(0, 0, CAPACITY_MAX, Unit.PEOPLE, is_limit=True, by_department=True)
    close_days: int = _number(0, 0, WINDOW_DAYS_MAX, Unit.WORKING_DAYS, by_department=True)
    close_minutes: int = _number(0, 0, MINUTES_MAX, Unit.MINUTES, by_department=True)
    cancel_days: int = _number(0, 0, WINDOW_DAYS_MAX, Unit.WORKING_DAYS, by_department=True)


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting with the value that holds; without arguments the built-in ones."""

    visit: FormatDefaults = FormatDefaults(90, 1, 0, 6, close_days=3, cancel_days=2)
    session: FormatDefaults = FormatDefaults(90, 20, 40, 2, close_days=1, cancel_days=1)
    online: FormatDefaults = FormatDefaults(60, 50, 100, 2, close_minutes=120)
    quota_month: int = _number(2, 0, 100, Unit.SLOTS, is_limit=True, by_department=True)
    quota_edition: int = _number(3, 0, 1_000, Unit.SLOTS, is_limit=True)
    quota_open: int = _number(6, 0, 1_000, Unit.SLOTS, is_limit=True)
    visits_day: int = _number(1, 0, 20, Unit.VISITS, is_limit=True)
    visits_week: int = _number(1, 0, 50, Unit.VISITS, is_limit=True)
    visits_month: int = _number(2, 0, 100, Unit.VISITS, is_limit=True)
    day_slots: int = _number(3, 0, 100, Unit.SLOTS, is_limit=True, by_department=True)
    reconfirm_minutes: int = _number(60, 0, MINUTES_MAX, Unit.MINUTES, is_limit=True, by_department=True)
    clash_staff: ClashRule = field(default=ClashRule.WARN, metadata=_ON_A_CLASH)
    clash_venue: ClashRule = field(default=ClashRule.WARN, metadata=_ON_A_CLASH)
    clash_enterprise: ClashRule = field(default=ClashRule.WARN, metadata=_ON_A_CLASH)
    clash_day: ClashRule = field(default=ClashRule.WARN, metadata=_ON_A_CLASH)
    hold_minutes: int = _number(10, 3, 60, Unit.MINUTES)
    approval_days: int = _number(2, 1, 20, Unit.WORKING_DAYS)
    approval_reminder_days: int = _number(1, 1, 20, Unit.WORKING_DAYS)
    no_show_rule: bool = _switch(False)
    no_show_count: int = _number(2, 1, 20, Unit.TIMES)
    no_show_months: int = _number(6, 1, 24, Unit.MONTHS)
    no_show_days: int = _number(60, 1, 365, Unit.DAYS)
    sign_in_days: int = _number(2, 0, 20, Unit.WORKING_DAYS)
    release_after_minutes: int = _number(15, 0, 240, Unit.MINUTES)
    second_factor: SecondFactor = field(default=SecondFactor.NOBODY, metadata=_choice(SecondFactor.NOBODY))

    def of_format(self, kind: str) -> FormatDefaults:
        """What a new slot of this format (`visit`, `session` or `online`) is filled with."""
        return {"visit": self.visit, "session": self.session, "online": self.online}[kind]


def _settings() -> Iterator[Setting]:
    for item in fields(Settings):
        if "setting" in item.metadata:
            yield replace(item.metadata["setting"], name=item.name)
            continue
        for part in fields(FormatDefaults):
            default = getattr(item.default, part.name)
            yield replace(part.metadata["setting"], default=default, group=item.name, name=part.name)


SETTINGS: Mapping[str, Setting] = {setting.key: setting for setting in _settings()}
DEPARTMENT_SETTINGS: Mapping[str, Setting] = {key: item for key, item in SETTINGS.items() if item.by_department}


def settings_from(district: Mapping[str, Any], department: Mapping[str, Any] | None = None) -> Settings:
    """What holds: the department's value where it may have one, else the district's, else the built-in one.

    A stored value that is unknown or out of its bounds counts as not set.
    """
    values: dict[str, dict[str, Any]] = {}
    for setting in SETTINGS.values():
        levels = [department or {}, district] if setting.by_department else [district]
        found = (_stored(setting, level) for level in levels)
        holds = next((value for value in found if value is not None), setting.default)
        values.setdefault(setting.group, {})[setting.name] = holds
    others = values.pop("")
    formats: dict[str, Any] = {name: FormatDefaults(**parts) for name, parts in values.items()}
    return Settings(**formats, **others)


def setting_of_district(key: str, district: Mapping[str, Any]) -> Value:
    """What holds of one setting in the district, without a look at the others."""
    stored = _stored(SETTINGS[key], district)
    return SETTINGS[key].default if stored is None else stored


def must_have_second_factor(roles: frozenset[Role], district: Mapping[str, Any]) -> bool:
    """Whether a person who holds `roles` must have a second step at sign-in; `district` are its stored settings."""
    return bool(roles & DEMANDED_OF[SecondFactor(str(setting_of_district("second_factor", district)))])


def _stored(setting: Setting, level: Mapping[str, Any]) -> Value | None:
    value = level.get(setting.key)
    try:
        return None if value is None else setting.check(value)
    except Invalid:
        return None


def changed_settings(
    stored: Mapping[str, Any], typed: Mapping[str, Any], offered: Mapping[str, Setting] = SETTINGS
) -> dict[str, Any]:
    """What is to be stored after `typed`, in which None takes a value back; Invalid names every wrong one."""
    result, problems = dict(stored), []
    for key, value in typed.items():
        if key not in offered:
            problems.append(Invalid("unknown_setting", field=key))
        elif value is None:
            result.pop(key, None)
        else:
            try:
                result[key] = offered[key].check(value)
            except Invalid as problem:
                problems.append(problem)
    if problems:
        raise Invalid.many(problems)
    return {key: result[key] for key in sorted(result)}


def value_of(settings: Settings, setting: Setting) -> Value:
    """The value that holds of one setting."""
    value: Value = getattr(getattr(settings, setting.group) if setting.group else settings, setting.name)
    return value
