"""The text of a feed as it goes out: the same octets each time, any size, closed when nobody reads it."""

import gzip
import os

import pytest

from eventsys.calendars.bodies import PIECE, SPOOLED, compress, find_body, keep_body

pytestmark = pytest.mark.sqlite_only

TEXTS = {
    "empty": [],
    "small": [b"BEGIN:VCALENDAR\r\n", "税务局\r\n".encode()],
    "one letter": [b"x" * (40 * PIECE)],
    "random": [os.urandom(1000) for _ in range(300)],
}


@pytest.mark.parametrize("pieces", TEXTS.values(), ids=TEXTS.keys())
def test_both_representations_are_the_text_and_their_length_is_known(pieces):
    whole = b"".join(pieces)
    packed = b"".join(compress(pieces).gzip())
    body = compress(pieces)
    assert (body.size, body.length) == (len(packed), len(whole))
    parts = list(body.text())
    assert b"".join(parts) == gzip.decompress(packed) == whole
    assert max(map(len, parts), default=0) <= PIECE
    assert body.file.closed


def test_the_same_text_gives_the_same_octets_however_it_was_cut():
    text = os.urandom(5_000).hex().encode()
    cut = [text[n : n + 700] for n in range(0, len(text), 700)]
    assert b"".join(compress([text]).gzip()) == b"".join(compress(cut).gzip())


def test_a_body_is_found_in_its_own_state_alone_and_one_too_large_not_at_all():
    keep_body("feed", "1", compress([b"one"]))
    assert b"".join(find_body("feed", "1").text()) == b"one"
    assert b"".join(find_body("feed", "1").text()) == b"one"  # each reader has its own
    assert find_body("feed", "2") is None
    keep_body("feed", "2", compress([b"two"]))
    assert find_body("feed", "1") is None
    large = compress([os.urandom(SPOOLED + PIECE)])
    keep_body("large", "1", large)
    assert find_body("large", "1") is None
    assert len(b"".join(large.gzip())) == large.size > SPOOLED
