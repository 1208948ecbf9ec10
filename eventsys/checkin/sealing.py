"""Names that only a ticket's own code opens (pure), for the roster that a gate keeps without a network.

A row is AES-256-GCM under a key derived (HKDF-SHA256, RFC 5869) from the 64 bytes of the ticket's signature, which no
roster holds: whoever finds the phone reads no name without holding the ticket's code too. The nonce follows from the
text, so that the same state gives the same bytes and no nonce is used for two texts.
"""

from __future__ import annotations

import base64
import hashlib

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from eventsys.bookings.tickets import SIGNATURE_BYTES

INFO = b"eventsys-roster"
NONCE_BYTES, KEY_BYTES = 12, 32


def seal(text: str, code: str, ticket: bytes) -> str:
    """`text` as base64 of nonce and sealed bytes, for the ticket (8 bytes) whose signed code is `code`."""
    nonce = hashlib.sha256(INFO + ticket + text.encode()).digest()[:NONCE_BYTES]
    return base64.b64encode(nonce + AESGCM(_key(code, ticket)).encrypt(nonce, text.encode(), ticket)).decode()


def unseal(sealed: str, code: str, ticket: bytes) -> str:
    """The text; cryptography's InvalidTag with another code than the ticket's."""
    raw = base64.b64decode(sealed)
    return AESGCM(_key(code, ticket)).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], ticket).decode()


def _key(code: str, ticket: bytes) -> bytes:
    raw = base64.b32decode(code + "=" * (-len(code) % 8))
    return HKDF(SHA256(), KEY_BYTES, salt=ticket, info=INFO).derive(raw[-SIGNATURE_BYTES:])
