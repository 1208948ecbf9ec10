"""Who is behind a secret."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, Select, and_, bindparam, or_, select

from eventsys.accounts.models import ApiToken, Person, SignIn
from eventsys.accounts.rules import SignInKind
from eventsys.core.actor import Actor, Channel, Grant, Role
from eventsys.core.db import db, read
from eventsys.core.tokens import hash_token
from eventsys.core.types import PRESENT
from eventsys.directory.models import Department, Device, District, Enterprise, Membership
from eventsys.directory.rules import MembershipState
from eventsys.directory.settings import must_have_second_factor


def _with_grants(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Join the person's active memberships of organisations that are not disabled."""
    return (
        query.outerjoin(Membership, and_(Membership.person_id == Person.id, Membership.state == MembershipState.ACTIVE))
        .outerjoin(Enterprise, Enterprise.id == Membership.enterprise_id)
        .outerjoin(Department, Department.id == Membership.department_id)
        .where(or_(Enterprise.id.is_(None), Enterprise.active), or_(Department.id.is_(None), Department.active))
    )


# Built once: every request asks one of them.
SESSION = _with_grants(
    select(
        Person.id,
        Person.name,
        Person.email,
        Person.locale,
        Person.tf_primary_method,
        select(District.settings).scalar_subquery().label("settings"),
        SignIn.public_id,
        SignIn.kind,
        Device.membership_id,
        Device.approved_at,
        Membership.id.label("membership"),
        Membership.role,
        Membership.department_id,
        Membership.enterprise_id,
    )
    .select_from(SignIn)
    .join(Person, Person.id == SignIn.person_id)
    .outerjoin(Device, Device.sign_in_id == SignIn.id)
).where(
    SignIn.key_hash == bindparam("hash"),
    SignIn.revoked_at.is_(None),
    SignIn.expires_at > PRESENT,
    Person.active,
)
TOKEN = _with_grants(
    select(
        Person.id,
        Person.name,
        Person.email,
        Person.locale,
        ApiToken.public_id,
        ApiToken.scopes,
        Membership.role,
        Membership.department_id,
        Membership.enterprise_id,
    )
    .select_from(ApiToken)
    .join(Person, Person.id == ApiToken.person_id)
).where(
    ApiToken.token_hash == bindparam("hash"),
    ApiToken.revoked_at.is_(None),
    or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > PRESENT),
    Person.active,
)


def load_session_actor(secret: str) -> Actor | None:
    """The person behind a session's secret, with the roles this session may use; one statement."""
    rows = read(SESSION, {"hash": hash_token(secret)})
    if not rows:
        return None
    first = rows[0]
    is_device = first.kind is SignInKind.DEVICE
    is_limited = is_device and not all(_device_may_use(row) for row in rows)
    grants = _grants(row for row in rows if not is_device or _device_may_use(row))
    must_enrol = not is_device and _must_enrol(first, grants)
    return Actor(
        person=first.id,
        name=first.name,
        email="" if is_limited else first.email or "",
        locale=first.locale,
        session=first.public_id,
        is_limited=is_limited,
        must_enrol=must_enrol,
        grants=frozenset() if must_enrol else grants,
    )


def load_token_actor(secret: str) -> Actor | None:
    """The person behind an API token, limited to its scopes; one statement."""
    rows = read(TOKEN, {"hash": hash_token(secret)})
    if not rows:
        return None
    first = rows[0]
    return Actor(
        person=first.id,
        name=first.name,
        email=first.email or "",
        locale=first.locale,
        channel=Channel.API,
        token=first.public_id,
        scopes=frozenset(first.scopes),
        grants=_grants(rows),
    )


def _device_may_use(row: Any) -> bool:
    """A bound device speaks for its own enterprise only, and once it is approved."""
    return row.approved_at is not None and row.membership == row.membership_id


def _must_enrol(row: Any, grants: frozenset[Grant]) -> bool:
    """Whether the person has no second step and the district's settings want one of these roles."""
    roles = frozenset(grant.role for grant in grants)
    return not row.tf_primary_method and must_have_second_factor(roles, row.settings or {})


def _grants(rows: Iterable[Any]) -> frozenset[Grant]:
    return frozenset(Grant(r.role, r.department_id, r.enterprise_id) for r in rows if r.role is not None)


def roles_of(person_id: int) -> frozenset[Role]:
    """The roles a person holds now, wherever."""
    query = select(Membership.role).where(Membership.person_id == person_id, Membership.state == MembershipState.ACTIVE)
    return frozenset(db.session.scalars(query))


_hosts: WeakKeyDictionary[Engine, str] = WeakKeyDictionary()


def uid_host() -> str:
    """The host in every UID of a calendar: it never changes (FEEDS.md 2), so a process asks once."""
    engine = db.engine
    if engine not in _hosts:
        _hosts[engine] = get_district().uid_host
    return _hosts[engine]


def get_district() -> District:
    """The installation's district; LookupError before set-up."""
    district = db.session.get(District, 1)
    if district is None:
        raise LookupError("no district yet: run `eventsys setup` or `eventsys demo load`")
    return district
