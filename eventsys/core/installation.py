"""The configuration of the installation that runs, for services that build links or local times."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet
from flask import current_app  # the application context, which the session needs as well; no request

if TYPE_CHECKING:
    from eventsys.config import Config

_MAC_LENGTH = 26  # base32 characters: 130 bits


def installation() -> Config:
    """The running installation's configuration."""
    config: Config = current_app.config["EVENTSYS"]
    return config


def absolute_url(path: str) -> str:
    """The address of `path` (from "/") as people reach it."""
    return installation().base_url + path


def secret_box(purpose: str) -> Fernet:
    """Authenticated encryption under the secret key, one a purpose (Fernet: AES-128-CBC and HMAC-SHA256)."""
    digest = hashlib.sha256(f"eventsys-{purpose}:{installation().secret_key}".encode()).digest()
    return Fernet(base64.urlsafe_b64encode(digest))


def derived_token(purpose: str, public_id: str, version: int) -> str:
    """A link's secret that need not be stored: public id and a MAC of it. Raising `version` revokes it."""
    message = f"{purpose}:{public_id}:{version}".encode()
    mac = hmac.new(installation().secret_key.encode(), message, hashlib.sha256).digest()
    return public_id + base64.b32encode(mac).decode().lower()[:_MAC_LENGTH]


def derived_token_matches(token: str, purpose: str, public_id: str, version: int) -> bool:
    """Whether `token` is the present one, compared in constant time."""
    return hmac.compare_digest(token.encode("utf-8", "replace"), derived_token(purpose, public_id, version).encode())
