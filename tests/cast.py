"""The fixed cast: one person a role, plus strangers from another department and another enterprise.

Primary keys and public ids are fixed, so that a test can name people before anything is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from eventsys.accounts.models import Person
from eventsys.core.actor import Actor, Grant, Role
from eventsys.core.db import db
from eventsys.core.search import search_text
from eventsys.directory.models import Department, District, Enterprise, Membership, Park, Place, Service, Tag
from eventsys.directory.rules import EnterpriseSize, PlaceKind, Topic

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Member:
    """A person of the cast; `actor` is what a guard would make of their sign-in."""

    id: int
    name: str
    role: Role
    department: int | None = None
    enterprise: int | None = None
    mobile: str | None = None
    email: str | None = None

    @property
    def actor(self) -> Actor:
        return Actor(
            person=self.id,
            name=self.name,
            email=self.email or "",
            grants=frozenset({Grant(self.role, self.department, self.enterprise)}),
        )

    @property
    def public_id(self) -> str:
        return fixed_id("p", self.id)


def fixed_id(kind: str, number: int) -> str:
    """A public id that says what it names: thirteen characters of the right alphabet."""
    digits = "".join("abcdefghij"[int(digit)] for digit in f"{number:04d}")
    return f"{kind}xxxxxxx{digits}"[:12].ljust(12, "x") + "a"


TAX, SCIENCE = 1, 2  # departments
ACME, OTHER, THIRD = 1, 2, 3  # enterprises
SOFTWARE_PARK, HILL_PARK = 1, 2
CENTRE, BASE = 1, 2

ADMINISTRATOR = Member(1, "管理员甲", Role.ADMINISTRATOR, email="administrator@example.com")
COORDINATOR = Member(2, "统筹乙", Role.COORDINATOR, email="coordinator@example.com")
CLERK = Member(3, "经办丙", Role.CLERK, department=TAX, email="clerk@example.com")
CONTACT = Member(4, "联系人丁", Role.CONTACT, enterprise=ACME, mobile="+8613800138001", email="contact@example.com")
STEWARD = Member(5, "签到员戊", Role.STEWARD, department=TAX, email="steward@example.com")
AUDITOR = Member(6, "审计员己", Role.AUDITOR, email="auditor@example.com")
VOLUNTEER = Member(7, "志愿者庚", Role.VOLUNTEER, mobile="+8613800138007")
VOLUNTEER_LEAD = Member(8, "领队辛", Role.VOLUNTEER_LEAD, email="lead@example.com")
STRANGER_CLERK = Member(9, "外部门壬", Role.CLERK, department=SCIENCE, email="stranger-clerk@example.com")
STRANGER = Member(10, "外企业癸", Role.CONTACT, enterprise=OTHER, mobile="+8613800138010")
COLLEAGUE = Member(11, "同事子", Role.CONTACT, enterprise=ACME, mobile="+8613800138011")
CAST = (
    ADMINISTRATOR,
    COORDINATOR,
    CLERK,
    CONTACT,
    STEWARD,
    AUDITOR,
    VOLUNTEER,
    VOLUNTEER_LEAD,
    STRANGER_CLERK,
    STRANGER,
    COLLEAGUE,
)


def load_cast(password_hash: str | None = None) -> None:
    """Write the cast, two departments, three enterprises, two parks and two places; the caller commits."""
    add = db.session.add
    add(District(id=1, name="示范区", name_en="Model District", uid_host="eventsys.test", feed_day=date(2026, 1, 1)))
    for number, name in ((SOFTWARE_PARK, "软件园"), (HILL_PARK, "山海园")):
        add(Park(id=number, public_id=fixed_id("k", number), name=name, search_text=search_text(name)))
    for number, name, kind in ((CENTRE, "第一活动中心", PlaceKind.CENTRE), (BASE, "实训基地", PlaceKind.BASE)):
        add(Place(id=number, public_id=fixed_id("l", number), name=name, kind=kind, park_id=number))
    for number, code, name, short in (
        (TAX, "tax", "示范区税务局", "税务局"),
        (SCIENCE, "kxj", "示范区科信局", "科信局"),
    ):
        add(
            Department(
                id=number,
                public_id=fixed_id("d", number),
                code=code,
                name=name,
                short_name=short,
                name_en=f"{code.upper()} Department",
                colour=number,
                phone=f"0592-10000{number:02d}",
                email=f"{code}@example.com",
                search_text=search_text(name, short),
            )
        )
        add(
            Service(
                id=number, public_id=fixed_id("s", number), department_id=number, name="政策辅导", topic=Topic.POLICY
            )
        )
    add(Tag(id=1, public_id=fixed_id("g", 1), name="专精特新"))
    for number, code, name in (
        (ACME, "91350299MA00000019", "甲网络公司"),
        (OTHER, "91350299MA00000027", "乙网络公司"),
        (THIRD, "91350299MA00000035", "丙网络公司"),
    ):
        add(
            Enterprise(
                id=number,
                public_id=fixed_id("e", number),
                credit_code=code,
                name=name,
                sub_district="莲前街道" if number == ACME else "筼筜街道",
                park_id=SOFTWARE_PARK if number == ACME else HILL_PARK,
                size=EnterpriseSize.SMALL,
                search_text=search_text(name),
            )
        )
    db.session.flush()
    for member in CAST:
        add(
            Person(
                id=member.id,
                public_id=member.public_id,
                name=member.name,
                mobile=member.mobile,
                email=member.email,
                password=password_hash,
                fs_uniquifier=f"cast{member.id}",
            )
        )
        db.session.flush()
        add(
            Membership(
                id=member.id,
                public_id=fixed_id("m", member.id),
                person_id=member.id,
                role=member.role,
                department_id=member.department,
                enterprise_id=member.enterprise,
            )
        )
    db.session.flush()
