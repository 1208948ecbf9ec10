"""A slot as the command that would make it: what a change of some of it starts from."""

from __future__ import annotations

from eventsys.slots.models import Slot
from eventsys.slots.queries import audience_of
from eventsys.slots.rules import NewQuestion, NewSlot, QuestionKind

PLAIN = (
    "title", "title_en", "description", "topic", "format", "place_text", "online_url", "starts_at", "ends_at",
    "opens_at", "closes_at", "cancel_until", "names_until", "capacity", "attendee_capacity", "party_max",
    "needs_approval", "invited_until", "draw_at",
)  # fmt: skip


def command_of(slot: Slot) -> NewSlot:
    """The command that leaves the slot as it is."""
    return NewSlot(
        department=slot.department_id,
        **{name: getattr(slot, name) for name in PLAIN},
        supporting=tuple(department.id for department in slot.supporting),
        services=tuple(service.id for service in slot.services),
        place=slot.place_id,
        audience=audience_of(slot, with_invited=True),
        questions=tuple(
            NewQuestion(item["label"], QuestionKind(item["kind"]), item["required"]) for item in slot.questions
        ),
        edition=slot.edition_id,
        quota_month=slot.quota_month,
        quota_edition=slot.quota_edition,
        quota_open=slot.quota_open,
        is_draw_weighted=slot.is_draw_weighted,
    )
