"""Keep a slot as a template of its department, rename and delete templates."""

from __future__ import annotations

from eventsys.core import audit
from eventsys.core.actor import Actor
from eventsys.core.db import db
from eventsys.core.errors import Conflict, Invalid
from eventsys.core.permissions import Permission
from eventsys.core.text import clean_line
from eventsys.slots.models import SlotTemplate
from eventsys.slots.queries import command_of, get_slot_of
from eventsys.slots.queries.templates import count_templates, find_template_named, get_template
from eventsys.slots.rules import TITLE_MAX
from eventsys.slots.templates import TEMPLATES_MAX, as_template


def save_template(slot: str, name: str, *, actor: Actor) -> SlotTemplate:
    """Keep a slot (public id) under a name as a template of its lead department. The same once more is no second one;
    another slot under a name that is taken is an Invalid of the field `name`."""
    source = get_slot_of(slot, actor, Permission.CREATE_SLOT)
    name = clean_line(name, "name", TITLE_MAX, required=True)
    kept = as_template(command_of(source))
    found = find_template_named(source.department_id, name)
    if found is not None and found.kept == kept:
        return found
    if found is not None:
        raise Invalid("name_taken", field="name")
    if count_templates(source.department_id) >= TEMPLATES_MAX:
        raise Conflict("templates_full", limit=TEMPLATES_MAX)
    template = SlotTemplate(department_id=source.department_id, name=name, kept=kept, created_by_id=actor.person)
    db.session.add(template)
    db.session.flush()
    audit.record(
        actor, "slot_template.created", "slot_template", template.public_id, after={"name": name, "slot": slot}
    )
    return template


def rename_template(public_id: str, name: str, version: int | None, *, actor: Actor) -> SlotTemplate:
    """Give a template another name; Conflict for a stale version, Invalid for a name that is taken."""
    template = get_template(public_id, actor, lock=True)
    name = clean_line(name, "name", TITLE_MAX, required=True)
    if name == template.name:
        return template
    if find_template_named(template.department_id, name) is not None:
        raise Invalid("name_taken", field="name")
    template.require_version(version)
    before, template.name = template.name, name
    db.session.flush()
    old, new = {"name": before}, {"name": name}
    audit.record(actor, "slot_template.changed", "slot_template", public_id, before=old, after=new)
    return template


def delete_template(public_id: str, *, actor: Actor) -> None:
    """Delete a template for good; slots made from it stay."""
    template = get_template(public_id, actor, lock=True)
    db.session.delete(template)
    db.session.flush()
    audit.record(actor, "slot_template.deleted", "slot_template", public_id, before={"name": template.name})
