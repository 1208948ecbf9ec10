"""What the directory's services are told: frozen commands, and the checks that make typed text fit to store."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, TypeVar

from eventsys.accounts.rules import EMAIL_MAX, parse_email, parse_mobile
from eventsys.accounts.rules import NAME_MAX as PERSON_NAME_MAX
from eventsys.core.errors import Invalid
from eventsys.core.text import BLANKS, clean_line, clean_text
from eventsys.directory.rules import (
    ADDRESS_MAX,
    COLOURS,
    NAME_MAX,
    NOTE_MAX,
    OFFICE_MAX,
    SHORT_NAME_MAX,
    CreditCode,
    EnterpriseSize,
    PlaceKind,
    Topic,
    parse_code,
    parse_credit_code,
)

PHONE_MAX = 40
SEATS_MAX = 100_000
ROOMS_MAX = 100
STAFF_MAX = 500  # of a department
ENTERPRISE_SHORT_NAME_MAX = 40
SUB_DISTRICT_MAX = 40
TAG_MAX = 40
TAGS_MAX = 30
TAG_SEPARATORS = "、，,;；\n"
_SPLIT = re.compile(f"[{TAG_SEPARATORS}]")
SERVICES_MAX = 100  # of a department
_SEMICOLON = re.compile("[；;\n]")

T = TypeVar("T")
Kind = TypeVar("Kind", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class DepartmentDetails:
    """A department as typed. `code` counts at creation only; it is permanent."""

    name: str
    short_name: str
    code: str = ""
    name_en: str = ""
    colour: int = 1
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class ServiceDetails:
    """A service (服务事项) as typed."""

    name: str
    name_en: str = ""
    topic: str = Topic.SERVICE


@dataclass(frozen=True, slots=True)
class ParkDetails:
    """A park as typed; WGS 84 degrees, both or neither."""

    name: str
    short_name: str = ""
    name_en: str = ""
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class PlaceDetails:
    """A place as typed; `park` is a public id or empty, `rooms` (how many slots at a time) None for one."""

    name: str
    name_en: str = ""
    kind: str = PlaceKind.OTHER
    park: str = ""
    address: str = ""
    directions: str = ""
    latitude: float | None = None
    longitude: float | None = None
    seats: int | None = None
    rooms: int | None = None


@dataclass(frozen=True, slots=True)
class EnterpriseDetails:
    """An enterprise as typed; `park` is a public id or empty, `size` an EnterpriseSize or empty."""

    credit_code: str
    name: str
    short_name: str = ""
    name_en: str = ""
    sub_district: str = ""
    park: str = ""
    address: str = ""
    size: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class PersonDetails:
    """A person as typed: mobile number or mail address, or both."""

    name: str
    mobile: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class StaffDetails:
    """Somebody of a department as typed; `person` (a public id or empty) is the account of the same person."""

    name: str
    office: str = ""
    phone: str = ""
    person: str = ""


@dataclass(slots=True)
class Problems:
    """Collects what is wrong, so that one answer names every field."""

    found: list[Invalid] = field(default_factory=list)

    def take(self, parse: Callable[..., T], *values: Any, default: T, **options: Any) -> T:
        """What `parse` makes of the values, or `default` with the problem noted."""
        try:
            return parse(*values, **options)
        except Invalid as error:
            self.found.extend(error.problems)
            return default

    def add(self, code: str, name: str, **fields: Any) -> None:
        """Note a problem of the field `name`."""
        self.found.append(Invalid(code, field=name, **fields))

    def raise_if_any(self) -> None:
        """Raise one Invalid for all."""
        if self.found:
            raise Invalid.many(self.found)


def check_department(typed: DepartmentDetails) -> DepartmentDetails:
    """The details fit to store, or Invalid naming every wrong field."""
    problems = Problems()
    checked = DepartmentDetails(
        code=problems.take(parse_code, typed.code, default="") if typed.code else "",
        name=problems.take(clean_line, typed.name, "name", NAME_MAX, required=True, default=""),
        short_name=problems.take(clean_line, typed.short_name, "short_name", SHORT_NAME_MAX, required=True, default=""),
        name_en=problems.take(clean_line, typed.name_en, "name_en", NAME_MAX, default=""),
        colour=problems.take(_within, typed.colour, "colour", 1, COLOURS, default=None) or 1,
        phone=problems.take(clean_line, typed.phone, "phone", PHONE_MAX, default=""),
        email=problems.take(_maybe_email, typed.email, default=""),
    )
    problems.raise_if_any()
    return checked


def check_service(typed: ServiceDetails) -> ServiceDetails:
    """The details fit to store, or Invalid naming every wrong field."""
    problems = Problems()
    checked = ServiceDetails(
        name=problems.take(clean_line, typed.name, "name", NAME_MAX, required=True, default=""),
        name_en=problems.take(clean_line, typed.name_en, "name_en", NAME_MAX, default=""),
        topic=problems.take(_choice, typed.topic, "topic", Topic, default=Topic.SERVICE),
    )
    if _SEMICOLON.search(checked.name):
        problems.add("bad_service_name", "name")
    problems.raise_if_any()
    return checked


def check_staff(typed: StaffDetails) -> StaffDetails:
    """The details fit to store, or Invalid naming every wrong field."""
    problems = Problems()
    checked = replace(
        typed,
        name=problems.take(clean_line, typed.name, "name", PERSON_NAME_MAX, required=True, default=""),
        office=problems.take(clean_line, typed.office, "office", OFFICE_MAX, default=""),
        phone=problems.take(clean_line, typed.phone, "phone", PHONE_MAX, default=""),
    )
    problems.raise_if_any()
    return checked


def check_park(typed: ParkDetails) -> ParkDetails:
    """The details fit to store, or Invalid naming every wrong field."""
    problems = Problems()
    _check_point(problems, typed.latitude, typed.longitude)
    checked = ParkDetails(
        name=problems.take(clean_line, typed.name, "name", NAME_MAX, required=True, default=""),
        short_name=problems.take(clean_line, typed.short_name, "short_name", SHORT_NAME_MAX, default=""),
        name_en=problems.take(clean_line, typed.name_en, "name_en", NAME_MAX, default=""),
        latitude=typed.latitude,
        longitude=typed.longitude,
    )
    problems.raise_if_any()
    return checked


def check_place(typed: PlaceDetails) -> PlaceDetails:
    """The details fit to store, or Invalid naming every wrong field."""
    problems = Problems()
    _check_point(problems, typed.latitude, typed.longitude)
    checked = replace(
        typed,
        name=problems.take(clean_line, typed.name, "name", NAME_MAX, required=True, default=""),
        name_en=problems.take(clean_line, typed.name_en, "name_en", NAME_MAX, default=""),
        kind=problems.take(_choice, typed.kind, "kind", PlaceKind, default=PlaceKind.OTHER),
        address=problems.take(clean_line, typed.address, "address", ADDRESS_MAX, default=""),
        directions=problems.take(clean_text, typed.directions, "directions", NOTE_MAX, default=""),
        seats=problems.take(_within, typed.seats, "seats", 1, SEATS_MAX, default=None),
        rooms=problems.take(_within, typed.rooms, "rooms", 1, ROOMS_MAX, default=None) or 1,
    )
    problems.raise_if_any()
    return checked


def check_enterprise(typed: EnterpriseDetails) -> tuple[EnterpriseDetails, CreditCode]:
    """The details fit to store and the parsed credit code, or Invalid naming every wrong field."""
    problems = Problems()
    code = problems.take(parse_credit_code, typed.credit_code, default=CreditCode("", is_checked=False))
    checked = replace(
        typed,
        credit_code=code.text,
        name=problems.take(clean_line, typed.name, "name", NAME_MAX, required=True, default=""),
        short_name=problems.take(clean_line, typed.short_name, "short_name", ENTERPRISE_SHORT_NAME_MAX, default=""),
        name_en=problems.take(clean_line, typed.name_en, "name_en", NAME_MAX, default=""),
        sub_district=problems.take(clean_line, typed.sub_district, "sub_district", SUB_DISTRICT_MAX, default=""),
        address=problems.take(clean_line, typed.address, "address", ADDRESS_MAX, default=""),
        size=problems.take(_choice, typed.size, "size", EnterpriseSize, default="") if typed.size else "",
        tags=problems.take(check_tags, typed.tags, default=()),
        note=problems.take(clean_text, typed.note, "note", NOTE_MAX, default=""),
    )
    problems.raise_if_any()
    return checked, code


def check_person(typed: PersonDetails) -> PersonDetails:
    """The details fit to store, or Invalid naming every wrong field."""
    problems = Problems()
    checked = PersonDetails(
        name=problems.take(clean_line, typed.name, "name", PERSON_NAME_MAX, required=True, default=""),
        mobile=problems.take(parse_mobile, typed.mobile, default="") if typed.mobile.strip() else "",
        email=problems.take(_maybe_email, typed.email, default=""),
    )
    if not problems.found and not checked.mobile and not checked.email:
        problems.add("mobile_or_email", "mobile")
    problems.raise_if_any()
    return checked


def split_services(text: str) -> tuple[str, ...]:
    """Names of services typed in one field, separated by semicolons or, where there are none, by 、."""
    parts = _SEMICOLON.split(text) if _SEMICOLON.search(text) else text.split("、")
    return tuple(dict.fromkeys(name for part in parts if (name := part.strip(BLANKS))))


def join_services(names: Sequence[str]) -> str:
    """One text that `split_services` takes apart again: a name may hold 、, never a semicolon."""
    if any("、" in name for name in names):
        return "；".join(names) + ("；" if len(names) == 1 else "")
    return "、".join(names)


def check_service_names(names: Iterable[str]) -> tuple[str, ...]:
    """The names fit to store, without repetition; Invalid names the field `services`."""
    try:
        cleaned = tuple(dict.fromkeys(check_service(ServiceDetails(name)).name for name in names))
    except Invalid as error:
        raise Invalid(error.code, field="services", **error.fields) from None
    if len(cleaned) > SERVICES_MAX:
        raise Invalid("too_many_items", field="services", limit=SERVICES_MAX)
    return cleaned


def split_tags(text: str) -> tuple[str, ...]:
    """Tags typed in one field, separated by commas of either width, 、 or semicolons."""
    return tuple(dict.fromkeys(part.strip() for part in _SPLIT.split(text) if part.strip()))


def check_tags(tags: Iterable[str], name: str = "tags") -> tuple[str, ...]:
    """Tags without repetition, none of them holding a separator; Invalid names the field."""
    cleaned = tuple(dict.fromkeys(clean_line(tag, name, TAG_MAX, required=True) for tag in tags))
    if len(cleaned) > TAGS_MAX:
        raise Invalid("too_many_items", field=name, limit=TAGS_MAX)
    if any(_SPLIT.search(tag) for tag in cleaned):
        raise Invalid("bad_tag", field=name)
    return cleaned


def _maybe_email(value: str) -> str:
    return parse_email(clean_line(value, "email", EMAIL_MAX)) if value.strip() else ""


def _within(value: int | None, name: str, minimum: int, maximum: int) -> int | None:
    if value is not None and not minimum <= value <= maximum:
        raise Invalid("out_of_range", field=name, minimum=minimum, maximum=maximum)
    return value


def _choice(value: str, name: str, kind: type[Kind]) -> Kind:
    try:
        return kind(value)
    except ValueError:
        raise Invalid("bad_choice", field=name) from None


def _check_point(problems: Problems, latitude: float | None, longitude: float | None) -> None:
    """Degrees within the globe (NaN is not), both or neither."""
    for name, value, limit in (("latitude", latitude, 90), ("longitude", longitude, 180)):
        if value is not None and not -limit <= value <= limit:
            problems.add("out_of_range", name, minimum=-limit, maximum=limit)
    if (latitude is None) != (longitude is None):
        problems.add("required", "latitude" if latitude is None else "longitude")
