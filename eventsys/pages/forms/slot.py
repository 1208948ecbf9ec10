"""The form of a slot: what a clerk types becomes the command NewSlot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    FieldList,
    FormField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms import Form as PlainForm
from wtforms.validators import InputRequired, Length, Optional

from eventsys.core.errors import Invalid
from eventsys.directory.rules import EnterpriseSize, Topic
from eventsys.directory.settings import CAPACITY_MAX, MINUTES_MAX, MINUTES_MIN, FormatDefaults, Settings
from eventsys.pages.forms.words import (
    audience_words,
    format_words,
    question_words,
    scope_words,
    size_words,
    topic_words,
)
from eventsys.pages.queries import SlotChoices, find_enterprises_named
from eventsys.slots.rules import (
    BRING_MAX,
    DESCRIPTION_MAX,
    DOOR_MINUTES,
    DOOR_MINUTES_MAX,
    LABEL_MAX,
    PLACE_TEXT_MAX,
    QUESTIONS_MAX,
    REASON_MAX,
    TITLE_MAX,
    URL_MAX,
    Audience,
    AudienceKind,
    NewQuestion,
    NewSlot,
    QuestionKind,
    SlotFormat,
    WalkIns,
)
from eventsys.slots.scopes import RunScope
from eventsys.web.forms import Form, LocalDateTimeField, Within
from eventsys.web.locale import local_name

BLANK_QUESTIONS = 2
INVITED_TEXT_MAX = 50_000
CELLS = 4  # of a pasted row
QUOTAS = ("quota_month", "quota_edition", "quota_open")
WINDOW = ("opens_at", "closes_at", "cancel_until", "names_until", "invited_until", "draw_at")
BY_FORMAT = ("minutes", "capacity", "attendee_capacity", "party_max")


class QuestionForm(PlainForm):
    """One question to who books; a row without a text is none."""

    label = StringField(_l("Question"), [Length(max=LABEL_MAX)])
    kind = SelectField(_l("Answer"))
    is_required = BooleanField(_l("Must be answered"))

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.kind.choices = list(question_words().items())
        if not self.kind.data:
            self.kind.data = QuestionKind.TEXT.value


class SlotForm(Form):
    """Everything of a slot. `version` is what the person saw; `defaults_of` the format and
    department whose defaults are filled in."""

    version = HiddenField()
    defaults_of = HiddenField()
    format = RadioField(_l("Format"), [InputRequired()])
    title = StringField(_l("Title"), [InputRequired(), Length(max=TITLE_MAX)])
    topic = RadioField(_l("Topic"), [InputRequired()])
    department = SelectField(_l("Lead department"), [InputRequired()])
    starts_at = LocalDateTimeField(_l("Start"), [InputRequired()])
    minutes = IntegerField(_l("Length in minutes"), [Optional(), Within(MINUTES_MIN, MINUTES_MAX)])
    ends_at = LocalDateTimeField(_l("End"), [Optional()])
    place = SelectField(_l("Place"))
    place_text = StringField(_l("Room or other place"), [Length(max=PLACE_TEXT_MAX)])
    online_url = StringField(_l("Online link"), [Length(max=URL_MAX)])
    capacity = IntegerField(_l("Number of enterprises"), [InputRequired(), Within(1, CAPACITY_MAX)])
    attendee_capacity = IntegerField(_l("People in all"), [Optional(), Within(1, CAPACITY_MAX)])
    party_max = IntegerField(_l("People of each enterprise"), [Optional(), Within(1, CAPACITY_MAX)])
    description = TextAreaField(_l("Description"), [Length(max=DESCRIPTION_MAX)])
    services = SelectMultipleField(_l("Service matters"))
    supporting = SelectMultipleField(_l("Supporting departments"))
    staff = SelectMultipleField(_l("Who comes"))
    bring = TextAreaField(_l("What to bring"), [Length(max=BRING_MAX)])
    audience = RadioField(_l("Open to"), [InputRequired()])
    parks = SelectMultipleField(_l("Parks"))
    sub_districts = SelectMultipleField(_l("Sub-districts"))
    tags = SelectMultipleField(_l("Tags"))
    sizes = SelectMultipleField(_l("Size"))
    invited = TextAreaField(_l("Invited enterprises"), [Length(max=INVITED_TEXT_MAX)])
    opens_at = LocalDateTimeField(_l("Booking opens"), [Optional()])
    closes_at = LocalDateTimeField(_l("Booking closes"), [Optional()])
    cancel_until = LocalDateTimeField(_l("Can be cancelled until"), [Optional()])
    names_until = LocalDateTimeField(_l("Names can follow until"), [Optional()])
    questions = FieldList(FormField(QuestionForm), label=_l("Questions"), max_entries=QUESTIONS_MAX)
    needs_approval = BooleanField(_l("The department confirms each booking"))
    walk_ins = SelectField(
        _l("Who has not booked, at the door"),
        choices=[
            (WalkIns.PLACES_LEFT.value, _l("may register while places are left")),
            (WalkIns.ALWAYS.value, _l("may always register; the slot grows")),
            (WalkIns.NONE.value, _l("may not register")),
        ],
        default=WalkIns.PLACES_LEFT.value,
    )
    door_minutes = IntegerField(
        _l("Check-in opens, minutes before the start"),
        [Optional(), Within(0, DOOR_MINUTES_MAX)],
        default=DOOR_MINUTES,
    )
    quota_month = IntegerField(_l("Of the department in a month"), [Optional(), Within(1, CAPACITY_MAX)])
    quota_edition = IntegerField(_l("Of the edition"), [Optional(), Within(1, CAPACITY_MAX)])
    quota_open = IntegerField(_l("Open at a time"), [Optional(), Within(1, CAPACITY_MAX)])
    invited_until = LocalDateTimeField(_l("Invited enterprises come first until"), [Optional()])
    draw_at = LocalDateTimeField(_l("Draw"), [Optional()])
    is_draw_weighted = BooleanField(_l("More chances for who was not served for long"))
    edition = SelectField(_l("Edition"))
    beyond = StringField(_l("Why one more visit must be"), [Length(max=REASON_MAX)])
    title_en = StringField(_l("Title in English"), [Length(max=TITLE_MAX)])

    offers_beyond = False

    def __init__(self, choices: SlotChoices, **options: Any) -> None:
        super().__init__(**options)
        self._choices = choices
        self.format.choices = list(format_words().items())
        self.topic.choices = list(topic_words().items())
        self.audience.choices = list(audience_words().items())
        self.sizes.choices = list(size_words().items())
        self.department.choices = _named(choices.own)
        self.supporting.choices = _named(choices.departments)
        self.services.choices = [
            (item.public_id, f"{item.department.short_name}：{local_name(item)}") for item in choices.services
        ]
        self.staff.choices = self._staff_offered()
        self.place.choices = [("", gettext("No place of the list")), *_named(choices.places)]
        self.parks.choices = _named(choices.parks)
        self.tags.choices = _named(choices.tags)
        self.sub_districts.choices = [(name, name) for name in choices.sub_districts]
        self.edition.choices = [("", gettext("None"))] + [
            (item.public_id, gettext("%(series)s, edition %(number)s", series=item.series.name, number=item.number))
            for item in choices.editions
        ]

    @property
    def offered(self) -> SlotChoices:
        """What the form lets choose from."""
        return self._choices

    def _staff_offered(self) -> list[tuple[str, str]]:
        """The staff of the departments that take part as the form stands, and whoever is chosen already."""
        taking_part = {self.department.data or next((key for key, _name in self.department.choices), "")}
        taking_part |= set(self.supporting.data or ())
        chosen = set(self.staff.data or ())
        return [
            (item.public_id, f"{item.department.short_name}：{item.name} {item.office}".strip())
            for item in self._choices.staff
            if item.department.public_id in taking_part or item.public_id in chosen
        ]

    def add_blank_questions(self) -> None:
        """A few empty rows at the end."""
        blank = sum(1 for row in self.questions.entries if not (row.form.label.data or "").strip())
        for _row in range(min(BLANK_QUESTIONS - blank, QUESTIONS_MAX - len(self.questions.entries))):
            self.questions.append_entry()

    def follow_defaults(self) -> bool:
        """When another format or department was chosen than the defaults are of: fill in theirs wherever nothing else
        was typed.

        Answers whether anything was to do.
        """
        wanted, department = self.format.data, self.department.data or ""
        if wanted not in list(SlotFormat):
            return False
        former, _, former_department = (self.defaults_of.data or "").partition(" ")
        defaults = self._defaults(wanted, department)
        before = self._defaults(former, former_department or department) if former in list(SlotFormat) else None
        if wanted == former and defaults == before:
            return False
        self._refill(BY_FORMAT, before, defaults)
        settings = self._choices.settings
        self._refill(QUOTAS, settings.get(former_department, Settings()), settings.get(department, Settings()))
        set_value(self.defaults_of, defaults_of(wanted, department))
        return True

    def _refill(self, names: Iterable[str], before: Any, defaults: Any) -> None:
        for name in names:
            if before is None or _typed(self[name]) == str(getattr(before, name) or ""):
                set_value(self[name], getattr(defaults, name) or None)

    def _defaults(self, kind: str, department: str) -> FormatDefaults:
        """What the department (a public id) fills a new slot of this format with."""
        return self._choices.settings.get(department, Settings()).of_format(kind)

    def until(self) -> datetime | None:
        """Until when the slot lasts by what is typed, as far as it can be told."""
        starts_at, minutes = self.starts_at.data, self.minutes.data
        if self.ends_at.data or starts_at is None or minutes not in range(MINUTES_MIN, MINUTES_MAX + 1):
            return self.ends_at.data or starts_at
        return starts_at + timedelta(minutes=minutes)

    def to_command(self) -> NewSlot:
        """The command of a form that validated; Invalid when named enterprises cannot be found."""
        starts_at = self.starts_at.data
        assert isinstance(starts_at, datetime)  # the form was validated
        return self.command_at(starts_at, self.ends_at.data or starts_at + timedelta(minutes=self.length()))

    def length(self) -> int:
        """The minutes typed, else those of the format."""
        typed: int | None = self.minutes.data
        return typed or self._defaults(self.format.data, self.department.data).minutes

    def command_at(self, starts_at: datetime, ends_at: datetime) -> NewSlot:
        """The command for a time; what this form has no field for is left to the settings."""
        return NewSlot(
            department=_keys(self._choices.own, [self.department.data])[0],
            title=self.title.data,
            title_en=self.title_en.data or "",
            starts_at=starts_at,
            ends_at=ends_at,
            format=SlotFormat(self.format.data),
            topic=Topic(self.topic.data),
            capacity=self.capacity.data,
            attendee_capacity=self.attendee_capacity.data,
            party_max=self.party_max.data,
            description=self.description.data or "",
            supporting=_keys(self._choices.departments, self.supporting.data),
            services=_keys(self._choices.services, self.services.data),
            staff=_keys(self._choices.staff, self.staff.data),
            place=next(iter(_keys(self._choices.places, [self.place.data])), None),
            place_text=self.place_text.data or "",
            online_url=self.online_url.data or "",
            bring=self.bring.data or "",
            audience=self._audience(),
            questions=self._questions(),
            edition=next(iter(_keys(self._choices.editions, [self.edition.data])), None),
            needs_approval=bool(self.needs_approval.data),
            walk_ins=WalkIns(self.walk_ins.data),
            door_minutes=DOOR_MINUTES if self.door_minutes.data is None else self.door_minutes.data,
            **{name: self[name].data for name in (*WINDOW, *QUOTAS) if name in self},
            is_draw_weighted=bool("is_draw_weighted" in self and self.is_draw_weighted.data),
        )

    def _audience(self) -> Audience:
        kind = AudienceKind(self.audience.data)
        is_read = kind is AudienceKind.NAMED or ("invited_until" in self and self.invited_until.data is not None)
        invited = find_enterprises_named(numbered_lines(self.invited.data), "invited") if is_read else ()
        if kind is not AudienceKind.FILTERED:
            return Audience(kind, enterprises=invited)
        if not (self.parks.data or self.sub_districts.data or self.tags.data or self.sizes.data):
            raise Invalid("audience_without_filter", field="audience")
        return Audience(
            kind,
            parks=_keys(self._choices.parks, self.parks.data),
            tags=_keys(self._choices.tags, self.tags.data),
            sub_districts=tuple(self.sub_districts.data),
            sizes=tuple(EnterpriseSize(size) for size in self.sizes.data),
            enterprises=invited,
        )

    def _questions(self) -> tuple[NewQuestion, ...]:
        rows = [row.form for row in self.questions.entries]
        return tuple(
            NewQuestion(row.label.data, QuestionKind(row.kind.data), bool(row.is_required.data))
            for row in rows
            if (row.label.data or "").strip()
        )


class EditSlotForm(SlotForm):
    """A slot that is there, and what those who booked are told when it moves."""

    reason = StringField(_l("Reason of the move"), [Length(max=REASON_MAX)])


class RunSlotForm(EditSlotForm):
    """A slot that was made together with others, and which of them the change is for."""

    scope = RadioField(_l("Make this change to"), [InputRequired()], default=RunScope.THIS.value)

    def __init__(self, choices: SlotChoices, **options: Any) -> None:
        super().__init__(choices, **options)
        self.scope.choices = list(scope_words().items())


def defaults_of(kind: str, department: str) -> str:
    """Whose defaults a form is filled with, as it says in its hidden field."""
    return f"{kind} {department}"


def set_value(field: Any, value: Any) -> None:
    """Show `value` instead of what was sent."""
    field.data, field.raw_data = value, None


def _typed(field: Any) -> str:
    return str(field.raw_data[0]).strip() if field.raw_data else str(field.data or "")


def numbered_lines(text: str | None) -> list[tuple[int, list[str]]]:
    """The lines that say something, with their numbers and cells: rows are pasted from sheets as well."""
    lines = enumerate((text or "").replace("\r\n", "\n").split("\n"), start=1)
    cells = [(number, [cell for part in line.split("\t") if (cell := part.strip())]) for number, line in lines]
    return [(number, row[:CELLS]) for number, row in cells if row]


def _named(rows: Sequence[Any]) -> list[tuple[str, str]]:
    return [(row.public_id, local_name(row)) for row in rows]


def _keys(rows: Sequence[Any], chosen: Iterable[str | None]) -> tuple[int, ...]:
    """Primary keys of the rows whose public ids were chosen."""
    wanted = set(chosen)
    return tuple(row.id for row in rows if row.public_id in wanted)
