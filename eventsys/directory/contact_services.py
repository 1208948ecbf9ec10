"""How contacts come in and leave: the enterprise's link, the devices bound by it, applications without a link."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select, update

from eventsys.accounts.models import Person, SignIn
from eventsys.accounts.queries import find_person_by_mobile
from eventsys.accounts.rules import NAME_MAX as PERSON_NAME_MAX
from eventsys.accounts.rules import Attempt, SignInKind, parse_mobile
from eventsys.accounts.services import NewPerson, begin_sign_in, count_attempt, register_person, require_patience
from eventsys.core import audit
from eventsys.core.actor import Actor, Role
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.errors import Conflict, Invalid, NotFound
from eventsys.core.permissions import Permission, Scope, authorize
from eventsys.core.text import clean_line, clean_text
from eventsys.core.tokens import hash_token, new_token
from eventsys.directory.contact_queries import (
    find_enterprise_by_link,
    find_membership,
    find_waiting_application,
    get_application,
    get_contact,
    get_device,
    has_ever_had_device,
    list_contacts,
    map_enterprises_by_code,
)
from eventsys.directory.models import Application, Device, Enterprise, Membership
from eventsys.directory.rules import NAME_MAX, NOTE_MAX, MembershipState, parse_credit_code
from eventsys.notifications.services import Recipient, enqueue


@dataclass(frozen=True, slots=True)
class NewContact:
    """What somebody types who opens an enterprise's link; opening and confirming it is the consent."""

    name: str
    mobile: str


@dataclass(frozen=True, slots=True)
class BoundDevice:
    """The session's secret for the browser, and whether the device counts already."""

    secret: str
    is_approved: bool


@dataclass(frozen=True, slots=True)
class NewApplication:
    """What somebody types who has no link."""

    credit_code: str
    enterprise_name: str
    name: str
    mobile: str
    note: str = ""


def make_enterprise_link(enterprise_id: int, *, actor: Actor) -> str:
    """A fresh token for the enterprise's link; the one before is dead, devices bound by it stay."""
    enterprise = _lock_enterprise(enterprise_id)
    authorize(actor, Permission.INVITE_CONTACTS, enterprise.scope)
    token = new_token()
    enterprise.link_hash, enterprise.link_created_at = hash_token(token), now()
    audit.record(actor, "make_enterprise_link", "enterprise", enterprise.public_id)
    return token


def revoke_enterprise_link(enterprise_id: int, *, actor: Actor) -> None:
    """End the enterprise's link; devices bound by it stay."""
    enterprise = _lock_enterprise(enterprise_id)
    authorize(actor, Permission.INVITE_CONTACTS, enterprise.scope)
    enterprise.link_hash, enterprise.link_created_at = None, None
    audit.record(actor, "revoke_enterprise_link", "enterprise", enterprise.public_id)


def bind_device(token: str, contact: NewContact, *, actor: Actor, client: str = "") -> BoundDevice:
    """Bind this browser to the enterprise of the link as a session of the person with this number, made if unknown.

    The first device of an enterprise counts at once, later ones when a colleague or the staff approve. A known person
    keeps the name they have. NotFound("link_unknown"), Invalid, Conflict("contact_disabled"), TooMany.
    """
    enterprise = find_enterprise_by_link(token, lock=True)
    if enterprise is None:
        raise NotFound("link_unknown")
    require_patience(Attempt.BINDING, enterprise.public_id, actor.address)
    count_attempt(Attempt.BINDING, enterprise.public_id, actor.address)
    mobile = parse_mobile(contact.mobile)
    name = clean_line(contact.name, "name", PERSON_NAME_MAX, required=True)
    person = find_person_by_mobile(mobile) or register_person(NewPerson(name=name, mobile=mobile), actor=actor)
    if not person.active:
        raise Conflict("contact_disabled")
    person.consented_at = person.consented_at or now()
    membership = find_membership(person.id, enterprise.id)
    counts = not has_ever_had_device(enterprise.id) and (membership is None or _is_open(membership))
    membership = _join(membership, person, enterprise, counts=counts)
    secret, sign_in = begin_sign_in(
        person, SignInKind.DEVICE, roles=frozenset({Role.CONTACT}), actor=actor, client=client
    )
    device = Device(sign_in_id=sign_in.id, membership_id=membership.id, approved_at=now() if counts else None)
    db.session.add(device)
    db.session.flush()
    after = {"enterprise": enterprise.public_id, "person": person.public_id, "approved": counts}
    audit.record(actor, "bind_device", "device", device.public_id, after=after)
    _tell_colleagues(enterprise, person, is_approved=counts)
    return BoundDevice(secret, counts)


def approve_device(public_id: str, *, actor: Actor) -> Device:
    """Let a waiting device speak for its enterprise; NotFound, Conflict("device_gone")."""
    device = get_device(public_id, actor=actor)
    membership = device.membership
    if not device.sign_in.is_live(now()) or membership.state is MembershipState.ENDED:
        raise Conflict("device_gone")
    if device.approved_at is None:
        device.approved_at, device.approved_by_id = now(), actor.person
        membership.state = MembershipState.ACTIVE
        audit.record(
            actor, "approve_device", "device", public_id, after={"enterprise": enterprise_of(membership).public_id}
        )
    return device


def remove_device(public_id: str, *, actor: Actor) -> Device:
    """End a device's session at once. Who waited with nothing but this device waits no longer."""
    device = get_device(public_id, actor=actor)
    _end_sessions(Device.id == device.id)
    if device.membership.state is MembershipState.PENDING and device.approved_at is None:
        _end_membership(device.membership)
    audit.record(
        actor, "remove_device", "device", public_id, after={"enterprise": enterprise_of(device.membership).public_id}
    )
    return device


def remove_contact(public_id: str, *, actor: Actor) -> Membership:
    """End a contact's membership and all devices bound to it; the enterprise's bookings stay the enterprise's."""
    membership = get_contact(public_id, actor=actor)
    _end_sessions(Device.membership_id == membership.id)
    _end_membership(membership)
    after = {"enterprise": enterprise_of(membership).public_id, "person": membership.person.public_id}
    audit.record(actor, "remove_contact", "membership", public_id, after=after)
    return membership


def apply_for_enterprise(command: NewApplication, *, actor: Actor) -> Application:
    """Ask to be let in without a link. The same once more changes nothing. Invalid names the field; TooMany."""
    code = parse_credit_code(command.credit_code)
    mobile = parse_mobile(command.mobile)
    application = Application(
        credit_code=code.text,
        enterprise_name=clean_line(command.enterprise_name, "enterprise_name", NAME_MAX, required=True),
        person_name=clean_line(command.name, "name", PERSON_NAME_MAX, required=True),
        mobile=mobile,
        note=clean_text(command.note, "note", NOTE_MAX),
    )
    require_patience(Attempt.APPLICATION, mobile, actor.address)
    count_attempt(Attempt.APPLICATION, mobile, actor.address)
    waiting = find_waiting_application(code.text, mobile)
    if waiting is not None:
        return waiting
    db.session.add(application)
    db.session.flush()
    audit.record(actor, "apply", "application", application.public_id, after={"credit_code": code.text})
    return application


def accept_application(public_id: str, *, actor: Actor) -> tuple[Membership, str]:
    """Make the applicant a contact of the enterprise with the credit code: the membership, and a fresh link to send.

    Conflict("application_decided"), Conflict("no_such_enterprise") while nobody has entered the enterprise.
    """
    application = _open_application(public_id, actor)
    enterprise = map_enterprises_by_code([application.credit_code]).get(application.credit_code)
    if enterprise is None or not enterprise.active:
        raise Conflict("no_such_enterprise", credit_code=application.credit_code)
    token = make_enterprise_link(enterprise.id, actor=actor)
    person = find_person_by_mobile(application.mobile) or register_person(
        NewPerson(name=application.person_name, mobile=application.mobile), actor=actor
    )
    membership = _join(find_membership(person.id, enterprise.id), person, enterprise, counts=True)
    _decide(application, actor, is_accepted=True, note="")
    return membership, token


def refuse_application(public_id: str, note: str, *, actor: Actor) -> Application:
    """Turn an application down, with a note for the colleagues; Conflict("application_decided")."""
    application = _open_application(public_id, actor)
    _decide(application, actor, is_accepted=False, note=clean_text(note, "note", NOTE_MAX))
    return application


def _open_application(public_id: str, actor: Actor) -> Application:
    authorize(actor, Permission.EDIT_ENTERPRISE, Scope())
    application = get_application(public_id)
    if application.decided_at is not None:
        raise Conflict("application_decided")
    return application


def _decide(application: Application, actor: Actor, *, is_accepted: bool, note: str) -> None:
    application.decided_at, application.decided_by_id = now(), actor.person
    application.is_accepted, application.decision_note = is_accepted, note
    after = {"accepted": is_accepted, "credit_code": application.credit_code}
    audit.record(actor, "decide_application", "application", application.public_id, after=after, reason=note)


def _lock_enterprise(enterprise_id: int) -> Enterprise:
    enterprise = db.session.scalar(select(Enterprise).where(Enterprise.id == enterprise_id).with_for_update())
    if enterprise is None:
        raise NotFound()
    return enterprise


def _is_open(membership: Membership) -> bool:
    return membership.state is not MembershipState.ENDED


def _join(membership: Membership | None, person: Person, enterprise: Enterprise, *, counts: bool) -> Membership:
    """The person's membership, counting or waiting; one that counts already goes on counting."""
    if membership is None:
        membership = Membership(person_id=person.id, role=Role.CONTACT, enterprise_id=enterprise.id)
        db.session.add(membership)
        membership.state = MembershipState.ACTIVE if counts else MembershipState.PENDING
    elif membership.state is not MembershipState.ACTIVE:
        membership.state = MembershipState.ACTIVE if counts else MembershipState.PENDING
        membership.ended_at = None
    db.session.flush()
    return membership


def _end_membership(membership: Membership) -> None:
    membership.state, membership.ended_at = MembershipState.ENDED, now()


def _end_sessions(which: object) -> None:
    """End the sessions of these devices, and no other session of their people."""
    ended = select(Device.sign_in_id).where(which)  # type: ignore[arg-type]
    db.session.execute(
        update(SignIn).where(SignIn.id.in_(ended), SignIn.revoked_at.is_(None)).values(revoked_at=now()),
        execution_options={"synchronize_session": False},
    )


def _tell_colleagues(enterprise: Enterprise, person: Person, *, is_approved: bool) -> None:
    """Everyone who counts for the enterprise hears of a new device."""
    active = [entry.person for entry in list_contacts(enterprise.id) if entry.state is MembershipState.ACTIVE]
    enqueue(
        "new_device",
        [Recipient(person=one.id, address=one.email, locale=one.locale) for one in active if one.active],
        {"enterprise": enterprise.name, "name": person.name, "is_approved": is_approved},
    )


def enterprise_of(membership: Membership) -> Enterprise:
    """The enterprise a contact speaks for."""
    if membership.enterprise is None:
        raise Invalid("role_needs_enterprise")
    return membership.enterprise
