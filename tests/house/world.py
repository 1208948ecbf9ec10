"""A district with one of everything, and which of it an address speaks of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from itertools import product
from typing import Any

import sqlalchemy as sa
from apiflask import APIFlask
from werkzeug.routing import Rule

from eventsys.accounts.models import ApiToken, SignIn
from eventsys.accounts.rules import SignInKind
from eventsys.bookings.rules import NewPlannedVisit, NewVisitRequest
from eventsys.bookings.services import (
    Reschedule,
    ask_for_visit,
    plan_visit,
    record_no_show,
    reschedule_slot,
    share_token,
)
from eventsys.bookings.services.admission import CLOCKWORK
from eventsys.bookings.services.rescheduling import DAY_OFF, TAKEN
from eventsys.calendars.rules import NewFeedLink
from eventsys.calendars.services import Busy, add_busy_calendar, create_feed_link
from eventsys.checkin.rules import CheckIn
from eventsys.checkin.services import add_photo, check_in, confirm_visit, offer_pairing, pair_device
from eventsys.core.actor import ANYBODY
from eventsys.core.clock import now
from eventsys.core.db import Base, db, unit_of_work
from eventsys.core.tokens import hash_token
from eventsys.directory.commands import StaffDetails
from eventsys.directory.contact_services import make_enterprise_link
from eventsys.directory.imports.uploads import keep_upload
from eventsys.directory.models import Application, Device
from eventsys.directory.services import add_staff
from eventsys.notifications.models import Message
from eventsys.notifications.services import Recipient, enqueue
from eventsys.slots.collection import NewEdition
from eventsys.slots.rules import Audience, AudienceKind, SlotFormat
from eventsys.slots.services import create_run
from eventsys.slots.services.documents import add_file, inspect_file
from eventsys.slots.services.editions import create_edition
from eventsys.slots.services.templates import save_template
from tests import cast
from tests.factories import code_for, make_booking, make_gate, make_slot, new_run, new_slot, soon

UNKNOWN = "zzzzzzzzzzzzy"  # well formed, and nothing has it
VERBS = ("submit", "nothing", "back")  # what a department may answer for an edition
_PARAMETER = re.compile(r"<(?:([^:<>]+):)?([^<>]+)>")


@dataclass(frozen=True)
class World:
    """Public ids by kind: all of the tax department, of the first enterprise or of its contact."""

    ids: dict[str, list[str]]

    def of(self, rule: Rule) -> list[dict[str, str]]:
        """The ways to fill a rule's parameters with what exists."""
        kinds = [(name, kind_of(rule, name)) for name in sorted(rule.arguments)]
        if "kind" in rule.arguments:
            return [{"kind": "departments", "suffix": "csv", "key": key} for key in self.ids["upload"]]
        every = [[(name, value) for value in self.ids[kind]] for name, kind in kinds]
        return [dict(combination) for combination in product(*every)]


KINDS = (
    (r"/t/<", "ticket"),
    (r"/b/<", "share"),
    (r"/e/<", "enterprise_link"),
    (r"/reset/<", "secret"),
    (r"/feeds/private/<", "secret"),
    (r"/feeds/topics/<", "topic"),
    (r"/(feeds/|admin/)?departments/<", "department"),
    (r"/(feeds/|admin/)?parks/<", "park"),
    (r"/admin/places/<", "place"),
    (r"/admin/services/<", "service"),
    (r"/admin/staff/<", "staff"),
    (r"/admin/people/<", "person"),
    (r"/admin/memberships/<|/contacts/<", "membership"),
    (r"/admin/applications/<", "application"),
    (r"/(admin/)?enterprises/<", "enterprise"),
    (r"/(desk/)?slots/<", "slot"),
    (r"/desk/changes/<", "change"),
    (r"/desk/runs/<", "run"),
    (r"/desk/templates/<", "template"),
    (r"/bookings/<", "booking"),
    (r"/requests/<", "request"),
    (r"/(desk/|feeds/)?editions/<", "edition"),
    (r"/gate/open/<|/c/<|/v/<|/w/<|/r/<", "secret"),
    (r"/gates/<", "gate"),
    (r"/checkins/<", "scan"),
    (r"/devices/<", "device"),
    (r"/inbox/<", "message"),
    (r"/account/tokens/<", "api_token"),
    (r"/account/sessions/<", "sign_in"),
    (r"/calendars/links/<", "feed_link"),
    (r"/calendars/busy/<", "busy_calendar"),
)


def kind_of(rule: Rule, name: str) -> str:
    """What a parameter names; LookupError for a new sort of address, which belongs into KINDS."""
    if name in {"kind", "suffix", "key", "verb"}:
        return name
    if name in {"document", "photo"}:
        return name
    if name == "department":
        return "department"
    if name == "phone":
        return "phone"
    if name == "scan_id":
        return "scan"
    for pattern, kind in KINDS:
        if re.match(pattern, rule.rule.removeprefix("/api/v1")):
            return kind
    raise LookupError(rule.rule)


def path_of(rule: Rule, values: dict[str, str]) -> str:
    """The rule's address with these values."""
    return _PARAMETER.sub(lambda part: values.get(part[2], "departments"), rule.rule)


def unknown_path(rule: Rule) -> str:
    """The rule's address with ids that nothing has."""
    fixed = {"kind": "departments", "suffix": "csv", "verb": VERBS[0]}
    return _PARAMETER.sub(lambda part: fixed.get(part[2], UNKNOWN), rule.rule)


def build_world(app: APIFlask) -> World:
    """One of everything."""
    own_window = {"closes_at": None, "cancel_until": None, "names_until": None}
    slot = make_slot(starts_at=now() + timedelta(hours=1), **own_window)
    later, draft = make_slot(), make_slot(publish=False)
    hidden = make_slot(audience=Audience(AudienceKind.NAMED, enterprises=(cast.ACME,)))
    visit = make_slot(format=SlotFormat.VISIT, capacity=1, starts_at=now() + timedelta(minutes=30), **own_window)
    visited = make_booking(visit, cast.COLLEAGUE)
    booking, later_booking = make_booking(slot, names=("王一", "李二")), make_booking(later)
    gate, _token = make_gate(slot)
    with unit_of_work():
        _pairing, secret = offer_pairing(gate.public_id, may_override=False, may_search=True, actor=cast.STEWARD.actor)
        phone, _token = pair_device(secret, "手机", actor=ANYBODY)
        answer = check_in(
            CheckIn(code_for(booking), "nonce-of-the-world", gate=gate.public_id), actor=cast.STEWARD.actor
        )
        link, _secret = create_feed_link(NewFeedLink(enterprise=cast.ACME), actor=cast.CONTACT.actor)
        enqueue("new_device", [Recipient(person=cast.CONTACT.id)], {"enterprise": "甲", "name": "丁"})
        token = ApiToken(name="t", token_hash=hash_token("evt_w"), person_id=cast.CONTACT.id, scopes=["slots:read"])
        sign_in = SignIn(
            key_hash=hash_token("the device"),
            person_id=cast.CONTACT.id,
            kind=SignInKind.DEVICE,
            seen_at=now(),
            expires_at=now() + timedelta(days=180),
        )
        application = Application(
            credit_code="91350299MA00000043", enterprise_name="丁公司", person_name="新", mobile="+8613800138099"
        )
        db.session.add_all([token, sign_in, application])
        db.session.flush()
        device = Device(sign_in_id=sign_in.id, membership_id=cast.CONTACT.id)
        db.session.add(device)
        record_no_show(later_booking, later, actor=CLOCKWORK)
        request = ask_for_visit(NewVisitRequest(cast.ACME, cast.TAX, "请来一趟"), actor=cast.CONTACT.actor)
        planned = plan_visit(NewPlannedVisit(cast.ACME, new_slot(starts_at=soon(9))), actor=cast.CLERK.actor)
        edition = create_edition(_edition(), actor=cast.COORDINATOR.actor)
        run = create_run(new_run(), actor=cast.CLERK.actor)
        to = draft.starts_at + timedelta(days=1)
        dragged = Reschedule(
            draft.public_id, to, to + timedelta(minutes=90), draft.version, frozenset({DAY_OFF, TAKEN})
        )
        change = reschedule_slot(dragged, actor=cast.CLERK.actor).change
        template = save_template(draft.public_id, "样板", actor=cast.CLERK.actor)
        member = add_staff(cast.fixed_id("d", cast.TAX), StaffDetails("陈一", "科长"), actor=cast.CLERK.actor)
        busy = add_busy_calendar(member.public_id, "https://a.example/b.ics", Busy(()), actor=cast.CLERK.actor)
        pdf = BytesIO(b"%PDF-1.7\n")
        document = add_file(draft.public_id, "", "办事指南.pdf", inspect_file(pdf), pdf, actor=cast.CLERK.actor)
        confirm_visit(visited.public_id, actor=cast.CLERK.actor)
        photo = add_photo(visited.public_id, 1, 1, b"jpeg", actor=cast.CLERK.actor)
        enterprise_link = make_enterprise_link(cast.ACME, actor=cast.CONTACT.actor)
    sheet = "场次名称,日期,开始\n世界,12月3日,15:00\n".encode()
    slot_sheet = keep_upload(app.config["EVENTSYS"].home / "uploads", cast.CLERK.id, sheet, "s.csv")
    upload = keep_upload(app.config["EVENTSYS"].home / "uploads", cast.ADMINISTRATOR.id, b"a,b\n", "x.csv")
    message = db.session.scalars(sa.select(Message.public_id).where(Message.person_id == cast.CONTACT.id)).first()
    assert answer.scan is not None
    assert message is not None
    assert change is not None
    return World(
        {
            "slot": [draft.public_id, hidden.public_id, slot.public_id, later.public_id, planned.slot.public_id],
            "booking": [later_booking.public_id, booking.public_id, planned.public_id],
            "ticket": [code_for(later_booking), code_for(booking, 1)],
            "share": [share_token(later_booking)],
            "request": [request.public_id],
            "edition": [edition.public_id],
            "topic": ["policy"],
            "verb": list(VERBS),
            "run": [run.public_id],
            "change": [change],
            "template": [template.public_id],
            "gate": [gate.public_id],
            "phone": [phone.public_id],
            "scan": [answer.scan.public_id],
            "feed_link": [link.public_id],
            "busy_calendar": [busy.public_id],
            "device": [device.public_id],
            "membership": [cast.fixed_id("m", cast.COLLEAGUE.id)],
            "message": [message],
            "api_token": [token.public_id],
            "sign_in": [sign_in.public_id],
            "application": [application.public_id],
            "upload": [upload],
            "key": [slot_sheet],
            "enterprise_link": [enterprise_link],
            "secret": [UNKNOWN],
            "department": [cast.fixed_id("d", cast.TAX)],
            "enterprise": [cast.fixed_id("e", cast.ACME)],
            "park": [cast.fixed_id("k", cast.SOFTWARE_PARK)],
            "place": [cast.fixed_id("l", cast.CENTRE)],
            "document": [document.public_id],
            "photo": [photo.public_id],
            "staff": [member.public_id],
            "service": [cast.fixed_id("s", 1)],
            "person": [cast.COLLEAGUE.public_id],
        }
    )


def _edition() -> NewEdition:
    today = now().date()
    days = {"starts_on": today, "ends_on": today + timedelta(days=30)}
    return NewEdition(1, **days, collects_until=now() + timedelta(days=2), opens_at=now() + timedelta(days=3))


def rows_of(*left_out: str) -> dict[str, list[Any]]:
    """Every row of every table but `left_out`."""
    db.session.rollback()
    found = {}
    for table in Base.metadata.sorted_tables:
        if table.name not in left_out:
            found[table.name] = sorted(map(repr, db.session.execute(sa.select(table))))
    db.session.rollback()
    return found
