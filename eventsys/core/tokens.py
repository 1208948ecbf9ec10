"""Secrets that travel in links and headers: made here, stored only as a hash."""

from __future__ import annotations

import base64
import hashlib
import secrets

TOKEN_BYTES = 20  # 160 random bits; FEEDS.md asks for at least 128


def new_token(prefix: str = "") -> str:
    """A fresh secret of 32 lower-case letters and digits after `prefix`."""
    return prefix + base64.b32encode(secrets.token_bytes(TOKEN_BYTES)).decode().lower()


def hash_token(token: str) -> str:
    """What is stored of a secret: SHA-256, 64 hex digits. Enough for random secrets; passwords use argon2."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
