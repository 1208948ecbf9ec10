"""The group notice (复制群通知): text to paste and a poster."""

from __future__ import annotations

from flask import Response, render_template

from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.errors import Conflict
from eventsys.core.installation import absolute_url
from eventsys.core.permissions import Permission
from eventsys.directory.queries import get_district
from eventsys.pages.views.blueprint import get_slot_for, slots_bp
from eventsys.slots.models import Slot
from eventsys.slots.notice import NoticeFacts, notice_text, poster_png
from eventsys.slots.rules import SlotFormat, SlotState
from eventsys.web.assets import asset_path
from eventsys.web.guards import current_actor, requires
from eventsys.web.locale import zone

FONT = "poster.ttf"


@slots_bp.get("/slots/<public_id>/notice")
@requires(Permission.EDIT_SLOT, Permission.SEE_DESK)
def notice(public_id: str) -> str:
    """The text in a box with a button that copies it, and the poster beside it."""
    slot = _published(public_id, current_actor())
    text = notice_text(facts_of(slot), zone(), now().astimezone(zone()).date())
    return render_template("slots/notice.html", slot=slot, text=text)


@slots_bp.get("/slots/<public_id>/poster.png")
@requires(Permission.EDIT_SLOT, Permission.SEE_DESK)
def poster(public_id: str) -> Response:
    """The poster, to be sent into a group."""
    slot = _published(public_id, current_actor())
    picture = poster_png(facts_of(slot), zone(), now().astimezone(zone()).date(), asset_path(FONT))
    answer = Response(picture, content_type="image/png")
    answer.headers["Content-Disposition"] = f'inline; filename="slot-{slot.public_id}.png"'
    return answer


def facts_of(slot: Slot) -> NoticeFacts:
    """What a notice says of the slot."""
    return NoticeFacts(
        district=get_district().name,
        department=slot.department.short_name,
        title=slot.title,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        closes_at=slot.closes_at,
        place=_place(slot),
        capacity=slot.capacity,
        party_max=slot.party_max,
        url=absolute_url(f"/slots/{slot.public_id}"),
        series=slot.edition.series.name if slot.edition else "",
        edition=slot.edition.number if slot.edition else None,
    )


def _place(slot: Slot) -> str:
    """Always Chinese, as the notice is."""
    named = f"{slot.place.name if slot.place else ''}{slot.place_text}"
    if named:
        return named
    return {SlotFormat.ONLINE: "线上", SlotFormat.VISIT: "企业现场"}.get(slot.format, "另行通知")


def _published(public_id: str, actor: Actor) -> Slot:
    slot = get_slot_for(public_id, actor, Permission.SEE_DESK)
    if slot.state is not SlotState.PUBLISHED:
        raise Conflict("slot_not_published" if slot.state is SlotState.DRAFT else "slot_called_off")
    return slot
