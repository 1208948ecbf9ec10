"""The link by which somebody who came says what they think; the ticket shows it too."""

from __future__ import annotations

from eventsys.core.ids import PUBLIC_ID_LENGTH
from eventsys.core.installation import derived_token, derived_token_matches

RATING = "rating"


def rating_token(public_id: str) -> str:
    """The secret of the link of an attendee, or of the contact of a booking (public id)."""
    return derived_token(RATING, public_id, 1)


def read_rating_token(token: str) -> str | None:
    """Whose link it is (public id), unless it is none of ours."""
    key = token[:PUBLIC_ID_LENGTH]
    return key if derived_token_matches(token, RATING, key, 1) else None
