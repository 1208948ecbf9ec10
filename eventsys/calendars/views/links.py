"""The page of calendar links: mine, a new one, and the public ones; and how to subscribe to one."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext

from eventsys.calendars.forms import DETAILS, FeedLinkForm, LinkForm, SavedFilterForm
from eventsys.calendars.models import FeedLink
from eventsys.calendars.queries import (
    arguments_of,
    filter_from,
    find_public_feed,
    get_my_link,
    heading_of,
    list_my_links,
    list_organisations,
    list_public_sets,
    list_staff_of,
    read_filter,
)
from eventsys.calendars.rules import LinkKind, Options
from eventsys.calendars.services import change_feed_link, create_feed_link, renew_feed_link, revoke_feed_link
from eventsys.calendars.views.address import address
from eventsys.core.db import unit_of_work
from eventsys.core.errors import NotFound, Refusal
from eventsys.core.installation import installation
from eventsys.core.permissions import Permission, may_somewhere
from eventsys.directory.rules import Topic
from eventsys.slots.models import Edition
from eventsys.web.clients import in_wechat
from eventsys.web.errors import status_of
from eventsys.web.guards import current_actor, public, requires
from eventsys.web.headers import unlisted
from eventsys.web.locale import current_locale, local_name
from eventsys.web.qr import qr_svg

bp = Blueprint("calendars", __name__)


@bp.get("/calendars")
@requires(Permission.USE_INBOX)
def links() -> Response:
    """My links, a form for a new one, the public calendars."""
    return _page(_form())


@bp.get("/calendars/subscribe")
@public
def subscribe() -> str:
    """How to subscribe to the public slots that fit the filters of the home page; who signed in may keep them as a
    link of their own."""
    arguments = arguments_of(filter_from(request.args))
    feed = find_public_feed(filter_from(arguments), Options(locale=current_locale()))
    if feed is None:
        raise NotFound()
    shown = address(_public_path(arguments))
    form = SavedFilterForm(formdata=None, filter=urlencode(arguments)) if arguments and _may_keep() else None
    return render_template(
        "calendars/subscribe.html",
        name=heading_of(feed).name,
        address=shown,
        picture=qr_svg(shown.https, gettext("QR code of the calendar link")),
        in_wechat=in_wechat(),
        asks_places=request.args.get("places") == "1",
        form=form,
    )


@bp.post("/calendars/links")
@requires(Permission.USE_INBOX)
def create_link() -> Response:
    """Make a link and show it: this once, for only its hash is kept."""
    form = _form()
    return _create(form) if form.validate_on_submit() else _page(form, status=422)


@bp.post("/calendars/subscribe")
@requires(Permission.USE_INBOX)
def keep_filter() -> Response:
    """Make a link of one's own to public slots."""
    form = SavedFilterForm()
    if not form.validate_on_submit():
        return _page(_form(), status=422)
    return _create(form)


def _create(form: FeedLinkForm | SavedFilterForm) -> Response:
    try:
        with unit_of_work():
            link, token = create_feed_link(form.to_command(), actor=current_actor())
    except Refusal as error:
        form.refuse(error)
        return _page(form if isinstance(form, FeedLinkForm) else _form(), status=status_of(error))
    return _shown_once(link, token)


@bp.get("/calendars/links/<public_id>")
@requires(Permission.USE_INBOX)
def link(public_id: str) -> str:
    """What one of my links is for and says, to be changed."""
    found = get_my_link(public_id, current_actor())
    return render_template("calendars/link.html", form=LinkForm(obj=found), link=found, name=name_of(found))


@bp.post("/calendars/links/<public_id>")
@requires(Permission.USE_INBOX)
def change_link(public_id: str) -> Response:
    """Change what one of my links is for and says."""
    found, form = get_my_link(public_id, current_actor()), LinkForm()
    page = {"form": form, "link": found, "name": name_of(found)}
    if not form.validate_on_submit():
        return make_response(render_template("calendars/link.html", **page), 422)
    try:
        with unit_of_work():
            change_feed_link(public_id, form.purpose.data or "", form.options(), actor=current_actor())
    except Refusal as error:
        form.refuse(error)
        return make_response(render_template("calendars/link.html", **page), status_of(error))
    flash(gettext("Saved. Calendars show it when they refresh."), "success")
    return redirect(url_for("calendars.links"))  # type: ignore[return-value]


@bp.post("/calendars/links/<public_id>/renew")
@requires(Permission.USE_INBOX)
def renew_link(public_id: str) -> Response:
    """A new address for one of my links; the old one is dead."""
    with unit_of_work():
        found, token = renew_feed_link(public_id, actor=current_actor())
    return _shown_once(found, token)


@bp.post("/calendars/links/<public_id>/revoke")
@requires(Permission.USE_INBOX)
def revoke_link(public_id: str) -> Response:
    """End one of my links at once."""
    with unit_of_work():
        revoke_feed_link(public_id, actor=current_actor())
    flash(gettext("The link was revoked. Calendars that used it are told so at their next visit."), "success")
    return redirect(url_for("calendars.links"))  # type: ignore[return-value]


def _shown_once(found: FeedLink, token: str) -> Response:
    shown = address(url_for("feeds.private", token=token))
    picture = qr_svg(shown.https, gettext("QR code of the calendar link"))
    page = {"link": found, "name": name_of(found), "address": shown, "picture": picture, "in_wechat": in_wechat()}
    answer = make_response(render_template("calendars/new_link.html", **page))
    unlisted(answer)
    return answer


def name_of(found: FeedLink) -> str:
    """Whose calendar a link holds, in words."""
    if found.kind is LinkKind.FILTER:
        feed = find_public_feed(read_filter(found.filter))
        return heading_of(feed).name if feed else gettext("Public slots")
    if found.staff is not None:
        return f"{found.department.short_name if found.department else ''}：{found.staff.name}"
    name = local_name(found.enterprise or found.department)
    return gettext("%(name)s: check-in", name=name) if found.kind is LinkKind.STEWARD else name


def _may_keep() -> bool:
    return may_somewhere(current_actor(), Permission.USE_INBOX)


def _public_path(arguments: dict[str, str]) -> str:
    """The shortest address of public slots, in the reader's language."""
    routes = {
        ("department",): ("feeds.department", "name"),
        ("park",): ("feeds.park", "public_id"),
        ("topic",): ("feeds.topic", "topic"),
        ("edition",): ("feeds.edition", "public_id"),
    }
    lang = {} if current_locale() == installation().locale else {"lang": current_locale()}
    if not arguments:
        return url_for("feeds.everything", **lang)  # type: ignore[arg-type]
    if tuple(arguments) in routes:
        [(name, value)] = arguments.items()
        endpoint, parameter = routes[(name,)]
        return url_for(endpoint, **{parameter: value}, **lang)  # type: ignore[arg-type]
    return url_for("feeds.slots", **arguments, **lang)  # type: ignore[arg-type]


def _form() -> FeedLinkForm:
    form = FeedLinkForm()
    actor = current_actor()
    form.offer(*list_organisations(actor), list_staff_of(actor))
    form.owner.data = form.owner.data or request.args.get("owner")
    return form


def _page(form: FeedLinkForm, status: int = 200) -> Response:
    departments, parks, editions = list_public_sets()
    topics = {Topic.POLICY: gettext("Policy"), Topic.SERVICE: gettext("Services"), Topic.CARE: gettext("Care")}
    sets: list[tuple[str, dict[str, str]]] = [
        (gettext("All public slots"), {}),
        *((_edition_name(one), {"edition": one.public_id}) for one in editions),
        *((name, {"topic": topic.value}) for topic, name in topics.items()),
        *((local_name(one), {"park": one.public_id}) for one in parks),
        *((local_name(one), {"department": one.code}) for one in departments),
    ]
    return make_response(
        render_template(
            "calendars/links.html",
            form=form,
            links=[(found, name_of(found)) for found in list_my_links(current_actor())],
            public=[(name, address(_public_path(arguments)), arguments) for name, arguments in sets],
            details=DETAILS,
            has_staff=bool(list_staff_of(current_actor())),
            in_wechat=in_wechat(),
        ),
        status,
    )


def _edition_name(edition: Edition) -> str:
    return str(gettext("%(series)s, edition %(number)s", series=local_name(edition.series), number=edition.number))
