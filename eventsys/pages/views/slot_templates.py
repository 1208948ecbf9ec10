"""Templates of a department: keep a slot as one, start from one, rename and delete."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from eventsys.core.db import unit_of_work
from eventsys.core.errors import Invalid, NotFound, Refusal
from eventsys.core.permissions import Permission
from eventsys.pages.forms.slot_templates import TemplateForm
from eventsys.pages.views.blueprint import get_slot_for, slots_bp
from eventsys.slots.queries.templates import get_template, list_templates
from eventsys.slots.services.templates import delete_template, rename_template, save_template
from eventsys.web.errors import status_of
from eventsys.web.guards import current_actor, requires
from eventsys.web.wording import sentence


@slots_bp.get("/desk/templates")
@requires(Permission.CREATE_SLOT)
def templates() -> str:
    """The templates of the actor's departments."""
    return render_template("slots/templates.html", templates=list_templates(current_actor()))


@slots_bp.get("/slots/<public_id>/template")
@requires(Permission.CREATE_SLOT)
def template_form(public_id: str) -> Response:
    """Ask for the name under which a slot is kept."""
    slot = get_slot_for(public_id, current_actor(), Permission.CREATE_SLOT)
    return _form_page(public_id, TemplateForm(data={"name": slot.title}))


@slots_bp.post("/slots/<public_id>/template")
@requires(Permission.CREATE_SLOT)
def keep_template(public_id: str) -> Response:
    """Keep a slot as a template of its department."""
    form = TemplateForm()
    if not form.validate():
        return _form_page(public_id, form)
    try:
        with unit_of_work():
            save_template(public_id, form.name.data or "", actor=current_actor())
    except NotFound:
        raise
    except Refusal as error:
        return _form_page(public_id, form, error)
    flash(gettext("The template is saved. Every clerk of the department can start from it."), "success")
    return redirect(url_for("slots.templates"), 303)


@slots_bp.get("/desk/templates/<public_id>")
@requires(Permission.CREATE_SLOT)
def template(public_id: str) -> Response:
    """A template's name to change, and its end."""
    found = get_template(public_id, current_actor())
    form = TemplateForm(data={"name": found.name, "version": found.version})
    return make_response(render_template("slots/template.html", template=found, form=form))


@slots_bp.post("/desk/templates/<public_id>")
@requires(Permission.CREATE_SLOT)
def rename(public_id: str) -> Response:
    """Give a template another name."""
    found, form = get_template(public_id, current_actor()), TemplateForm()
    seen = int(form.version.data) if (form.version.data or "").isdecimal() else 0
    error: Refusal | None = None
    if form.validate():
        try:
            with unit_of_work():
                rename_template(public_id, form.name.data or "", seen, actor=current_actor())
        except NotFound:
            raise
        except Refusal as refused:
            error = refused
            form.refuse(refused)
            found = get_template(public_id, current_actor())
            form.version.data, form.version.raw_data = str(found.version), None
        else:
            flash(gettext("The changes are saved."), "success")
            return redirect(url_for("slots.templates"), 303)
    page = render_template("slots/template.html", template=found, form=form)
    return make_response(page, status_of(error) if error else 422)


@slots_bp.post("/desk/templates/<public_id>/delete")
@requires(Permission.CREATE_SLOT)
def remove_template(public_id: str) -> Response:
    """Delete a template for good."""
    with unit_of_work():
        delete_template(public_id, actor=current_actor())
    flash(gettext("The template is deleted. Slots made from it stay."), "success")
    return redirect(url_for("slots.templates"), 303)


def _form_page(public_id: str, form: TemplateForm, error: Refusal | None = None) -> Response:
    slot = get_slot_for(public_id, current_actor(), Permission.CREATE_SLOT)
    if isinstance(error, Invalid):
        form.refuse(error)
    extra = [{"text": sentence(error.code, error.fields)}] if error and not isinstance(error, Invalid) else []
    status = status_of(error) if error else (422 if form.errors and request.method == "POST" else 200)
    return make_response(render_template("slots/keep_template.html", form=form, slot=slot, extra=extra), status)
