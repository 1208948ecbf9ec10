"""The district: departments and services, parks and places, enterprises and tags, who belongs where."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from eventsys.accounts.models import Person, SignIn
from eventsys.accounts.rules import NAME_MAX as PERSON_NAME_MAX
from eventsys.core.actor import Role
from eventsys.core.db import Base, Model
from eventsys.core.permissions import Scope
from eventsys.core.search import SEARCH_MAX
from eventsys.core.types import BigId, CreatedAt, FeedSet, Id, MaybeInstant, PublicId, Versioned, text_enum
from eventsys.directory.rules import (
    ADDRESS_MAX,
    CODE_MAX,
    COLOURS,
    NAME_MAX,
    NOTE_MAX,
    OFFICE_MAX,
    SHORT_NAME_MAX,
    EnterpriseSize,
    MembershipState,
    PlaceKind,
    Topic,
)

enterprise_tags = Table(
    "enterprise_tags",
    Base.metadata,
    Column("enterprise_id", BigId, ForeignKey("enterprises.id", ondelete="CASCADE"), primary_key=True),
    Column("tag_id", BigId, ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True, index=True),
)


class District(Versioned, FeedSet, Model):
    """The one row of the installation: its name, the host in its calendar UIDs, the day its feeds were swept.

    Its feed set is the calendar of everything public.
    """

    __tablename__ = "districts"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(NAME_MAX))
    name_en: Mapped[str] = mapped_column(String(NAME_MAX), default="")
    uid_host: Mapped[str] = mapped_column(String(120))
    feed_day: Mapped[date] = mapped_column(Date)
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Department(Versioned, FeedSet, Model):
    """An enterprise-facing department (涉企部门). `code` is permanent; `colour` is 1 to 24."""

    __tablename__ = "departments"
    __table_args__ = (CheckConstraint(f"colour BETWEEN 1 AND {COLOURS}", name="colour"),)

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    code: Mapped[str] = mapped_column(String(CODE_MAX), unique=True)
    name: Mapped[str] = mapped_column(String(NAME_MAX), unique=True)
    short_name: Mapped[str] = mapped_column(String(SHORT_NAME_MAX))
    name_en: Mapped[str] = mapped_column(String(NAME_MAX), default="")
    colour: Mapped[int] = mapped_column(default=1)
    phone: Mapped[str] = mapped_column(String(40), default="")
    email: Mapped[str] = mapped_column(String(254), default="")
    search_text: Mapped[str] = mapped_column(String(SEARCH_MAX), default="")
    active: Mapped[bool] = mapped_column(default=True)
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)

    services: Mapped[list[Service]] = relationship(order_by="Service.position, Service.id", back_populates="department")

    @property
    def scope(self) -> Scope:
        """Whose it is."""
        return Scope(departments=frozenset({self.id}))


class Service(Model):
    """A matter a department helps with (服务事项)."""

    __tablename__ = "services"
    __table_args__ = (UniqueConstraint("department_id", "name"),)

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    department_id: Mapped[int] = mapped_column(BigId, ForeignKey("departments.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(NAME_MAX))
    name_en: Mapped[str] = mapped_column(String(NAME_MAX), default="")
    topic: Mapped[Topic] = mapped_column(text_enum(Topic, "topic"), default=Topic.SERVICE)
    position: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)

    department: Mapped[Department] = relationship(back_populates="services")


class Staff(Versioned, FeedSet, Model):
    """Somebody of a department (工作人员) who comes to slots; `office` is the post (职务). Its feed set is the person's
    own calendar."""

    __tablename__ = "staff"
    __table_args__ = (Index("ix_staff_department", "department_id", "name"),)

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    department_id: Mapped[int] = mapped_column(BigId, ForeignKey("departments.id"))
    name: Mapped[str] = mapped_column(String(PERSON_NAME_MAX))
    office: Mapped[str] = mapped_column(String(OFFICE_MAX), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    person_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("people.id"), index=True)
    active: Mapped[bool] = mapped_column(default=True)

    department: Mapped[Department] = relationship()
    person: Mapped[Person | None] = relationship()

    @property
    def scope(self) -> Scope:
        """Whose it is: the department's, and the person's own."""
        return Scope(departments=frozenset({self.department_id}), person=self.person_id)


class Park(Versioned, FeedSet, Model):
    """A park (园区) where enterprises sit; WGS 84 degrees."""

    __tablename__ = "parks"

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    name: Mapped[str] = mapped_column(String(NAME_MAX), unique=True)
    short_name: Mapped[str] = mapped_column(String(SHORT_NAME_MAX), default="")
    name_en: Mapped[str] = mapped_column(String(NAME_MAX), default="")
    latitude: Mapped[float | None] = mapped_column(Float)
    longitude: Mapped[float | None] = mapped_column(Float)
    search_text: Mapped[str] = mapped_column(String(SEARCH_MAX), default="")
    active: Mapped[bool] = mapped_column(default=True)


class Place(Versioned, Model):
    """A place (地点) where slots are held: an activity centre, a training base or another venue. `rooms` is how many
    slots it takes at a time."""

    __tablename__ = "places"
    __table_args__ = (CheckConstraint("rooms >= 1", name="rooms"),)

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    name: Mapped[str] = mapped_column(String(NAME_MAX), unique=True)
    name_en: Mapped[str] = mapped_column(String(NAME_MAX), default="")
    kind: Mapped[PlaceKind] = mapped_column(text_enum(PlaceKind, "kind"), default=PlaceKind.OTHER)
    park_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("parks.id"), index=True)
    address: Mapped[str] = mapped_column(String(ADDRESS_MAX), default="")
    directions: Mapped[str] = mapped_column(String(NOTE_MAX), default="")
    latitude: Mapped[float | None] = mapped_column(Float)
    longitude: Mapped[float | None] = mapped_column(Float)
    seats: Mapped[int | None]
    rooms: Mapped[int] = mapped_column(default=1, server_default="1")
    search_text: Mapped[str] = mapped_column(String(SEARCH_MAX), default="")
    active: Mapped[bool] = mapped_column(default=True)

    park: Mapped[Park | None] = relationship()


class Tag(Model):
    """A label for enterprises, such as 专精特新, by which an audience can be named."""

    __tablename__ = "tags"

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    name: Mapped[str] = mapped_column(String(40), unique=True)


class Enterprise(Versioned, FeedSet, Model):
    """An enterprise. `link_hash` is the hash of its WeChat link's token, replaced when the link is made anew."""

    __tablename__ = "enterprises"
    __table_args__ = (Index("ix_enterprises_name", "name"),)

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    credit_code: Mapped[str] = mapped_column(String(18), unique=True)
    is_code_checked: Mapped[bool] = mapped_column(default=True)
    name: Mapped[str] = mapped_column(String(NAME_MAX))
    short_name: Mapped[str] = mapped_column(String(40), default="")
    name_en: Mapped[str] = mapped_column(String(NAME_MAX), default="")
    sub_district: Mapped[str] = mapped_column(String(40), default="", index=True)
    park_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("parks.id"), index=True)
    address: Mapped[str] = mapped_column(String(ADDRESS_MAX), default="")
    size: Mapped[EnterpriseSize | None] = mapped_column(text_enum(EnterpriseSize, "size"))
    note: Mapped[str] = mapped_column(String(NOTE_MAX), default="")
    search_text: Mapped[str] = mapped_column(String(SEARCH_MAX), default="")
    active: Mapped[bool] = mapped_column(default=True)
    link_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    link_created_at: Mapped[MaybeInstant]
    created_at: Mapped[CreatedAt]

    park: Mapped[Park | None] = relationship()
    tags: Mapped[list[Tag]] = relationship(secondary=enterprise_tags, order_by=Tag.name)

    @property
    def scope(self) -> Scope:
        """Whose it is."""
        return Scope(enterprise=self.id)


class Membership(Model):
    """A person's role, in a department, in an enterprise or in the whole district."""

    __tablename__ = "memberships"
    __table_args__ = (
        CheckConstraint("department_id IS NULL OR enterprise_id IS NULL", name="one_organisation"),
        CheckConstraint("(role = 'contact') = (enterprise_id IS NOT NULL)", name="contact_of_enterprise"),
        Index(
            "uq_memberships_grant",
            "person_id",
            "role",
            text("coalesce(department_id, 0)"),
            text("coalesce(enterprise_id, 0)"),
            unique=True,
        ),
        Index("ix_memberships_enterprise", "enterprise_id", "state"),
        Index("ix_memberships_department", "department_id", "state"),
    )

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    person_id: Mapped[int] = mapped_column(BigId, ForeignKey("people.id", ondelete="CASCADE"))
    role: Mapped[Role] = mapped_column(text_enum(Role, "role"))
    department_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("departments.id"))
    enterprise_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("enterprises.id"))
    state: Mapped[MembershipState] = mapped_column(text_enum(MembershipState, "state"), default=MembershipState.ACTIVE)
    created_at: Mapped[CreatedAt]
    ended_at: Mapped[MaybeInstant]

    person: Mapped[Person] = relationship()
    department: Mapped[Department | None] = relationship()
    enterprise: Mapped[Enterprise | None] = relationship()


class Device(Model):
    """A browser bound to a contact by the enterprise's link. The first counts at once, later ones when approved."""

    __tablename__ = "devices"

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    sign_in_id: Mapped[int] = mapped_column(BigId, ForeignKey("sign_ins.id", ondelete="CASCADE"), unique=True)
    membership_id: Mapped[int] = mapped_column(BigId, ForeignKey("memberships.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[CreatedAt]
    approved_at: Mapped[MaybeInstant]
    approved_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("people.id"))

    sign_in: Mapped[SignIn] = relationship()
    membership: Mapped[Membership] = relationship()


class Application(Model):
    """A contact who has no link asks to be let in: credit code and mobile number, waiting for verification."""

    __tablename__ = "applications"

    id: Mapped[Id]
    public_id: Mapped[PublicId]
    credit_code: Mapped[str] = mapped_column(String(18), index=True)
    enterprise_name: Mapped[str] = mapped_column(String(NAME_MAX), default="")
    person_name: Mapped[str] = mapped_column(String(60))
    mobile: Mapped[str] = mapped_column(String(20))
    note: Mapped[str] = mapped_column(String(NOTE_MAX), default="")
    created_at: Mapped[CreatedAt]
    decided_at: Mapped[MaybeInstant]
    decided_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("people.id"))
    is_accepted: Mapped[bool | None]
    decision_note: Mapped[str] = mapped_column(String(NOTE_MAX), default="")


class ImportMapping(Model):
    """Which column of a file meant what, remembered by the kind of import and the file's heading row."""

    __tablename__ = "import_mappings"
    __table_args__ = (UniqueConstraint("kind", "heading_hash"),)

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(20))
    heading_hash: Mapped[str] = mapped_column(String(64))
    mapping: Mapped[dict[str, Any]]
    created_at: Mapped[CreatedAt]
    headings: Mapped[str] = mapped_column(Text, default="")
