"""The ticket's code: sign and verify (pure). The layout is the ticket contract, version 1.

BASE32 without padding of: version (1 byte) | key id (1) | ticket id (8) | slot id (8) | signature (64), which is
Ed25519 (RFC 8032) over b"eventsys-ticket" + the 18 bytes before. It holds no time and no person.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from eventsys.core.ids import id_from_bytes, id_to_bytes

VERSION = 1
CONTEXT = b"eventsys-ticket"
HEADER_BYTES, SIGNATURE_BYTES = 18, 64
CODE_LENGTH = 132  # of 82 bytes in base32
TYPED_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # without 0 O 1 I L U: read aloud, typed with gloves
TYPED_LENGTH = 6

_CODE = re.compile(r"[A-Z2-7]{132}", re.ASCII)
_TYPED = re.compile(rf"[{TYPED_ALPHABET}]{{{TYPED_LENGTH}}}", re.ASCII)


class CodeFault(StrEnum):
    """Why a code is none of ours."""

    MALFORMED = "malformed"
    FORGED = "forged"


@dataclass(frozen=True, slots=True)
class TicketCode:
    """What a genuine code names: public ids of ticket and slot, and the key that signed it."""

    ticket: str
    slot: str
    key_id: int


@lru_cache(maxsize=64)  # a new ticket's code is asked for twice: for the mail and for the answer
def sign(ticket: str, slot: str, key_id: int, key: Ed25519PrivateKey) -> str:
    """The code of a ticket: 132 upper-case base32 characters. Deterministic (RFC 8032)."""
    header = bytes((VERSION, key_id)) + id_to_bytes(ticket) + id_to_bytes(slot)
    return base64.b32encode(header + key.sign(CONTEXT + header)).decode().rstrip("=")


def bare_code(text: str) -> str:
    """The code inside what a scanner read: of a ticket's URL the last part, blanks removed, upper case."""
    text = "".join(text.split())
    if "/t/" in text.lower():
        text = text[text.lower().rindex("/t/") + 3 :]
    return re.split(r"[?#/]", text)[0].upper()


def verify(text: str, keys: Callable[[int], Ed25519PublicKey | None]) -> TicketCode | CodeFault:
    """What the code in `text` (URL or bare) names, or why it is none of ours; `keys` finds a public key by id."""
    code = bare_code(text)
    if not _CODE.fullmatch(code):
        return CodeFault.MALFORMED
    try:
        raw = base64.b32decode(code + "=" * (-len(code) % 8))
    except binascii.Error:
        return CodeFault.MALFORMED
    if base64.b32encode(raw).decode().rstrip("=") != code:
        return CodeFault.FORGED  # the unused bits of the last character were altered
    header, signature = raw[:HEADER_BYTES], raw[HEADER_BYTES:]
    key = keys(header[1]) if header[0] == VERSION else None
    if key is None:
        return CodeFault.FORGED
    try:
        key.verify(signature, CONTEXT + header)
    except InvalidSignature:
        return CodeFault.FORGED
    return TicketCode(id_from_bytes(header[2:10]), id_from_bytes(header[10:18]), header[1])


def typed_code(text: str) -> str | None:
    """The six characters someone typed, in our spelling; None when it is no typed code."""
    text = "".join(text.split()).replace("-", "").upper()
    return text if _TYPED.fullmatch(text) else None


def has_check_character(code: str) -> bool:
    """Whether the last of a typed code's characters fits those before (ISO/IEC 7064, the hybrid system of our thirty):
    a gate without a network tells a slip of the finger by that. Codes made before they had one need not fit."""
    from stdnum.iso7064 import mod_37_36  # here: a worker that only shows pages never needs it

    return mod_37_36.checksum(code, TYPED_ALPHABET) == 1


def new_typed_code(taken: Mapping[str, object] | set[str] | frozenset[str] = frozenset()) -> str:
    """A fresh typed code that is not among `taken`; the last character checks the others."""
    from stdnum.iso7064 import mod_37_36

    while True:
        code = "".join(secrets.choice(TYPED_ALPHABET) for _ in range(TYPED_LENGTH - 1))
        code += mod_37_36.calc_check_digit(code, TYPED_ALPHABET)
        if code not in taken:
            return code
