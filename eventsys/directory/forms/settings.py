"""The form of the settings, made from their declarations; an empty field means the value of the level above."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from wtforms import IntegerField, SelectField
from wtforms.validators import Optional

from eventsys.directory.forms.organisations import VersionedForm
from eventsys.directory.settings import (
    SETTINGS,
    ClashRule,
    Kind,
    SecondFactor,
    Setting,
    Settings,
    Unit,
    Value,
    value_of,
)
from eventsys.web.forms import Within

FORMAT_WORDS: dict[str, Any] = {
    "visit": _l("On-site visit"),
    "session": _l("Group session"),
    "online": _l("Online service"),
}
FORMAT_LABELS: dict[str, Any] = {
    "minutes": _l("length in minutes"),
    "capacity": _l("number of enterprises"),
    "attendee_capacity": _l("people in all"),
    "party_max": _l("people of each enterprise"),
    "close_days": _l("booking closes, working days before"),
    "close_minutes": _l("booking closes, minutes before"),
    "cancel_days": _l("can be cancelled, working days before"),
}
SECTIONS: tuple[tuple[Any, dict[str, Any]], ...] = (
    (
        _l("Booking"),
        {
            "quota_month": _l("Slots of an enterprise with one department in a month"),
            "quota_edition": _l("Slots of an enterprise in an edition"),
            "quota_open": _l("Slots of an enterprise open at a time"),
            "hold_minutes": _l("A place is held while booking, minutes"),
        },
    ),
    (
        _l("Visits that an enterprise receives from all departments"),
        {
            "visits_day": _l("In a day"),
            "visits_week": _l("In a week from Monday to Sunday"),
            "visits_month": _l("In a month"),
        },
    ),
    (
        _l("Making slots"),
        {
            "reconfirm_minutes": _l("Those booked are asked again when a slot moves by more than, minutes"),
            "day_slots": _l("Slots of a department in a day, at most"),
            "clash_day": _l("More slots of the department in a day than that"),
            "clash_staff": _l("Somebody who comes is at another slot then"),
            "clash_venue": _l("The place has no room or not enough seats then"),
            "clash_enterprise": _l("The enterprise is visited twice that day"),
        },
    ),
    (
        _l("Confirmation by the department"),
        {
            "approval_days": _l("To be answered within, working days"),
            "approval_reminder_days": _l("Reminder after, working days"),
        },
    ),
    (
        _l("Check-in"),
        {
            "sign_in_days": _l("People can be signed in afterwards, working days after the slot"),
            "release_after_minutes": _l("Unclaimed places can be given away, minutes after the start"),
        },
    ),
    (
        _l("Not attending"),
        {
            "no_show_rule": _l("Who did not attend repeatedly needs confirmation by the department"),
            "no_show_count": _l("… after so many times"),
            "no_show_months": _l("… within so many months"),
            "no_show_days": _l("… for so many days"),
        },
    ),
    (_l("Sign-in"), {"second_factor": _l("Who must have a second step")}),
)
CLASH_WORDS: dict[Any, Any] = {
    ClashRule.OFF: _l("say nothing"),
    ClashRule.WARN: _l("warn"),
    ClashRule.FORBID: _l("forbid"),
}
CHOICES: dict[str, dict[Any, Any]] = {
    **{f"clash_{name}": CLASH_WORDS for name in ("day", "staff", "venue", "enterprise")},
    "second_factor": {
        SecondFactor.NOBODY: _l("Nobody"),
        SecondFactor.COORDINATORS: _l("Coordinators and administrators"),
        SecondFactor.STAFF: _l("Everybody but contacts and volunteers"),
    },
}
UNITS: dict[Unit, Callable[[int], str]] = {
    Unit.MINUTES: lambda n: ngettext("%(num)s minute", "%(num)s minutes", n),
    Unit.DAYS: lambda n: ngettext("%(num)s day", "%(num)s days", n),
    Unit.WORKING_DAYS: lambda n: ngettext("%(num)s working day", "%(num)s working days", n),
    Unit.MONTHS: lambda n: ngettext("%(num)s month", "%(num)s months", n),
    Unit.ENTERPRISES: lambda n: ngettext("%(num)s enterprise", "%(num)s enterprises", n),
    Unit.PEOPLE: lambda n: ngettext("%(num)s person", "%(num)s people", n),
    Unit.SLOTS: lambda n: ngettext("%(num)s slot", "%(num)s slots", n),
    Unit.VISITS: lambda n: ngettext("%(num)s visit", "%(num)s visits", n),
    Unit.TIMES: lambda n: ngettext("%(num)s time", "%(num)s times", n),
}


@dataclass(frozen=True, slots=True)
class Section:
    """Settings that belong together: a heading and their keys."""

    title: Any
    keys: tuple[str, ...]


class SettingsForm(VersionedForm):
    """What `settings_form` makes; every field may be left empty."""

    def to_values(self) -> dict[str, Any]:
        """The values by key, None for an empty field."""
        return {field.name: _typed(field) for field in self if field.name in SETTINGS}


def settings_form(
    offered: Mapping[str, Setting], above: Settings, data: Mapping[str, Any], *, is_department: bool = False
) -> SettingsForm:
    """The form of the settings `offered`, filled with `data`; `above` are the values that hold for an empty field."""
    fields = {key: _field(setting, value_of(above, setting), is_department) for key, setting in offered.items()}
    form: SettingsForm = type("OfferedSettingsForm", (SettingsForm,), fields)(data=data)
    for key in offered:
        form[key].flags.empty_is_default = True
    return form


def sections_of(offered: Mapping[str, Setting]) -> list[Section]:
    """The settings `offered` in the order of the page."""
    formats = tuple(f"{kind}_{name}" for name in FORMAT_LABELS for kind in FORMAT_WORDS)
    listed = [Section(_l("New slots"), formats), *[Section(title, tuple(labels)) for title, labels in SECTIONS]]
    shown = [Section(section.title, tuple(key for key in section.keys if key in offered)) for section in listed]
    return [section for section in shown if section.keys]


def label_of(setting: Setting) -> str:
    """What a setting is called."""
    if setting.group:
        words = {"format": FORMAT_WORDS[setting.group], "label": FORMAT_LABELS[setting.name]}
        return str(gettext("%(format)s: %(label)s", **words))
    return str(next(labels[setting.name] for _title, labels in SECTIONS if setting.name in labels))


def shown_value(setting: Setting, value: Value) -> str:
    """A value in words."""
    if setting.kind is Kind.SWITCH:
        return str(gettext("on") if value else gettext("off"))
    if setting.kind is Kind.CHOICE:
        return str(CHOICES[setting.name][str(value)])
    if setting.is_limit and value == 0:
        return str(gettext("no limit"))
    return UNITS[setting.unit](int(value)) if setting.unit else str(value)


def _field(setting: Setting, above: Value, is_department: bool) -> Any:
    value = shown_value(setting, above)
    hint = gettext("Empty: as in the district, %(value)s", value=value) if is_department else ""
    hint = hint or gettext("Empty: %(value)s", value=value)
    if setting.kind is Kind.NUMBER:
        hint = gettext("%(hint)s. 0: no limit", hint=hint) if setting.is_limit else hint
        bounds = [Optional(), Within(setting.minimum, setting.maximum)]
        return IntegerField(label_of(setting), bounds, description=hint, render_kw={"inputmode": "numeric"})
    options: list[tuple[str, Any]] = [("1", gettext("on")), ("0", gettext("off"))]
    if setting.options is not None:
        options = [(option.value, CHOICES[setting.name][option]) for option in setting.options]
    return SelectField(label_of(setting), [Optional()], choices=[("", hint), *options])


def _typed(field: Any) -> Any:
    if SETTINGS[field.name].kind is Kind.SWITCH:
        return {"1": True, "0": False}.get(field.data)
    return field.data if field.data != "" else None


def form_values(offered: Mapping[str, Setting], stored: Mapping[str, Any]) -> dict[str, Any]:
    """What the form shows of what is stored."""
    values = {key: stored.get(key) for key in offered}
    return {key: str(int(value)) if isinstance(value, bool) else value for key, value in values.items()}
