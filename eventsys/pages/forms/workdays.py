"""Change days of the working calendar, import a notice, choose the slots to move."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import DateField, HiddenField, RadioField, StringField
from wtforms.validators import InputRequired, Length, Optional

from eventsys.core.errors import Invalid
from eventsys.web.forms import YEARS as TYPED_YEARS
from eventsys.web.forms import Form
from eventsys.web.locale import zone
from eventsys.workdays.rules import NAME_MAX, NOTICE_BYTES_MAX, DayChange, DayKind

BACK = "official"
KINDS: dict[str, Any] = {
    DayKind.CLOSED.value: _l("No working day"),
    DayKind.OPEN.value: _l("Working day"),
    DayKind.MORNING.value: _l("Morning only"),
    DayKind.AFTERNOON.value: _l("Afternoon only"),
    BACK: _l("As in the official calendar"),
}


class DaysForm(Form):
    """Which days become what, and why. `seen` is the fingerprint of the days in the preview that is confirmed."""

    first = DateField(_l("First day"), [InputRequired()])
    last = DateField(_l("Last day"), [Optional()], description=_l("Leave it empty for one day."))
    kind = RadioField(_l("These days are"), [InputRequired()])
    name = StringField(_l("Reason"), [Length(max=NAME_MAX)], description=_l("Shown to the departments, e.g. 台风停工."))
    seen = HiddenField()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.kind.choices = list(KINDS.items())
        self.name.flags.empty_is_default = True  # it may be empty for the official calendar only

    def to_command(self) -> DayChange:
        """The command of a form that validated."""
        assert self.first.data is not None
        kind = None if self.kind.data == BACK else DayKind(self.kind.data)
        return DayChange(self.first.data, self.last.data or self.first.data, kind, self.name.data or "")


class NoticeForm(Form):
    """A holiday-cn file."""

    file = FileField(
        _l("JSON file"),
        [FileRequired()],
        description=_l("In the form of holiday-cn, one year, at most %(size)s KB.", size=NOTICE_BYTES_MAX // 1024),
        render_kw={"accept": ".json,application/json"},
    )


class ConfirmNoticeForm(Form):
    """The notice that was previewed, and the fingerprint of the days it was compared with."""

    notice = HiddenField(validators=[InputRequired(), Length(max=NOTICE_BYTES_MAX)])
    seen = HiddenField()


class MoveForm(Form):
    """The slots chosen to be moved; which, and to when, is read by `chosen_moves`."""


def chosen_moves(typed: Any, limit: int) -> list[tuple[str, str, int]]:
    """(public id, start as typed, version seen) of each slot chosen, a limited number of them."""
    chosen = list(dict.fromkeys(typed.getlist("slot")))[:limit]
    return [(key, typed.get(f"to-{key}", ""), _version(typed.get(f"version-{key}", ""))) for key in chosen]


def _version(text: str) -> int:
    """The version typed; 0, which no slot has, when it is no number."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def local_instant(text: str) -> datetime:
    """The instant of a local time such as 2026-12-07T14:00:00; Invalid `bad_time`."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid("bad_time", field="to") from None
    if "T" not in text or at.tzinfo is not None or at.year not in TYPED_YEARS:
        raise Invalid("bad_time", field="to")
    return at.replace(tzinfo=zone())
