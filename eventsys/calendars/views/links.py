"""The page of calendar links: mine, a new one, and the public ones."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from markupsafe import Markup

from eventsys.calendars.forms import FeedLinkForm
from eventsys.calendars.queries import list_my_links, list_organisations, list_public_sets, list_staff_of
from eventsys.calendars.rules import client_name
from eventsys.calendars.services import create_feed_link, revoke_feed_link
from eventsys.core.db import unit_of_work
from eventsys.core.errors import Refusal
from eventsys.core.installation import absolute_url
from eventsys.core.permissions import Permission
from eventsys.web.errors import status_of
from eventsys.web.guards import current_actor, requires
from eventsys.web.qr import qr_svg

bp = Blueprint("calendars", __name__)


@dataclass(frozen=True, slots=True)
class Address:
    """A feed's address as a browser and as a calendar programme takes it."""

    https: str

    @property
    def webcal(self) -> str:
        """The address that opens the calendar programme."""
        return "webcal://" + self.https.partition("://")[2]


def address(path: str) -> Address:
    """The address of a feed's path."""
    return Address(absolute_url(path))


@bp.get("/calendars")
@requires(Permission.USE_INBOX)
def links() -> Response:
    """My links, a form for a new one, the public calendars."""
    return _page(_form())


@bp.post("/calendars/links")
@requires(Permission.USE_INBOX)
def create_link() -> Response:
    """Make a link and show it: this once, for only its hash is kept."""
    form = _form()
    if not form.validate_on_submit():
        return _page(form, status=422)
    try:
        with unit_of_work():
            link, token = create_feed_link(form.to_command(), actor=current_actor())
    except Refusal as error:
        form.refuse(error)
        return _page(form, status=status_of(error))
    shown = address(url_for("feeds.private", token=token))
    picture: Markup = qr_svg(shown.https, gettext("QR code of the calendar link"))
    answer = make_response(
        render_template("calendars/new_link.html", link=link, address=shown, picture=picture, in_wechat=_in_wechat())
    )
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


@bp.post("/calendars/links/<public_id>/revoke")
@requires(Permission.USE_INBOX)
def revoke_link(public_id: str) -> Response:
    """End one of my links at once."""
    with unit_of_work():
        revoke_feed_link(public_id, actor=current_actor())
    flash(gettext("The link was revoked. Calendars that used it are told so at their next visit."), "success")
    return redirect(url_for("calendars.links"))  # type: ignore[return-value]


def _form() -> FeedLinkForm:
    form = FeedLinkForm()
    actor = current_actor()
    form.offer(*list_organisations(actor), list_staff_of(actor))
    form.owner.data = form.owner.data or request.args.get("owner")
    return form


def _page(form: FeedLinkForm, status: int = 200) -> Response:
    departments, parks = list_public_sets()
    return make_response(
        render_template(
            "calendars/links.html",
            form=form,
            links=list_my_links(current_actor()),
            everything=address(url_for("feeds.everything")),
            departments=[(one, address(url_for("feeds.department", name=one.code))) for one in departments],
            parks=[(one, address(url_for("feeds.park", public_id=one.public_id))) for one in parks],
            client_name=client_name,
            in_wechat=_in_wechat(),
        ),
        status,
    )


def _in_wechat() -> bool:
    """WeChat's browser opens neither .ics files nor webcal addresses."""
    return "MicroMessenger" in request.user_agent.string
