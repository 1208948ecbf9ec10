"""Reads of contacts: an enterprise's people and devices, its link, applications."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload

from eventsys.accounts.models import Person, SignIn
from eventsys.core.actor import Actor, Role
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import NotFound
from eventsys.core.permissions import Permission, is_allowed
from eventsys.core.tokens import hash_token
from eventsys.directory.models import Application, Device, Enterprise, Membership
from eventsys.directory.rules import MembershipState


def find_enterprise_by_link(token: str, *, lock: bool = False) -> Enterprise | None:
    """The enterprise whose link this is, unless revoked or disabled."""
    query = select(Enterprise).where(Enterprise.link_hash == hash_token(token), Enterprise.active)
    return db.session.scalar(query.with_for_update() if lock else query)


def get_inviting_enterprise(public_id: str, *, actor: Actor) -> Enterprise:
    """An enterprise whose contacts the actor looks after; NotFound for anybody else's."""
    enterprise = db.session.scalar(select(Enterprise).where(Enterprise.public_id == public_id))
    if enterprise is None or not is_allowed(actor, Permission.INVITE_CONTACTS, enterprise.scope):
        raise NotFound()
    return enterprise


def list_own_enterprises(actor: Actor) -> Sequence[Enterprise]:
    """The enterprises the actor is a contact of."""
    own = select(Enterprise).where(Enterprise.id.in_(actor.enterprises())).order_by(Enterprise.name)
    return db.session.scalars(own).all()


def list_contacts(enterprise_id: int) -> Sequence[Membership]:
    """Who speaks for an enterprise, or waits to: memberships that have not ended."""
    return db.session.scalars(
        select(Membership)
        .where(Membership.enterprise_id == enterprise_id, Membership.state != MembershipState.ENDED)
        .options(joinedload(Membership.person))
        .order_by(Membership.id)
    ).all()


def find_contact(enterprise_id: int, person: str) -> Person | None:
    """The person (public id) when they are an active contact of the enterprise."""
    query = select(Person).join(Membership, Membership.person_id == Person.id)
    return db.session.scalars(
        query.where(
            Person.public_id == person,
            Person.active,
            Membership.enterprise_id == enterprise_id,
            Membership.role == Role.CONTACT,
            Membership.state == MembershipState.ACTIVE,
        )
    ).one_or_none()


def list_devices(enterprise_id: int) -> Sequence[Device]:
    """Devices bound to an enterprise whose sessions live, waiting ones first."""
    return db.session.scalars(
        select(Device)
        .join(Device.membership)
        .join(Device.sign_in)
        .where(Membership.enterprise_id == enterprise_id, *_live())
        .options(joinedload(Device.membership).joinedload(Membership.person), joinedload(Device.sign_in))
        .order_by(Device.approved_at.is_not(None), Device.id.desc())
    ).all()


def list_waiting_devices(*, limit: int = 200) -> Sequence[Device]:
    """Devices of all enterprises that wait for approval, the oldest first."""
    return db.session.scalars(
        select(Device)
        .join(Device.sign_in)
        .where(Device.approved_at.is_(None), *_live())
        .options(
            joinedload(Device.membership).joinedload(Membership.person),
            joinedload(Device.membership).joinedload(Membership.enterprise),
            joinedload(Device.sign_in),
        )
        .order_by(Device.id)
        .limit(limit)
    ).all()


def has_ever_had_device(enterprise_id: int) -> bool:
    """Whether any device was ever bound to the enterprise."""
    query = select(Device.id).join(Device.membership).where(Membership.enterprise_id == enterprise_id).limit(1)
    return db.session.scalar(query) is not None


def get_device(public_id: str, *, actor: Actor) -> Device:
    """A device of an enterprise whose contacts the actor looks after; NotFound for anybody else's."""
    device = db.session.scalar(
        select(Device)
        .where(Device.public_id == public_id)
        .options(joinedload(Device.membership).joinedload(Membership.enterprise), joinedload(Device.sign_in))
    )
    if device is None or not _may_look_after(actor, device.membership):
        raise NotFound()
    return device


def get_contact(public_id: str, *, actor: Actor) -> Membership:
    """A contact's membership, under the same rule."""
    membership = db.session.scalar(
        select(Membership)
        .where(Membership.public_id == public_id, Membership.role == Role.CONTACT)
        .options(joinedload(Membership.enterprise), joinedload(Membership.person))
    )
    if membership is None or not _may_look_after(actor, membership):
        raise NotFound()
    return membership


def find_membership(person_id: int, enterprise_id: int) -> Membership | None:
    """A person's membership as a contact of an enterprise, an ended one too."""
    return db.session.scalar(
        select(Membership).where(
            Membership.person_id == person_id,
            Membership.enterprise_id == enterprise_id,
            Membership.role == Role.CONTACT,
        )
    )


def find_own_device(actor: Actor) -> Device | None:
    """The device this session is, when it came by an enterprise's link."""
    return db.session.scalar(
        select(Device)
        .join(Device.sign_in)
        .where(SignIn.public_id == actor.session)
        .options(joinedload(Device.membership).joinedload(Membership.enterprise))
    )


def list_applications(*, limit: int = 200) -> Sequence[Application]:
    """Applications that wait, the oldest first."""
    return db.session.scalars(
        select(Application).where(Application.decided_at.is_(None)).order_by(Application.id).limit(limit)
    ).all()


def get_application(public_id: str) -> Application:
    """An application, locked for a decision; NotFound."""
    application = db.session.scalar(select(Application).where(Application.public_id == public_id).with_for_update())
    if application is None:
        raise NotFound()
    return application


def find_waiting_application(credit_code: str, mobile: str) -> Application | None:
    """The same application, sent before and not decided."""
    return db.session.scalar(
        select(Application).where(
            Application.credit_code == credit_code, Application.mobile == mobile, Application.decided_at.is_(None)
        )
    )


def map_enterprises_by_code(codes: Sequence[str]) -> dict[str, Enterprise]:
    """Enterprises by credit code."""
    rows = db.session.scalars(select(Enterprise).where(Enterprise.credit_code.in_(codes)))
    return {row.credit_code: row for row in rows}


def _live() -> tuple[ColumnElement[bool], ...]:
    return SignIn.revoked_at.is_(None), SignIn.expires_at > now()


def _may_look_after(actor: Actor, membership: Membership) -> bool:
    enterprise = membership.enterprise
    return enterprise is not None and is_allowed(actor, Permission.INVITE_CONTACTS, enterprise.scope)
