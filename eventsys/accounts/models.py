"""People, their sign-ins, one-time codes, API tokens and the counters that throttle guessing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_security.core import UserMixin
from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from eventsys.accounts.rules import EMAIL_MAX, NAME_MAX, SignInKind
from eventsys.core.db import Model
from eventsys.core.types import BigId, CreatedAt, Id, Instant, MaybeInstant, PublicId, UtcDateTime, Versioned, text_enum


class Person(Versioned, UserMixin, Model):
    """A person, known by mobile number or mail address. Flask-Security reads and writes the sign-in columns."""

    __tablename__ = "people"
    __table_args__ = (CheckConstraint("mobile IS NOT NULL OR email IS NOT NULL", name="reachable"),)

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    name: Mapped[str] = mapped_column(String(NAME_MAX))
    search_text: Mapped[str] = mapped_column(String(500), default="")
    mobile: Mapped[str | None] = mapped_column(String(20), unique=True)
    email: Mapped[str | None] = mapped_column(String(EMAIL_MAX), unique=True)  # type: ignore[assignment]
    locale: Mapped[str] = mapped_column(String(8), default="")
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[CreatedAt]
    consented_at: Mapped[MaybeInstant]
    password: Mapped[str | None] = mapped_column(String(255))
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True)
    tf_primary_method: Mapped[str | None] = mapped_column(String(64))
    tf_totp_secret: Mapped[str | None] = mapped_column(String(255))
    mf_recovery_codes: Mapped[list[Any]] = mapped_column(default=list)

    @property
    def roles(self) -> list[Any]:  # type: ignore[override]
        """None for Flask-Security: roles are memberships, decided in core/permissions.py."""
        return []

    def get_security_payload(self) -> dict[str, Any]:
        """What Flask-Security's JSON answers may say of a person."""
        return {"id": self.public_id}


class SignIn(Model):
    """A session kept on the server: ended by time, by sign-out or by whoever may revoke it."""

    __tablename__ = "sign_ins"
    __table_args__ = (Index("ix_sign_ins_person", "person_id", "revoked_at"),)

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("people.id", ondelete="CASCADE"))
    kind: Mapped[SignInKind] = mapped_column(text_enum(SignInKind, "kind"))
    created_at: Mapped[CreatedAt]
    seen_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    revoked_at: Mapped[MaybeInstant]
    client: Mapped[str] = mapped_column(String(200), default="")
    address: Mapped[str] = mapped_column(String(64), default="")

    person: Mapped[Person] = relationship()

    def is_live(self, at: datetime) -> bool:
        """Whether the session still counts at `at`."""
        return self.revoked_at is None and at < self.expires_at


class ApiToken(Model):
    """A bearer token of a person, with scopes; only its hash is stored."""

    __tablename__ = "api_tokens"

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    name: Mapped[str] = mapped_column(String(80))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("people.id", ondelete="CASCADE"), index=True)
    scopes: Mapped[list[str]]
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[MaybeInstant]
    revoked_at: Mapped[MaybeInstant]

    person: Mapped[Person] = relationship()


class OneTimeCode(Model):
    """A six-digit code sent to a mail address, good once and for ten minutes."""

    __tablename__ = "one_time_codes"

    id: Mapped[Id]
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("people.id", ondelete="CASCADE"), index=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[Instant]
    attempts: Mapped[int] = mapped_column(default=0)
    used_at: Mapped[MaybeInstant]


class Throttle(Model):
    """Failures of one kind by one account or address within a window; `key` is a hash, so no identity is kept."""

    __tablename__ = "throttles"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int] = mapped_column(BigInteger, default=0)
    window_ends_at: Mapped[datetime] = mapped_column(UtcDateTime(), index=True)
