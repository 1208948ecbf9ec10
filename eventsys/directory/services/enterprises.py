"""Enterprises and their tags."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.db import db
from eventsys.core.errors import Invalid
from eventsys.core.permissions import Permission, Scope, authorize
from eventsys.core.search import search_text
from eventsys.directory.commands import EnterpriseDetails, check_enterprise
from eventsys.directory.feed_sets import bump_feed_sets
from eventsys.directory.models import Enterprise, Park, Tag
from eventsys.directory.queries.organisations import find_park, lock_row
from eventsys.directory.rules import CreditCode, EnterpriseSize

EDITED = ("name", "short_name", "name_en", "sub_district", "address", "note")
SHOWN_IN_FEEDS = {"name", "short_name", "name_en"}


def create_enterprise(command: EnterpriseDetails, *, actor: Actor) -> Enterprise:
    """A new enterprise. A failing check digit is kept in `is_code_checked` for the caller to warn about."""
    authorize(actor, Permission.EDIT_ENTERPRISE, Scope())
    details, code = check_enterprise(command)
    _require_free_code(code.text)
    enterprise = build_enterprise(details, code, _park(details.park), list(find_or_add_tags(details.tags).values()))
    db.session.add(enterprise)
    db.session.flush()
    record_creation(enterprise, actor)
    return enterprise


def build_enterprise(details: EnterpriseDetails, code: CreditCode, park: Park | None, tags: list[Tag]) -> Enterprise:
    """A row not yet added, of checked details; imports use it too."""
    enterprise = Enterprise(tags=[])
    _write(enterprise, details, code, park, tags)
    return enterprise


def record_creation(enterprise: Enterprise, actor: Actor) -> None:
    """Put the flushed enterprise's creation into the trail."""
    audit.record(actor, "enterprise.created", "enterprise", enterprise.public_id, after=state_of(enterprise))


def edit_enterprise(public_id: str, command: EnterpriseDetails, version: int | None, *, actor: Actor) -> Enterprise:
    """Change an enterprise. Conflict `stale_edit` when `version` is not the present one."""
    authorize(actor, Permission.EDIT_ENTERPRISE, Scope())
    enterprise = lock_row(Enterprise, public_id)
    details, code = check_enterprise(command)
    enterprise.require_version(version)
    if code.text != enterprise.credit_code:
        _require_free_code(code.text)
    tags = list(find_or_add_tags(details.tags).values())
    if change_enterprise(enterprise, details, code, _park(details.park), tags, actor):
        bump_feed_sets(enterprises=[enterprise.id])
    db.session.flush()
    return enterprise


def change_enterprise(
    enterprise: Enterprise,
    details: EnterpriseDetails,
    code: CreditCode,
    park: Park | None,
    tags: list[Tag],
    actor: Actor,
) -> bool:
    """Write checked details into a locked enterprise, imports too; whether its calendar shows a difference."""
    before = state_of(enterprise)
    _write(enterprise, details, code, park, tags)
    was, now_is = audit.changes(before, state_of(enterprise))
    if now_is:
        audit.record(actor, "enterprise.edited", "enterprise", enterprise.public_id, before=was, after=now_is)
    return bool(SHOWN_IN_FEEDS & now_is.keys())


def set_enterprise_active(public_id: str, active: bool, *, actor: Actor) -> Enterprise:
    """Disable or enable an enterprise; saying it twice changes nothing. Its contacts' roles rest while disabled."""
    authorize(actor, Permission.EDIT_ENTERPRISE, Scope())
    enterprise = lock_row(Enterprise, public_id)
    if enterprise.active != active:
        switch_enterprise(enterprise, active, actor)
    return enterprise


def switch_enterprise(enterprise: Enterprise, active: bool, actor: Actor) -> None:
    """Set a locked enterprise's state; imports use it too."""
    enterprise.active = active
    enterprise.version += 1
    action = "enterprise.enabled" if active else "enterprise.disabled"
    audit.record(
        actor, action, "enterprise", enterprise.public_id, before={"active": not active}, after={"active": active}
    )


def find_or_add_tags(names: Iterable[str]) -> dict[str, Tag]:
    """The tags of these names; new ones are made."""
    wanted = list(dict.fromkeys(names))
    found = {tag.name: tag for tag in db.session.scalars(select(Tag).where(Tag.name.in_(wanted)))}
    for name in wanted:
        if name not in found:
            found[name] = Tag(name=name)
            db.session.add(found[name])
    db.session.flush()
    return {name: found[name] for name in wanted}


def state_of(enterprise: Enterprise) -> dict[str, Any]:
    """What an audit entry says of an enterprise."""
    return {
        "credit_code": enterprise.credit_code,
        **{name: getattr(enterprise, name) for name in EDITED},
        "park": enterprise.park.name if enterprise.park else "",
        "size": enterprise.size,
        "tags": sorted(tag.name for tag in enterprise.tags),
    }


def _write(
    enterprise: Enterprise, details: EnterpriseDetails, code: CreditCode, park: Park | None, tags: list[Tag]
) -> None:
    enterprise.credit_code, enterprise.is_code_checked = code.text, code.is_checked
    for name in EDITED:
        setattr(enterprise, name, getattr(details, name))
    enterprise.park = park
    enterprise.size = EnterpriseSize(details.size) if details.size else None
    if {tag.name for tag in enterprise.tags} != {tag.name for tag in tags}:
        enterprise.tags = tags
    enterprise.search_text = search_text(enterprise.name, enterprise.short_name, enterprise.name_en)


def _park(public_id: str) -> Park | None:
    if not public_id:
        return None
    park = find_park(public_id)
    if park is None:
        raise Invalid("unknown_park", field="park")
    return park


def _require_free_code(code: str) -> None:
    if db.session.scalar(select(Enterprise.id).where(Enterprise.credit_code == code)):
        raise Invalid("credit_code_taken", field="credit_code")
