"""A slot's page: who comes, what for, where, until when; and the one thing to do next."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from flask import render_template
from markupsafe import Markup

from eventsys.bookings.queries import correct_counts, find_active_booking
from eventsys.bookings.rules import BookingState
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.installation import absolute_url
from eventsys.core.permissions import Permission, is_allowed
from eventsys.directory.models import Department
from eventsys.directory.queries import all_parks, all_tags
from eventsys.pages.clashes import clashes_stored
from eventsys.pages.forms.words import format_words, size_words, topic_words
from eventsys.pages.queries import list_invited
from eventsys.pages.rules import Standing
from eventsys.pages.views.blueprint import slots_bp, standing_of
from eventsys.pages.views.workdays import workday_note
from eventsys.slots.models import Slot
from eventsys.slots.queries import EVERYTHING, STAFF, audience_of, get_visible_slot, is_slot_for, nearest_slots
from eventsys.slots.queries.documents import list_documents
from eventsys.slots.queries.support import confirmed_support
from eventsys.slots.rules import AudienceKind
from eventsys.slots.services import may_answer_offer
from eventsys.web.guards import current_actor, public
from eventsys.web.locale import local_name
from eventsys.web.qr import qr_svg

NOT_BOOKABLE = (Standing.FULL, Standing.QUEUED, Standing.CLOSED, Standing.CALLED_OFF)


@slots_bp.get("/slots/<public_id>")
@public
def detail(public_id: str) -> str:
    """Everything of the slot that `actor` may know; decides before any form whether it can be booked."""
    actor, slot = current_actor(), get_visible_slot(public_id, current_actor())
    correct_counts(slot)
    stand = standing_of(slot, is_invited=_comes_first(slot, actor))
    may_edit = is_allowed(actor, Permission.EDIT_SLOT, slot.scope)
    url = absolute_url(f"/slots/{slot.public_id}")
    answers = confirmed_support(slot) if slot.supporting and actor.has(*STAFF, *EVERYTHING) else {}
    booking = find_active_booking(slot.id, actor.enterprises()) if actor.enterprises() else None
    is_coming = booking is not None and booking.state is BookingState.CONFIRMED
    may_know_staff = is_coming or is_allowed(actor, Permission.SEE_HIDDEN_SLOT, slot.scope)
    return render_template(
        "slots/detail.html",
        slot=slot,
        stand=stand,
        booking=booking,
        is_invited=_is_invited(slot, actor),
        is_contact=bool(actor.enterprises()),
        may_wait=now() < slot.queue_until,
        nearest=nearest_slots(slot, 1) if stand in NOT_BOOKABLE else [],
        may_edit=may_edit,
        may_take=may_answer_offer(slot, actor),
        told=clashes_stored([slot.id], actor) if may_edit and slot.ends_at > now() else [],
        documents=list_documents(slot),
        staff=slot.staff if may_know_staff else [],
        may_book_on_behalf=is_allowed(actor, Permission.BOOK_ON_BEHALF, slot.scope),
        may_share=is_allowed(actor, Permission.SEE_DESK, slot.scope),
        workday_note=workday_note(slot.starts_at, slot.ends_at) if may_edit and stand is Standing.DRAFT else None,
        answers=answers,
        asked=[item for item in slot.supporting if _is_asked(actor, item, answers)],
        audience=_audience_words(slot, is_staff=is_allowed(actor, Permission.SEE_HIDDEN_SLOT, slot.scope)),
        paragraphs=slot.description.split("\n\n") if slot.description else [],
        topic=topic_words()[slot.topic.value],
        format=format_words()[slot.format.value],
        url=url,
        code=_code(url, slot),
    )


def _is_asked(actor: Actor, department: Department, answers: Mapping[int, datetime | None]) -> bool:
    """Whether the actor is to answer for a department that has not said yet whether it supports the slot."""
    return answers.get(department.id, now()) is None and is_allowed(actor, Permission.EDIT_SLOT, department.scope)


def _is_invited(slot: Slot, actor: Actor) -> bool:
    """Whether one of the actor's enterprises may book; somebody without any is told when signing in."""
    own = actor.enterprises()
    if not own or slot.audience_kind is AudienceKind.PUBLIC:
        return True
    return any(is_slot_for(slot, enterprise) for enterprise in own)


def _comes_first(slot: Slot, actor: Actor) -> bool:
    """Whether one of the actor's enterprises is among the invited, who may book before everybody else."""
    if slot.invited_until is None or slot.invited_until <= now():
        return False
    return not actor.enterprises().isdisjoint(audience_of(slot, with_invited=True).enterprises)


def _audience_words(slot: Slot, *, is_staff: bool) -> list[str]:
    """Whom a slot is for that is not for everybody; the names of those invited are for the staff only."""
    if slot.audience_kind is AudienceKind.NAMED:
        return [enterprise.name for enterprise in list_invited(slot)] if is_staff else []
    if slot.audience_kind is AudienceKind.PUBLIC:
        return []
    kept = slot.audience
    words = [local_name(park) for park in (all_parks() if kept.get("parks") else ()) if park.id in kept["parks"]]
    words += kept.get("sub_districts", [])
    words += [tag.name for tag in (all_tags() if kept.get("tags") else ()) if tag.id in kept["tags"]]
    return words + [size_words()[size] for size in kept.get("sizes", [])]


def _code(url: str, slot: Slot) -> Markup:
    return qr_svg(url, local_name(slot))
