"""The administration's blueprint, and how its lists and forms are answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid
from eventsys.directory.forms.settings import label_of
from eventsys.directory.forms.words import FIELDS, OBJECTS, PLACE_KINDS, ROLES, SIZES, TOPICS, VERBS
from eventsys.directory.imports.rules import FILE_BYTES_MAX
from eventsys.directory.settings import SETTINGS
from eventsys.web.errors import status_of
from eventsys.web.forms import Form
from eventsys.web.pagination import Page

bp = Blueprint("directory", __name__, url_prefix="/admin")
FILTERS = ("q", "all", "type", "object", "actor", "day", "lang")
UPLOAD_BODY_MAX = FILE_BYTES_MAX + 64 * 1024  # the file and the form around it


@bp.url_value_preprocessor
def allow_a_spreadsheet(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Let the one upload be larger than other bodies; the CSRF check reads it before the view."""
    if endpoint == "directory.upload":
        request.max_content_length = UPLOAD_BODY_MAX


@bp.context_processor
def words() -> dict[str, Any]:
    """What templates call the directory's fields and choices."""
    return {
        "field_words": FIELDS | {key: label_of(setting) for key, setting in SETTINGS.items()},
        "object_words": OBJECTS,
        "verb_words": VERBS,
        "role_words": ROLES,
        "topic_words": TOPICS,
        "place_kind_words": PLACE_KINDS,
        "size_words": SIZES,
    }


def list_page(template: str, find: Callable[..., Page[Any]], **context: Any) -> str:
    """A searched, paged list: `q`, `all` (disabled ones too) and `cursor` of the address."""
    search, include_inactive = request.args.get("q", ""), bool(request.args.get("all"))
    page = find(search, include_inactive=include_inactive, cursor=request.args.get("cursor"))
    return render_template(
        template,
        page=page,
        search=search,
        include_inactive=include_inactive,
        next_url=next_url(page),
        **{name: make(page) if callable(make) else make for name, make in context.items()},
    )


def next_url(page: Page[Any]) -> str | None:
    """The address of the page after this one, with its filters."""
    if page.next is None or request.endpoint is None:
        return None
    kept: dict[str, Any] = {name: request.args[name] for name in FILTERS if name in request.args}
    return url_for(request.endpoint, **kept, cursor=page.next)


def form_page(
    template: str,
    form: Form,
    save: Callable[[], Any],
    done: Callable[[Any], str],
    *,
    present: Callable[[], Mapping[str, Any]] | None = None,
    **context: Any,
) -> str | Response | tuple[str, int]:
    """Show a form, or save it in a unit of work and go where `done` says.

    What a service refuses comes back with everything typed kept. After a stale edit the page lists what differs from
    the `present` values, and the next save counts.
    """
    if not form.is_submitted():
        return render_template(template, form=form, differences=[], **context)
    status, differences = 422, []
    if form.validate():
        try:
            with unit_of_work():
                result = save()
            return redirect(done(result), 303)
        except (Invalid, Conflict) as error:
            db.session.rollback()
            form.refuse(error)
            status = status_of(error)
            if error.code == "stale_edit" and present is not None:
                differences = compare(form, present())
                form["version"].data = str(error.fields["version"])
    return render_template(template, form=form, differences=differences, **context), status


def compare(form: Form, present: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Fields whose stored value is not what was typed, both as a reader sees them."""
    return [
        {
            "label": form[name].label.text,
            "present": _shown(form[name], value),
            "typed": _shown(form[name], form[name].data),
        }
        for name, value in present.items()
        if _shown(form[name], value) != _shown(form[name], form[name].data)
    ]


def _shown(field: Any, value: Any) -> str:
    if field.type == "SelectField":
        return next((str(label) for key, label in field.choices if str(key) == str(value)), "")
    return "" if value is None else str(value)


def switched() -> bool:
    """Whether the button pressed was "enable"."""
    wanted = request.form.get("active", "")
    if wanted not in {"0", "1"}:
        abort(422)
    return wanted == "1"


def say(message: str, tone: str = "good") -> None:
    """Tell the person on the next page."""
    flash(message, tone)
