"""Authorization as one table: a permission, the token scope it needs, and who has it on what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from eventsys.core.actor import Actor, Role
from eventsys.core.errors import NotAllowed


@dataclass(frozen=True, slots=True)
class Scope:
    """What a predicate may know of an object: whose it is (primary keys). `None` means nobody's."""

    departments: frozenset[int] = frozenset()
    enterprise: int | None = None
    person: int | None = None
    gate: int | None = None


class Permission(StrEnum):
    """Everything that can be allowed."""

    USE_ACCOUNT = "use_account"
    USE_INBOX = "use_inbox"
    ADMINISTER = "administer"
    READ_AUDIT = "read_audit"
    READ_DIRECTORY = "read_directory"
    EDIT_ENTERPRISE = "edit_enterprise"
    SEE_WORKDAYS = "see_workdays"
    EDIT_WORKDAYS = "edit_workdays"
    CHANGE_DEPARTMENT_SETTINGS = "change_department_settings"
    MANAGE_STAFF = "manage_staff"
    INVITE_CONTACTS = "invite_contacts"
    SEE_DESK = "see_desk"
    CREATE_SLOT = "create_slot"
    EDIT_SLOT = "edit_slot"
    SEE_HIDDEN_SLOT = "see_hidden_slot"
    MANAGE_EDITIONS = "manage_editions"
    SUBMIT_MONTH = "submit_month"
    BOOK = "book"
    BOOK_ON_BEHALF = "book_on_behalf"
    SEE_BOOKING = "see_booking"
    CHANGE_BOOKING = "change_booking"
    GRANT_EXCEPTION = "grant_exception"
    ASK_FOR_VISIT = "ask_for_visit"
    SEE_VISIT_REQUEST = "see_visit_request"
    ANSWER_VISIT_REQUEST = "answer_visit_request"
    SEE_ROSTER = "see_roster"
    MANAGE_GATES = "manage_gates"
    CHECK_IN = "check_in"
    OVERRIDE_CHECK_IN = "override_check_in"
    SEARCH_ATTENDEES = "search_attendees"
    RELEASE_PLACES = "release_places"
    SEE_FEED = "see_feed"


DIRECTORY_READ, SLOTS_READ, SLOTS_WRITE = "directory:read", "slots:read", "slots:write"
BOOKINGS_READ, BOOKINGS_WRITE, CHECKIN = "bookings:read", "bookings:write", "checkin"
TOKEN_SCOPES = (DIRECTORY_READ, SLOTS_READ, SLOTS_WRITE, BOOKINGS_READ, BOOKINGS_WRITE, CHECKIN)
# What the token of a gate or of one of its devices may beyond checking in.
GATE_ROSTER, GATE_OVERRIDE, GATE_SEARCH = "gate:roster", "gate:override", "gate:search"
SIGNED_IN_ONLY = ""  # no token can do it

Predicate = Callable[[Actor, Scope], bool]


def _district(*roles: Role) -> Predicate:
    return lambda actor, scope: actor.has(*roles)


def _staff_of(scope_roles: tuple[Role, ...], *district_roles: Role) -> Predicate:
    """One of `scope_roles` in a department of the object (or district-wide), or one of `district_roles`."""

    def holds(actor: Actor, scope: Scope) -> bool:
        if actor.has(*district_roles):
            return True
        return any(g.role in scope_roles and (g.department is None or g.department in scope.departments)
                   for g in actor.grants)  # fmt: skip

    return holds


def _contact(actor: Actor, scope: Scope) -> bool:
    return scope.enterprise is not None and scope.enterprise in actor.enterprises()


def _any(*predicates: Predicate) -> Predicate:
    return lambda actor, scope: any(predicate(actor, scope) for predicate in predicates)


def _gate(actor: Actor, scope: Scope) -> bool:
    return actor.gate is not None and actor.gate == scope.gate


def _gate_with(scope_name: str) -> Predicate:
    """The object's gate or a device of it, if its token was given `scope_name`."""
    return lambda actor, scope: _gate(actor, scope) and scope_name in (actor.scopes or ())


_clerk = _staff_of((Role.CLERK,), Role.COORDINATOR)
_reader = _staff_of((Role.CLERK, Role.STEWARD), Role.COORDINATOR, Role.AUDITOR)
_steward = _staff_of((Role.CLERK, Role.STEWARD), Role.COORDINATOR)

TABLE: Mapping[Permission, tuple[str, Predicate]] = {
    Permission.USE_ACCOUNT: (SIGNED_IN_ONLY, lambda actor, scope: actor.person is not None),
    Permission.USE_INBOX: (SIGNED_IN_ONLY, lambda actor, scope: actor.person is not None and not actor.is_limited),
    Permission.ADMINISTER: (SIGNED_IN_ONLY, _district(Role.ADMINISTRATOR)),
    Permission.READ_AUDIT: (SIGNED_IN_ONLY, _district(Role.AUDITOR, Role.ADMINISTRATOR)),
    Permission.READ_DIRECTORY: (
        DIRECTORY_READ,
        _any(_contact, _district(Role.ADMINISTRATOR, Role.COORDINATOR, Role.CLERK, Role.AUDITOR, Role.VOLUNTEER_LEAD)),
    ),
    Permission.EDIT_ENTERPRISE: (SIGNED_IN_ONLY, _district(Role.ADMINISTRATOR, Role.COORDINATOR)),
    Permission.SEE_WORKDAYS: (
        SIGNED_IN_ONLY,
        _district(Role.ADMINISTRATOR, Role.COORDINATOR, Role.CLERK, Role.AUDITOR),
    ),
    Permission.EDIT_WORKDAYS: (SIGNED_IN_ONLY, _district(Role.ADMINISTRATOR, Role.COORDINATOR)),
    Permission.CHANGE_DEPARTMENT_SETTINGS: (SIGNED_IN_ONLY, _any(_clerk, _district(Role.ADMINISTRATOR))),
    Permission.MANAGE_STAFF: (SIGNED_IN_ONLY, _any(_clerk, _district(Role.ADMINISTRATOR))),
    Permission.INVITE_CONTACTS: (
        SIGNED_IN_ONLY,
        _any(_contact, _district(Role.ADMINISTRATOR, Role.COORDINATOR, Role.CLERK)),
    ),
    Permission.SEE_DESK: (SLOTS_READ, _staff_of((Role.CLERK, Role.STEWARD), Role.COORDINATOR, Role.AUDITOR)),
    Permission.CREATE_SLOT: (SLOTS_WRITE, _clerk),
    Permission.EDIT_SLOT: (SLOTS_WRITE, _clerk),
    Permission.SEE_HIDDEN_SLOT: (SLOTS_READ, _reader),
    Permission.MANAGE_EDITIONS: (SIGNED_IN_ONLY, _district(Role.COORDINATOR)),
    Permission.SUBMIT_MONTH: (SIGNED_IN_ONLY, _clerk),
    Permission.BOOK: (BOOKINGS_WRITE, _contact),
    Permission.BOOK_ON_BEHALF: (BOOKINGS_WRITE, _clerk),
    Permission.SEE_BOOKING: (BOOKINGS_READ, _any(_contact, _reader)),
    Permission.CHANGE_BOOKING: (BOOKINGS_WRITE, _any(_contact, _clerk)),
    Permission.GRANT_EXCEPTION: (BOOKINGS_WRITE, _district(Role.COORDINATOR)),
    Permission.ASK_FOR_VISIT: (SIGNED_IN_ONLY, _contact),
    Permission.SEE_VISIT_REQUEST: (
        SIGNED_IN_ONLY,
        _any(_contact, _staff_of((Role.CLERK,), Role.COORDINATOR, Role.AUDITOR)),
    ),
    Permission.ANSWER_VISIT_REQUEST: (SIGNED_IN_ONLY, _clerk),
    Permission.SEE_ROSTER: (CHECKIN, _any(_reader, _gate_with(GATE_ROSTER))),
    Permission.MANAGE_GATES: (CHECKIN, _steward),
    Permission.CHECK_IN: (CHECKIN, _any(_steward, _gate)),
    Permission.OVERRIDE_CHECK_IN: (CHECKIN, _any(_clerk, _gate_with(GATE_OVERRIDE))),
    Permission.SEARCH_ATTENDEES: (CHECKIN, _any(_steward, _gate_with(GATE_SEARCH))),
    Permission.RELEASE_PLACES: (CHECKIN, _steward),
    Permission.SEE_FEED: (SIGNED_IN_ONLY, _any(_contact, _reader)),
}


def is_allowed(actor: Actor, permission: Permission, scope: Scope) -> bool:
    """Whether `actor` has `permission` on an object of `scope`."""
    needed, predicate = TABLE[permission]
    if actor.scopes is not None and (needed == SIGNED_IN_ONLY or needed not in actor.scopes):
        return False
    return predicate(actor, scope)


def authorize(actor: Actor, permission: Permission, scope: Scope) -> None:
    """Raise NotAllowed unless `actor` has `permission` on an object of `scope`."""
    if not is_allowed(actor, permission, scope):
        raise NotAllowed(permission=permission.value)


def may_somewhere(actor: Actor, permission: Permission) -> bool:
    """Whether `actor` has `permission` on any object at all: what a guard asks before the object is known."""
    everything = [Scope(departments=frozenset({g.department}) if g.department is not None else frozenset(),
                        enterprise=g.enterprise, person=actor.person, gate=actor.gate)
                  for g in actor.grants]  # fmt: skip
    return any(is_allowed(actor, permission, scope) for scope in [Scope(gate=actor.gate), *everything])
