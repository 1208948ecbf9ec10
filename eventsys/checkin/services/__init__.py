"""The verbs at the door: check in, take an admission back, make and revoke gates, release places."""

from eventsys.checkin.rules import CheckIn, Direction
from eventsys.checkin.services.after import check_rating_time, confirm_attendance, rate, thank
from eventsys.checkin.services.annulling import annul
from eventsys.checkin.services.answers import Answer
from eventsys.checkin.services.devices import offer_pairing, pair_device, revoke_device
from eventsys.checkin.services.gates import GATE_SLOTS_MAX, create_gate, revoke_gate
from eventsys.checkin.services.joining import join_online
from eventsys.checkin.services.no_shows import record_missing
from eventsys.checkin.services.photos import add_photo, remove_photo
from eventsys.checkin.services.releasing import release_at, release_places
from eventsys.checkin.services.scanning import check_in
from eventsys.checkin.services.searching import search_attendees
from eventsys.checkin.services.signing_in import last_sign_in, sign_in
from eventsys.checkin.services.venue import check_in_yourself, set_venue
from eventsys.checkin.services.visits import (
    confirm_by_code,
    confirm_by_link,
    confirm_visit,
    leave_by_code,
    leave_visit,
    write_record,
)
from eventsys.checkin.services.walking_in import (
    takes_walk_ins,
    walk_in_slots,
    walk_in_with_steward,
    walk_in_yourself,
)

__all__ = [
    "GATE_SLOTS_MAX",
    "Answer",
    "CheckIn",
    "Direction",
    "add_photo",
    "annul",
    "check_in",
    "check_in_yourself",
    "check_rating_time",
    "confirm_attendance",
    "confirm_by_code",
    "confirm_by_link",
    "confirm_visit",
    "create_gate",
    "join_online",
    "last_sign_in",
    "leave_by_code",
    "leave_visit",
    "offer_pairing",
    "pair_device",
    "rate",
    "record_missing",
    "release_at",
    "release_places",
    "remove_photo",
    "revoke_device",
    "revoke_gate",
    "search_attendees",
    "set_venue",
    "sign_in",
    "takes_walk_ins",
    "thank",
    "walk_in_slots",
    "walk_in_with_steward",
    "walk_in_yourself",
    "write_record",
]
