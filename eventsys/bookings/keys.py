"""The keys that sign tickets: kept in the database, the private half encrypted under the installation's secret."""

from __future__ import annotations

import time
from weakref import WeakKeyDictionary

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import Engine, Select, select

from eventsys.bookings import tickets
from eventsys.bookings.models import Attendee, SigningKey
from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Conflict
from eventsys.core.installation import absolute_url, secret_box

KEPT_SECONDS = 60  # how long a process trusts its copy: all sign with a new key within a minute
LOOKED_FOR_SECONDS = 1  # a key that is not in it may be another process's new one: looked for this often at most

_kept: WeakKeyDictionary[Engine, tuple[float, int, dict[int, Ed25519PrivateKey]]] = WeakKeyDictionary()


def ensure_signing_key(*, actor: Actor) -> int:
    """The id of the key that signs now; makes the first one when there is none."""
    newest = db.session.scalar(_newest())
    return newest.key_id if newest else _add_key(1, actor)


def rotate_signing_key(*, actor: Actor) -> int:
    """Sign with a fresh key from now on and answer its id; tickets of the older ones stay good."""
    newest = db.session.scalar(_newest())
    if newest is None:
        return _add_key(1, actor)
    if newest.key_id == 255:
        raise Conflict("signing_keys_used_up")
    newest.retired_at = now()
    return _add_key(newest.key_id + 1, actor)


def current_key_id() -> int:
    """The id of the key that signs new tickets."""
    return _keys()[0]


def code_of(attendee: Attendee, slot_public_id: str) -> str:
    """The signed code of an attendee's ticket."""
    private = _find(attendee.key_id)
    assert private is not None, f"the tickets of key {attendee.key_id} have no key"
    return tickets.sign(attendee.public_id, slot_public_id, attendee.key_id, private)


def ticket_url(code: str) -> str:
    """What the QR holds: the address of the ticket's page."""
    return absolute_url(f"/t/{code}")


def public_key(key_id: int) -> Ed25519PublicKey | None:
    """The public key of `key_id`, None when we never had it."""
    private = _find(key_id)
    return private.public_key() if private else None


def public_keys() -> dict[int, bytes]:
    """Every public key by its id, as 32 raw bytes: what a gate needs to judge codes without a network."""
    return {key_id: key.public_key().public_bytes_raw() for key_id, key in _keys()[1].items()}


def _find(key_id: int) -> Ed25519PrivateKey | None:
    """The key, None when there is none: one that another process made a moment ago is read."""
    found = _keys()[1].get(key_id)
    read_at = _kept.get(db.engine, (0.0,))[0]
    if found is None and time.monotonic() - read_at > LOOKED_FOR_SECONDS:
        forget_keys()
        found = _keys()[1].get(key_id)
    return found


def _newest() -> Select[SigningKey]:
    return select(SigningKey).order_by(SigningKey.key_id.desc()).limit(1)


def _keys() -> tuple[int, dict[int, Ed25519PrivateKey]]:
    """(id of the newest key, every key); read at most once a minute and process."""
    kept = _kept.get(db.engine)
    if kept and time.monotonic() - kept[0] < KEPT_SECONDS:
        return kept[1], kept[2]
    box = secret_box("signing-keys")
    rows = db.session.scalars(select(SigningKey)).all()
    if not rows:
        raise LookupError("no ticket key yet: run `eventsys setup`")
    keys = {row.key_id: Ed25519PrivateKey.from_private_bytes(box.decrypt(row.private_key)) for row in rows}
    _kept[db.engine] = (time.monotonic(), max(keys), keys)
    return max(keys), keys


def forget_keys() -> None:
    """Read the keys anew at their next use."""
    _kept.clear()


def _add_key(key_id: int, actor: Actor) -> int:
    key = Ed25519PrivateKey.generate()
    row = SigningKey(
        key_id=key_id,
        public_key=key.public_key().public_bytes_raw(),
        private_key=secret_box("signing-keys").encrypt(key.private_bytes_raw()),
    )
    db.session.add(row)
    audit.record(actor, "signing_key.created", "signing_key", str(key_id))
    db.session.flush()
    forget_keys()
    return key_id
