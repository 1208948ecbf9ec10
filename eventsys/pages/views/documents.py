"""Documents of a slot: the department adds and removes them, whoever may see the slot reads them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

from flask import Flask, current_app, flash, make_response, redirect, render_template, request, url_for
from flask import Response as FlaskResponse
from flask_babel import gettext
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from eventsys.core.db import unit_of_work
from eventsys.core.errors import NotFound, Refusal
from eventsys.core.permissions import Permission
from eventsys.pages.forms.documents import FileForm, LinkForm
from eventsys.pages.views.blueprint import get_slot_for, slots_bp
from eventsys.slots.documents import FILE_BYTES_MAX, MEDIA_TYPES
from eventsys.slots.models import Document
from eventsys.slots.queries import get_visible_slot
from eventsys.slots.queries.documents import get_document, list_documents, read_part
from eventsys.slots.services.documents import add_file, add_link, inspect_file, remove_document
from eventsys.web.errors import status_of
from eventsys.web.forms import Form
from eventsys.web.guards import current_actor, public, requires

UPLOAD_BODY_MAX = FILE_BYTES_MAX + 64 * 1024  # the file and the form around it
SAFELY = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
}


@slots_bp.url_value_preprocessor
def allow_a_file(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Let the one upload be larger than other bodies; the CSRF check reads it before the view."""
    if endpoint == "slots.upload_document":
        request.max_content_length = UPLOAD_BODY_MAX


@slots_bp.get("/slots/<public_id>/documents")
@requires(Permission.EDIT_SLOT)
def documents(public_id: str) -> Response:
    """The documents with a way to remove each, and the forms to add a link or a file."""
    return _page(public_id, LinkForm(formdata=None), FileForm(formdata=None))


@slots_bp.post("/slots/<public_id>/documents/links")
@requires(Permission.EDIT_SLOT)
def link_document(public_id: str) -> Response:
    """Add a link."""
    get_slot_for(public_id, current_actor(), Permission.EDIT_SLOT)
    form = LinkForm()
    if not form.validate():
        return _page(public_id, form, FileForm(formdata=None), 422)
    try:
        with unit_of_work():
            add_link(public_id, form.title.data or "", form.url.data or "", actor=current_actor())
    except Refusal as error:
        return _refused(public_id, form, error)
    return _added(public_id)


@slots_bp.post("/slots/<public_id>/documents/files")
@requires(Permission.EDIT_SLOT)
def upload_document(public_id: str) -> Response:
    """Take a file in."""
    get_slot_for(public_id, current_actor(), Permission.EDIT_SLOT)
    form = FileForm()
    if not form.validate():
        return _page(public_id, LinkForm(formdata=None), form, 422)
    sent: FileStorage = form.file.data
    try:
        facts = inspect_file(sent.stream)
        with unit_of_work():
            title, name = form.caption.data or "", sent.filename or ""
            add_file(public_id, title, name, facts, sent.stream, actor=current_actor())
    except Refusal as error:
        return _refused(public_id, form, error)
    return _added(public_id)


@slots_bp.post("/slots/<public_id>/documents/<document>/remove")
@requires(Permission.EDIT_SLOT)
def drop_document(public_id: str, document: str) -> Response:
    """Remove a document; a second press finds it gone."""
    with unit_of_work():
        remove_document(public_id, document, actor=current_actor())
    flash(gettext("The document is removed."), "success")
    return redirect(url_for("slots.documents", public_id=public_id), 303)


@slots_bp.get("/slots/<public_id>/documents/<document>")
@public
def document(public_id: str, document: str) -> Response:
    """The file, as a download, for whoever may see the slot."""
    found = get_document(get_visible_slot(public_id, current_actor(), in_detail=False), document)
    if found.kind is None:
        raise NotFound()
    answer = FlaskResponse(content_type=MEDIA_TYPES[found.kind])
    answer.headers.update(SAFELY)
    plain, full = f"document.{found.kind.value}", quote(found.file_name, safe="")  # RFC 6266: the first for old clients
    answer.headers["Content-Disposition"] = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{full}"
    answer.set_etag(found.digest)
    if request.if_none_match.contains_weak(found.digest):
        answer.status_code = 304
        return answer
    answer.content_length = found.size
    if request.method != "HEAD":
        answer.response = _pieces(current_app._get_current_object(), found.id)  # type: ignore[attr-defined]
    return answer


def _pieces(app: Flask, document: int) -> Iterator[bytes]:
    """The file piece by piece, each with a session of its own: between two no connection to the database is held."""
    position = 0
    while True:
        with app.app_context():
            piece = read_part(document, position)
        if piece is None:
            return
        yield piece
        position += 1


@slots_bp.app_template_filter("host")
def host(url: str) -> str:
    """The host of a link, so that people see where it leads."""
    return urlsplit(url).hostname or ""


def _refused(public_id: str, form: LinkForm | FileForm, error: Refusal) -> Response:
    if isinstance(error, NotFound):
        raise error
    form.refuse(error)
    link, file = (form, FileForm(formdata=None)) if isinstance(form, LinkForm) else (LinkForm(formdata=None), form)
    return _page(public_id, link, file, status_of(error))


def _page(public_id: str, link: Form, file: Form, status: int = 200) -> Response:
    slot = get_slot_for(public_id, current_actor(), Permission.EDIT_SLOT)
    rows: list[Document] = list(list_documents(slot))
    page = render_template("slots/documents.html", slot=slot, documents=rows, link=link, file=file)
    return make_response(page, status)


def _added(public_id: str) -> Response:
    flash(gettext("The document is added."), "success")
    return redirect(url_for("slots.documents", public_id=public_id), 303)
