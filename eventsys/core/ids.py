"""Public ids: 64 random bits as 13 lower-case base32 characters, in every URL instead of the primary key."""

from __future__ import annotations

import base64
import re
import secrets

PUBLIC_ID_LENGTH = 13
PUBLIC_ID = re.compile(r"[a-z2-7]{12}[acegikmoqsuwy246]", re.ASCII)  # 64 bits: the last character carries four


def new_public_id() -> str:
    """A fresh public id."""
    return id_from_bytes(secrets.token_bytes(8))


def id_from_bytes(raw: bytes) -> str:
    """The public id of eight bytes, as a ticket carries them."""
    return base64.b32encode(raw).decode().rstrip("=").lower()


def id_to_bytes(public_id: str) -> bytes:
    """The eight bytes of a public id; ValueError when it is none."""
    if not is_public_id(public_id):
        raise ValueError("not a public id")
    return base64.b32decode(public_id.upper() + "===")


def is_public_id(text: str) -> bool:
    """Whether `text` has the shape of a public id."""
    return PUBLIC_ID.fullmatch(text) is not None
