"""Photos in the record of a visit."""

from __future__ import annotations

from sqlalchemy import func, select

from eventsys.bookings.queries import get_booking
from eventsys.checkin.models import VisitPhoto
from eventsys.checkin.queries.visits import lock_record
from eventsys.checkin.rules import PHOTOS_MAX
from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.db import db
from eventsys.core.errors import Conflict, NotFound
from eventsys.core.permissions import Permission, authorize


def add_photo(booking: str, width: int, height: int, content: bytes, *, actor: Actor) -> VisitPhoto:
    """Keep a photo (JPEG, made small before) with the record of the booking's visit. Raises NotFound before the visit
    is confirmed, Conflict `too_many_photos`."""
    found = get_booking(booking, visible_to=actor)
    authorize(actor, Permission.CHECK_IN, found.slot.scope)
    record = lock_record(found.id)
    if record is None:
        raise NotFound()
    count = db.session.scalar(select(func.count(VisitPhoto.id)).where(VisitPhoto.record_id == record.id)) or 0
    if count >= PHOTOS_MAX:
        raise Conflict("too_many_photos", limit=PHOTOS_MAX)
    photo = VisitPhoto(record_id=record.id, width=width, height=height, content=content, created_by=actor.name[:60])
    db.session.add(photo)
    db.session.flush()
    audit.record(actor, "visit.photo_added", "booking", booking, after={"photo": photo.public_id})
    return photo


def remove_photo(booking: str, photo: str, *, actor: Actor) -> None:
    """Remove a photo of the booking's visit; one that is gone already is fine."""
    found = get_booking(booking, visible_to=actor)
    authorize(actor, Permission.CHECK_IN, found.slot.scope)
    record = lock_record(found.id)
    if record is None:
        raise NotFound()
    query = select(VisitPhoto).where(VisitPhoto.public_id == photo, VisitPhoto.record_id == record.id)
    row = db.session.scalars(query).one_or_none()
    if row is not None:
        db.session.delete(row)
        audit.record(actor, "visit.photo_removed", "booking", booking, before={"photo": photo})
