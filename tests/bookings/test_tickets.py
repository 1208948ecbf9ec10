"""The ticket's code: layout, signature, and that nothing altered passes."""

import base64
from itertools import product

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from eventsys.bookings.tickets import (
    CODE_LENGTH,
    CONTEXT,
    TYPED_ALPHABET,
    CodeFault,
    TicketCode,
    has_check_character,
    new_typed_code,
    sign,
    typed_code,
    verify,
)
from eventsys.core.ids import id_to_bytes, new_public_id

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEYS = {1: KEY.public_key()}
TICKET, SLOT = "aaaaaaaaaaaaa", "zzzzzzzzzzzzy"
CODE = sign(TICKET, SLOT, 1, KEY)


def test_layout_is_the_contract():
    raw = base64.b32decode(CODE + "====")
    assert len(CODE) == CODE_LENGTH
    assert raw[:2] == b"\x01\x01"
    assert raw[2:10] == id_to_bytes(TICKET)
    assert raw[10:18] == id_to_bytes(SLOT)
    KEY.public_key().verify(raw[18:], CONTEXT + raw[:18])


def test_is_read_from_url_or_bare_in_any_case():
    for text in (CODE, CODE.lower(), f"https://example.com/t/{CODE}", f"HTTP://X/T/{CODE.lower()}?a=b#c", f" {CODE}\n"):
        assert verify(text, KEYS.get) == TicketCode(TICKET, SLOT, 1)


@given(st.integers(0, 82 * 8 - 1))
def test_no_flipped_bit_passes(bit):
    raw = bytearray(base64.b32decode(CODE + "===="))
    raw[bit // 8] ^= 1 << bit % 8
    assert verify(base64.b32encode(raw).decode().rstrip("="), KEYS.get) is CodeFault.FORGED


@given(st.integers(0, CODE_LENGTH - 1), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
def test_no_exchanged_character_passes(position, character):
    altered = CODE[:position] + character + CODE[position + 1 :]
    assert altered == CODE or verify(altered, KEYS.get) is CodeFault.FORGED


@given(st.text())
def test_anything_else_is_malformed(text):
    assert verify(text, KEYS.get) is CodeFault.MALFORMED


def test_another_key_slot_or_version_is_forged():
    stranger = Ed25519PrivateKey.generate()
    assert verify(sign(TICKET, SLOT, 1, stranger), KEYS.get) is CodeFault.FORGED
    assert verify(sign(TICKET, SLOT, 9, KEY), KEYS.get) is CodeFault.FORGED
    raw = bytearray(base64.b32decode(CODE + "===="))
    raw[0] = 2
    assert verify(base64.b32encode(raw).decode().rstrip("="), KEYS.get) is CodeFault.FORGED


def test_typed_codes_are_unambiguous_and_forgiving():
    code = new_typed_code()
    assert set(code) <= set(TYPED_ALPHABET)
    assert not set(TYPED_ALPHABET) & set("01OILU")
    assert typed_code(f" {code[:3].lower()}-{code[3:]} ") == code
    assert typed_code("ABC12") is None
    assert typed_code(CODE) is None


def test_public_ids_go_there_and_back():
    from eventsys.core.ids import id_from_bytes

    for _ in range(100):
        public_id = new_public_id()
        assert id_from_bytes(id_to_bytes(public_id)) == public_id


def test_a_typed_codes_last_character_tells_every_slip_of_one_finger():
    for _ in range(200):
        code = new_typed_code()
        assert has_check_character(code)
        for place, other in product(range(6), TYPED_ALPHABET):
            if other != code[place]:
                assert not has_check_character(code[:place] + other + code[place + 1 :])
