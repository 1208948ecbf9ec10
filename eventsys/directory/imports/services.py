"""Imports carried out: all or nothing, every row in the audit trail."""

from __future__ import annotations

from collections.abc import Mapping

from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.db import db
from eventsys.core.errors import Invalid
from eventsys.core.permissions import Permission, Scope, authorize
from eventsys.core.text import fold
from eventsys.directory.commands import check_department, check_enterprise
from eventsys.directory.feed_sets import bump_feed_sets
from eventsys.directory.imports.columns import COLUMNS
from eventsys.directory.imports.opening import OpenedFile, open_file, remember_mapping
from eventsys.directory.imports.plan import (
    Known,
    State,
    department_details,
    enterprise_details,
    make_plan,
)
from eventsys.directory.imports.rules import Change, ImportKind, ImportReport, Outcome
from eventsys.directory.models import Department, Enterprise, Park
from eventsys.directory.queries.imports import BATCH, departments_by_code, enterprises_by_code
from eventsys.directory.queries.organisations import all_parks
from eventsys.directory.rules import parse_credit_code
from eventsys.directory.services.departments import (
    add_department,
    change_department,
    offer_services,
    switch_department,
)
from eventsys.directory.services.enterprises import (
    build_enterprise,
    change_enterprise,
    find_or_add_tags,
    record_creation,
    switch_enterprise,
)

PERMISSIONS: Mapping[ImportKind, Permission] = {
    ImportKind.DEPARTMENTS: Permission.ADMINISTER,
    ImportKind.ENTERPRISES: Permission.EDIT_ENTERPRISE,
}


def run_import(
    kind: ImportKind | str,
    file_bytes: bytes,
    filename: str,
    *,
    mapping: Mapping[str, int] | None = None,
    dry_run: bool,
    actor: Actor,
) -> ImportReport:
    """Import a file of departments or enterprises, or (dry run) say what that would do.

    `mapping` is field -> column (from 0); without one the remembered or recognised columns count. Problems are in the
    report, and then nothing is written; a file that cannot be read is an Invalid of the field `file`. Needs a unit of
    work unless it is a dry run.
    """
    kind = ImportKind(kind)
    authorize(actor, PERMISSIONS[kind], Scope())
    opened = open_file(kind, COLUMNS[kind], file_bytes, mapping)
    if kind is ImportKind.DEPARTMENTS:
        departments = departments_by_code(lock=not dry_run)
        known = _known_departments(departments)
    else:
        enterprises = enterprises_by_code(_credit_codes(opened), lock=not dry_run)
        known = _known_enterprises(enterprises)
    plan = make_plan(kind, opened.rows, opened.mapping, opened.heading.texts, known)
    apply = not dry_run and not plan.problems
    if apply:
        if kind is ImportKind.DEPARTMENTS:
            _apply_departments(plan.changes, departments, actor)
        else:
            _apply_enterprises(plan.changes, enterprises, actor)
        remember_mapping(kind, opened.heading, opened.mapping)
        counts = {outcome.value: plan.count(outcome) for outcome in Outcome}
        audit.record(actor, "import.applied", "import", kind.value, after={"file": filename[:200], **counts})
    return ImportReport(kind, filename, opened.heading, opened.mapping, plan, is_applied=apply)


def department_state(department: Department) -> State:
    """A department as an import sees it."""
    return {
        "code": department.code,
        "name": department.name,
        "short_name": department.short_name,
        "name_en": department.name_en,
        "colour": department.colour,
        "phone": department.phone,
        "email": department.email,
        "services": tuple(service.name for service in department.services if service.active),
        "active": department.active,
    }


def enterprise_state(enterprise: Enterprise) -> State:
    """An enterprise as an import sees it."""
    return {
        "credit_code": enterprise.credit_code,
        "name": enterprise.name,
        "short_name": enterprise.short_name,
        "name_en": enterprise.name_en,
        "sub_district": enterprise.sub_district,
        "park": enterprise.park.public_id if enterprise.park else "",
        "address": enterprise.address,
        "size": enterprise.size or "",
        "tags": tuple(sorted(tag.name for tag in enterprise.tags)),
        "note": enterprise.note,
        "active": enterprise.active,
    }


def _known_departments(departments: Mapping[str, Department]) -> Known:
    states = {code: department_state(row) for code, row in departments.items()}
    return Known(states, codes_by_name={state["name"]: code for code, state in states.items()})


def _known_enterprises(enterprises: Mapping[str, Enterprise]) -> Known:
    states = {code: enterprise_state(row) for code, row in enterprises.items()}
    parks: dict[str, str] = {}
    for park in all_parks(include_inactive=True):
        for name in (park.name, fold(park.name), park.short_name, fold(park.short_name)):
            if name:
                parks.setdefault(name, park.public_id)
    parks |= {park.name: park.public_id for park in all_parks(include_inactive=True)}
    return Known(states, parks=parks)


def _credit_codes(opened: OpenedFile) -> set[str]:
    index = opened.mapping.get("credit_code")
    codes: set[str] = set()
    for row in opened.rows:
        if index is None or index >= len(row.cells):
            continue
        try:
            codes.add(parse_credit_code(row.cells[index]).text)
        except Invalid:
            continue  # the plan says so
    return codes


def _apply_departments(changes: tuple[Change, ...], departments: Mapping[str, Department], actor: Actor) -> None:
    for change in changes:
        department = departments.get(change.key)
        if department is None:
            details = check_department(department_details(dict(change.values)))
            department = add_department(details, actor)
        elif change.outcome is Outcome.UPDATED:
            department.require_version(None)
            change_department(department, check_department(department_details(dict(change.values))), actor)
        if department_state(department)["services"] != change.values["services"]:
            offer_services(department, change.values["services"], actor)
        if department.active != change.values["active"]:
            switch_department(department, change.values["active"], actor)


def _apply_enterprises(changes: tuple[Change, ...], enterprises: Mapping[str, Enterprise], actor: Actor) -> None:
    tags = find_or_add_tags(tag for change in changes for tag in change.values["tags"])
    parks: dict[str, Park | None] = {park.public_id: park for park in all_parks(include_inactive=True)}
    added: list[Enterprise] = []
    renamed: list[int] = []
    for change in changes:
        if change.outcome is Outcome.UNCHANGED:
            continue
        details, code = check_enterprise(enterprise_details(dict(change.values)))
        own_tags, park = [tags[name] for name in details.tags], parks.get(details.park)
        enterprise = enterprises.get(change.key)
        if enterprise is None:
            enterprise = build_enterprise(details, code, park, own_tags)
            enterprise.active = change.values["active"]
            added.append(enterprise)
            continue
        enterprise.require_version(None)
        if change_enterprise(enterprise, details, code, park, own_tags, actor):
            renamed.append(enterprise.id)
        if enterprise.active != change.values["active"]:
            switch_enterprise(enterprise, change.values["active"], actor)
    db.session.add_all(added)
    db.session.flush()
    for enterprise in added:
        record_creation(enterprise, actor)
    for start in range(0, len(renamed), BATCH):
        bump_feed_sets(enterprises=renamed[start : start + BATCH])
