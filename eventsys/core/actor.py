"""Who acts: plain data the guard makes once a request, never a database row."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """The roles of the programme; attendees have none."""

    ADMINISTRATOR = "administrator"
    COORDINATOR = "coordinator"
    CLERK = "clerk"
    CONTACT = "contact"
    STEWARD = "steward"
    VOLUNTEER = "volunteer"
    VOLUNTEER_LEAD = "volunteer_lead"
    AUDITOR = "auditor"


DEPARTMENT_ROLES = frozenset({Role.CLERK})
ENTERPRISE_ROLES = frozenset({Role.CONTACT})
DISTRICT_ROLES = frozenset({Role.ADMINISTRATOR, Role.COORDINATOR, Role.AUDITOR})
STAFF_ROLES = frozenset(Role) - ENTERPRISE_ROLES


class Channel(StrEnum):
    """Through which door an action came."""

    WEB = "web"
    API = "api"
    CLI = "cli"
    GATE = "gate"
    TASK = "task"


@dataclass(frozen=True, slots=True)
class Grant:
    """One role, in one department or enterprise, or district-wide when neither is set (primary keys)."""

    role: Role
    department: int | None = None
    enterprise: int | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """The person, device or programme an action is done for.

    `scopes` is None for a signed-in person and the token's scopes on the API. `gate` is the primary key of the gate
    whose token was shown. `session` is the public id of the sign-in. `address` is where the request came from.
    `is_limited` marks a bound device that proves no more than the enterprise's link and a telephone number: it sees
    nothing that is the person's beyond that enterprise. `must_enrol` marks who has to set up a second factor first:
    until then there are no grants, and the guard leads nowhere else.
    """

    person: int | None = None
    name: str = ""
    email: str = ""
    grants: frozenset[Grant] = frozenset()
    channel: Channel = Channel.WEB
    address: str = ""
    scopes: frozenset[str] | None = None
    gate: int | None = None
    session: str = ""
    token: str = ""
    locale: str = ""
    is_limited: bool = False
    must_enrol: bool = False
    request_id: str = field(default="", compare=False)

    def has(self, *roles: Role) -> bool:
        """Whether any of `roles` is held anywhere."""
        return any(grant.role in roles for grant in self.grants)

    def departments(self, *roles: Role) -> frozenset[int]:
        """Primary keys of the departments in which one of `roles` is held."""
        return frozenset(g.department for g in self.grants if g.department is not None and g.role in roles)

    def enterprises(self) -> frozenset[int]:
        """Primary keys of the enterprises the actor is a contact of."""
        return frozenset(g.enterprise for g in self.grants if g.enterprise is not None and g.role is Role.CONTACT)

    def allows_scope(self, scope: str) -> bool:
        """Whether the token carries `scope`; a signed-in person is not limited by scopes."""
        return self.scopes is None or scope in self.scopes


ANYBODY = Actor()


def system_actor(name: str, channel: Channel = Channel.TASK) -> Actor:
    """The programme itself, at the command line or in the worker: may do what an administrator may."""
    return Actor(name=name, channel=channel, grants=frozenset({Grant(Role.ADMINISTRATOR), Grant(Role.COORDINATOR)}))
