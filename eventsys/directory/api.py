"""Departments and enterprises as JSON."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from marshmallow import RAISE, fields

from eventsys.core.permissions import Permission, Scope, is_allowed
from eventsys.directory.models import Department
from eventsys.directory.queries import list_departments, list_enterprises
from eventsys.directory.queries.paging import SEARCH_TYPED_MAX
from eventsys.directory.rules import EnterpriseSize, Topic
from eventsys.web.guards import current_actor, public, requires
from eventsys.web.parsing import Choice, Derived, Listed, Nested, PageQuery, Part, Text, Whole

bp = APIBlueprint("directory_api", __name__, url_prefix="/api/v1", tag="Directory")


class DirectoryQuery(PageQuery):
    """What a list of organisations is narrowed to."""

    search = Text(SEARCH_TYPED_MAX, load_default="", metadata={"description": "name, code, pinyin or initials"})


class ServiceOut(Part):
    """A matter a department helps with."""

    id = Text(attribute="public_id")
    name = Text()
    name_en = Text()
    topic = Choice(Topic)


class DepartmentOut(Part):
    """A department; `code` is permanent and accepted wherever a department is named."""

    id = Text(attribute="public_id")
    code = Text()
    name = Text()
    name_en = Text()
    short_name = Text()
    colour = Whole()
    phone = Text()
    services = Derived(ServiceOut(many=True), "active_services")

    def active_services(self, department: Department) -> Any:
        """The services on offer."""
        return [service for service in department.services if service.active]


class Departments(Part):
    """A page of departments."""

    items = Listed(Nested(DepartmentOut))
    next = Text(allow_none=True)


class ParkRef(Part):
    """A park, by name."""

    id = Text(attribute="public_id")
    name = Text()


class TagOut(Part):
    """A label of enterprises."""

    name = Text()


class EnterpriseOut(Part):
    """An enterprise; its credit code is accepted wherever one is named."""

    id = Text(attribute="public_id")
    credit_code = Text()
    name = Text()
    name_en = Text()
    short_name = Text()
    sub_district = Text()
    park = Nested(ParkRef, allow_none=True)
    size = Choice(EnterpriseSize, allow_none=True)
    tags = Listed(fields.Pluck(TagOut, "name"))


class Enterprises(Part):
    """A page of enterprises."""

    items = Listed(Nested(EnterpriseOut))
    next = Text(allow_none=True)


@bp.get("/departments")
@public
@bp.input(DirectoryQuery, location="query", arg_name="query", unknown=RAISE)
@bp.output(Departments)
def departments(query: dict[str, Any]) -> Any:
    """List departments with their services."""
    return list_departments(query["search"], cursor=query.get("cursor"), size=query["limit"])


@bp.get("/enterprises")
@requires(Permission.READ_DIRECTORY)
@bp.input(DirectoryQuery, location="query", arg_name="query", unknown=RAISE)
@bp.output(Enterprises)
def enterprises(query: dict[str, Any]) -> Any:
    """List the enterprises you may see: a contact's own, for officials every one."""
    actor = current_actor()
    only = None if is_allowed(actor, Permission.READ_DIRECTORY, Scope()) else actor.enterprises()
    return list_enterprises(query["search"], only=only, cursor=query.get("cursor"), size=query["limit"])
