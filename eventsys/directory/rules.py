"""Rules of the directory: what organisations, places and memberships are, and their limits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from eventsys.core.actor import DEPARTMENT_ROLES, DISTRICT_ROLES, ENTERPRISE_ROLES, Role
from eventsys.core.errors import Invalid
from eventsys.core.text import fold

NAME_MAX = 120
SHORT_NAME_MAX = 20
CODE_MAX = 20
ADDRESS_MAX = 200
NOTE_MAX = 500
OFFICE_MAX = 60
COLOURS = 24  # dept-c1 … dept-c24 in the style sheet

_CODE = re.compile(r"[a-z][a-z0-9-]{0,19}", re.ASCII)
_CREDIT_CODE = re.compile(r"[0-9A-HJ-NP-RT-UW-Y]{18}", re.ASCII)


class Topic(StrEnum):
    """What a department brings: 送政策, 送服务, 送温暖."""

    POLICY = "policy"
    SERVICE = "service"
    CARE = "care"


class PlaceKind(StrEnum):
    """Where a slot can be held."""

    CENTRE = "centre"
    BASE = "base"
    OTHER = "other"


class EnterpriseSize(StrEnum):
    """The four sizes of the national statistics standard (统计上大中小微型企业划分)."""

    LARGE = "large"
    MEDIUM = "medium"
    SMALL = "small"
    MICRO = "micro"


class MembershipState(StrEnum):
    """Whether a person's role counts yet."""

    PENDING = "pending"
    ACTIVE = "active"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class CreditCode:
    """A unified social credit code (GB 32100-2015) and whether its check digit is right."""

    text: str
    is_checked: bool


def parse_credit_code(value: str, field: str = "credit_code") -> CreditCode:
    """Eighteen characters of GB 32100-2015, or Invalid. A failing check digit is reported, not refused: some real
    codes fail it."""
    text = fold(value).upper().replace("-", "")
    if not _CREDIT_CODE.fullmatch(text):
        raise Invalid("bad_credit_code", field=field)
    from stdnum.cn import uscc  # with pydoc, and needed only by who edits or imports enterprises
    from stdnum.exceptions import ValidationError

    try:
        uscc.validate(text)
    except ValidationError:
        return CreditCode(text, is_checked=False)
    return CreditCode(text, is_checked=True)


def parse_code(value: str, field: str = "code") -> str:
    """A department's permanent code: a letter, then letters, digits or hyphens, lower case."""
    value = value.strip().lower()
    if not _CODE.fullmatch(value):
        raise Invalid("bad_code", field=field, limit=CODE_MAX)
    return value


def check_membership(role: Role, *, department: int | None, enterprise: int | None) -> None:
    """Invalid unless the role is held where it can be: a clerk in a department, a contact in an enterprise."""
    if (role in ENTERPRISE_ROLES) != (enterprise is not None):
        raise Invalid("role_needs_enterprise" if role in ENTERPRISE_ROLES else "role_without_enterprise", field="role")
    if role in DEPARTMENT_ROLES and department is None:
        raise Invalid("role_needs_department", field="department")
    if role in DISTRICT_ROLES and department is not None:
        raise Invalid("role_is_district_wide", field="department")


def conflicting_roles(roles: frozenset[Role]) -> bool:
    """An auditor never administers what is audited."""
    return Role.AUDITOR in roles and Role.ADMINISTRATOR in roles
