"""Forms of departments, services, parks, places and enterprises."""

from __future__ import annotations

from collections.abc import Iterable

from flask_babel import lazy_gettext as _l
from wtforms import FloatField, HiddenField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from eventsys.accounts.models import Person
from eventsys.accounts.rules import EMAIL_MAX
from eventsys.accounts.rules import NAME_MAX as PERSON_NAME_MAX
from eventsys.directory.commands import (
    ENTERPRISE_SHORT_NAME_MAX,
    PHONE_MAX,
    SUB_DISTRICT_MAX,
    TAG_MAX,
    TAGS_MAX,
    DepartmentDetails,
    EnterpriseDetails,
    ParkDetails,
    PlaceDetails,
    ServiceDetails,
    StaffDetails,
    split_tags,
)
from eventsys.directory.forms.words import FIELDS, PLACE_KINDS, SIZES, TOPICS, choices
from eventsys.directory.models import Department, Enterprise, Park, Place, Service, Staff
from eventsys.directory.rules import (
    ADDRESS_MAX,
    CODE_MAX,
    COLOURS,
    NAME_MAX,
    NOTE_MAX,
    OFFICE_MAX,
    SHORT_NAME_MAX,
    PlaceKind,
    Topic,
)
from eventsys.web.forms import Form

COORDINATE_STEP = {"step": "any", "inputmode": "decimal"}


class VersionedForm(Form):
    """A form of a row with a version: what was seen travels along, so that a stale save is noticed."""

    version = HiddenField()

    def seen_version(self) -> int:
        """The version the page showed; 0 (never current) when it was tampered with."""
        value = self.version.data or ""
        return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0


def _typed(field: StringField) -> str:
    return field.data or ""


class DepartmentForm(VersionedForm):
    """A department; `code` only when it is new."""

    code = StringField(
        FIELDS["code"],
        [InputRequired(), Length(max=CODE_MAX)],
        description=_l("A letter, then letters, digits or hyphens. It cannot be changed later."),
    )
    name = StringField(FIELDS["name"], [InputRequired(), Length(max=NAME_MAX)])
    short_name = StringField(FIELDS["short_name"], [InputRequired(), Length(max=SHORT_NAME_MAX)])
    name_en = StringField(FIELDS["name_en"], [Optional(), Length(max=NAME_MAX)])
    colour = SelectField(FIELDS["colour"], coerce=int, choices=[(n, str(n)) for n in range(1, COLOURS + 1)], default=1)
    phone = StringField(FIELDS["phone"], [Optional(), Length(max=PHONE_MAX)], render_kw={"type": "tel"})
    email = StringField(FIELDS["email"], [Optional(), Length(max=EMAIL_MAX)], render_kw={"type": "email"})

    def to_command(self) -> DepartmentDetails:
        """What was typed."""
        return DepartmentDetails(
            code=_typed(self.code) if "code" in self else "",
            name=_typed(self.name),
            short_name=_typed(self.short_name),
            name_en=_typed(self.name_en),
            colour=self.colour.data,
            phone=_typed(self.phone),
            email=_typed(self.email),
        )


class ServiceForm(Form):
    """A service of a department."""

    name = StringField(FIELDS["name"], [InputRequired(), Length(max=NAME_MAX)])
    name_en = StringField(FIELDS["name_en"], [Optional(), Length(max=NAME_MAX)])
    topic = SelectField(FIELDS["topic"], choices=choices(TOPICS), default=Topic.SERVICE.value)

    def to_command(self) -> ServiceDetails:
        """What was typed."""
        return ServiceDetails(_typed(self.name), _typed(self.name_en), self.topic.data)


class StaffForm(VersionedForm):
    """Somebody of a department; the accounts to choose from are given by the view."""

    name = StringField(FIELDS["name"], [InputRequired(), Length(max=PERSON_NAME_MAX)])
    office = StringField(FIELDS["office"], [Optional(), Length(max=OFFICE_MAX)])
    phone = StringField(
        FIELDS["phone"],
        [Optional(), Length(max=PHONE_MAX)],
        render_kw={"type": "tel"},
        description=_l("Only the department sees it."),
    )
    person = SelectField(
        FIELDS["account"],
        [Optional()],
        description=_l("Who has one makes the own calendar link without you."),
    )

    def to_command(self) -> StaffDetails:
        """What was typed."""
        return StaffDetails(_typed(self.name), _typed(self.office), _typed(self.phone), self.person.data or "")


class ParkForm(VersionedForm):
    """A park."""

    name = StringField(FIELDS["name"], [InputRequired(), Length(max=NAME_MAX)])
    short_name = StringField(FIELDS["short_name"], [Optional(), Length(max=SHORT_NAME_MAX)])
    name_en = StringField(FIELDS["name_en"], [Optional(), Length(max=NAME_MAX)])
    latitude = FloatField(
        FIELDS["latitude"], [Optional()], render_kw=COORDINATE_STEP, description=_l("WGS 84, degrees")
    )
    longitude = FloatField(FIELDS["longitude"], [Optional()], render_kw=COORDINATE_STEP)

    def to_command(self) -> ParkDetails:
        """What was typed."""
        return ParkDetails(
            name=_typed(self.name),
            short_name=_typed(self.short_name),
            name_en=_typed(self.name_en),
            latitude=self.latitude.data,
            longitude=self.longitude.data,
        )


class PlaceForm(VersionedForm):
    """A place; the parks to choose from are given by the view."""

    name = StringField(FIELDS["name"], [InputRequired(), Length(max=NAME_MAX)])
    name_en = StringField(FIELDS["name_en"], [Optional(), Length(max=NAME_MAX)])
    kind = SelectField(FIELDS["kind"], choices=choices(PLACE_KINDS), default=PlaceKind.OTHER.value)
    park = SelectField(FIELDS["park"], [Optional()])
    address = StringField(FIELDS["address"], [Optional(), Length(max=ADDRESS_MAX)])
    directions = TextAreaField(FIELDS["directions"], [Optional(), Length(max=NOTE_MAX)], render_kw={"rows": 3})
    seats = IntegerField(FIELDS["seats"], [Optional()])
    rooms = IntegerField(
        FIELDS["rooms"],
        [Optional()],
        default=1,
        description=_l("More of them are shown as a clash."),
    )
    latitude = FloatField(
        FIELDS["latitude"], [Optional()], render_kw=COORDINATE_STEP, description=_l("WGS 84, degrees")
    )
    longitude = FloatField(FIELDS["longitude"], [Optional()], render_kw=COORDINATE_STEP)

    def to_command(self) -> PlaceDetails:
        """What was typed."""
        return PlaceDetails(
            name=_typed(self.name),
            name_en=_typed(self.name_en),
            kind=self.kind.data,
            park=self.park.data or "",
            address=_typed(self.address),
            directions=_typed(self.directions),
            seats=self.seats.data,
            rooms=self.rooms.data,
            latitude=self.latitude.data,
            longitude=self.longitude.data,
        )


class EnterpriseForm(VersionedForm):
    """An enterprise; the parks to choose from are given by the view."""

    credit_code = StringField(
        FIELDS["credit_code"], [InputRequired(), Length(max=40)], render_kw={"autocomplete": "off"}
    )
    name = StringField(FIELDS["name"], [InputRequired(), Length(max=NAME_MAX)])
    short_name = StringField(FIELDS["short_name"], [Optional(), Length(max=ENTERPRISE_SHORT_NAME_MAX)])
    name_en = StringField(FIELDS["name_en"], [Optional(), Length(max=NAME_MAX)])
    sub_district = StringField(FIELDS["sub_district"], [Optional(), Length(max=SUB_DISTRICT_MAX)])
    park = SelectField(FIELDS["park"], [Optional()])
    address = StringField(FIELDS["address"], [Optional(), Length(max=ADDRESS_MAX)])
    size = SelectField(FIELDS["size"], [Optional()], choices=choices(SIZES, empty="–"))
    tags = StringField(
        FIELDS["tags"],
        [Optional(), Length(max=(TAG_MAX + 1) * TAGS_MAX)],
        description=_l("Several are separated by commas."),
    )
    note = TextAreaField(FIELDS["note"], [Optional(), Length(max=NOTE_MAX)], render_kw={"rows": 3})

    def to_command(self) -> EnterpriseDetails:
        """What was typed."""
        return EnterpriseDetails(
            credit_code=_typed(self.credit_code),
            name=_typed(self.name),
            short_name=_typed(self.short_name),
            name_en=_typed(self.name_en),
            sub_district=_typed(self.sub_district),
            park=self.park.data or "",
            address=_typed(self.address),
            size=self.size.data or "",
            tags=split_tags(_typed(self.tags)),
            note=_typed(self.note),
        )


def park_choices(parks: Iterable[Park], present: Park | None = None) -> list[tuple[str, str]]:
    """Parks to choose from: the active ones, and the present one though it be disabled."""
    offered = [park for park in parks if park.active or park is present]
    return [("", "–"), *[(park.public_id, park.name) for park in offered]]


def department_values(row: Department) -> dict[str, object]:
    """What the form shows of a stored department."""
    names = ("name", "short_name", "name_en", "colour", "phone", "email")
    return {name: getattr(row, name) for name in names}


def service_values(row: Service) -> dict[str, object]:
    """What the form shows of a stored service."""
    return {"name": row.name, "name_en": row.name_en, "topic": row.topic.value}


def staff_values(row: Staff) -> dict[str, object]:
    """What the form shows of somebody stored."""
    values: dict[str, object] = {name: getattr(row, name) for name in ("name", "office", "phone")}
    return values | {"person": row.person.public_id if row.person else ""}


def person_choices(people: Iterable[Person], present: Person | None = None) -> list[tuple[str, str]]:
    """Accounts to choose from, the present one among them."""
    offered = {person.public_id: person.name for person in (*people, *([present] if present else []))}
    return [("", "–"), *offered.items()]


def park_values(row: Park) -> dict[str, object]:
    """What the form shows of a stored park."""
    return {name: getattr(row, name) for name in ("name", "short_name", "name_en", "latitude", "longitude")}


def place_values(row: Place) -> dict[str, object]:
    """What the form shows of a stored place."""
    names = ("name", "name_en", "address", "directions", "seats", "rooms", "latitude", "longitude")
    values: dict[str, object] = {name: getattr(row, name) for name in names}
    return values | {"kind": row.kind.value, "park": row.park.public_id if row.park else ""}


def enterprise_values(row: Enterprise) -> dict[str, object]:
    """What the form shows of a stored enterprise."""
    names = ("credit_code", "name", "short_name", "name_en", "sub_district", "address", "note")
    values: dict[str, object] = {name: getattr(row, name) for name in names}
    return values | {
        "park": row.park.public_id if row.park else "",
        "size": row.size.value if row.size else "",
        "tags": "、".join(tag.name for tag in row.tags),
    }
