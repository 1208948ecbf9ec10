"""What a template keeps of a slot: everything that is no date. Pure."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import datetime, timedelta
from typing import Any

from eventsys.directory.rules import EnterpriseSize, Topic
from eventsys.slots.rules import Audience, AudienceKind, NewQuestion, NewSlot, QuestionKind, SlotFormat, WalkIns

TEMPLATES_MAX = 50  # of a department
OF_ONE_DAY = frozenset(
    {
        "department",
        "starts_at",
        "ends_at",
        "edition",
        "opens_at",
        "closes_at",
        "cancel_until",
        "names_until",
        "invited_until",
        "draw_at",
        "is_draw_weighted",
    }
)


def as_template(command: NewSlot) -> dict[str, Any]:
    """What a template keeps of the command, as JSON; organisations and places are primary keys."""
    kept = {name: value for name, value in asdict(command).items() if name not in OF_ONE_DAY}
    kept["minutes"] = (command.ends_at - command.starts_at) // timedelta(minutes=1)
    return {name: _plain(value) for name, value in kept.items()}


def from_template(kept: dict[str, Any], department: int, starts_at: datetime) -> NewSlot:
    """The command of a slot like the template at this start; what the template does not know stays the default."""
    known = {item.name for item in fields(NewSlot)} - OF_ONE_DAY
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in kept.items() if name in known
    }
    audience = values["audience"]
    values |= {
        "format": SlotFormat(values["format"]),
        "topic": Topic(values["topic"]),
        "walk_ins": WalkIns(values.get("walk_ins", WalkIns.PLACES_LEFT)),
        "questions": tuple(
            NewQuestion(item["label"], QuestionKind(item["kind"]), item["is_required"]) for item in values["questions"]
        ),
        "audience": Audience(
            AudienceKind(audience["kind"]),
            sizes=tuple(map(EnterpriseSize, audience["sizes"])),
            **{name: tuple(audience[name]) for name in ("parks", "tags", "sub_districts", "enterprises")},
        ),
    }
    return NewSlot(
        department=department, starts_at=starts_at, ends_at=starts_at + timedelta(minutes=kept["minutes"]), **values
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, str) else value
