"""Two months of slots, past and to come, with bookings and check-ins: plausible, and different each department.

The past cannot be made by services, which refuse it, so rows are written here as services would have left them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from eventsys.bookings.keys import current_key_id
from eventsys.bookings.models import Attendee, Booking
from eventsys.bookings.rules import BookingChannel, BookingState
from eventsys.bookings.tickets import new_typed_code
from eventsys.checkin.models import Gate, Scan
from eventsys.checkin.rules import ScanResult
from eventsys.cli.application import COMMAND_LINE
from eventsys.cli.demo.district import DemoDistrict
from eventsys.core import audit
from eventsys.core.clock import now
from eventsys.core.db import db
from eventsys.core.ids import new_public_id
from eventsys.core.installation import installation
from eventsys.core.tokens import hash_token, new_token
from eventsys.directory.models import Department, Enterprise, Place, Service
from eventsys.directory.rules import Topic
from eventsys.directory.settings import Settings
from eventsys.slots.models import Edition, Slot
from eventsys.slots.rules import SlotFormat, SlotState, default_window, month_of
from eventsys.workdays.rules import OFFICIAL

EACH_EDITION = 2  # bookings of an enterprise
FIRST_EDITION = 4  # the edition of the first month shown
FORMATS = ((SlotFormat.SESSION, 45), (SlotFormat.VISIT, 35), (SlotFormat.ONLINE, 20))
HOURS = ((9, 0), (9, 30), (10, 0), (14, 30), (15, 0), (16, 0))
SURNAMES = "陈林黄张李王吴刘蔡杨许郑谢郭洪邱曾廖赖徐"
TITLES = {
    SlotFormat.VISIT: "{service}上门服务",
    SlotFormat.SESSION: "{service}专场",
    SlotFormat.ONLINE: "{service}线上答疑",
}
TITLES_EN = {
    SlotFormat.VISIT: "{service}: on-site visit",
    SlotFormat.SESSION: "{service}: group session",
    SlotFormat.ONLINE: "{service}: online Q&A",
}


@dataclass(frozen=True, slots=True)
class Day:
    """A working day with its place in time."""

    on: date
    edition: Edition


@dataclass
class Shares:
    """How much each enterprise has had: less than its quotas, so that everybody can still book something."""

    editions: Counter[tuple[int, int]] = field(default_factory=Counter)
    departments: set[tuple[int, int, int]] = field(default_factory=set)

    def take(self, slot: Slot, enterprise: Enterprise) -> bool:
        """Whether the enterprise may have the slot, which is noted."""
        edition = (enterprise.id, slot.edition.id if slot.edition else 0)
        department = (enterprise.id, slot.department.id, slot.month)
        if self.editions[edition] >= EACH_EDITION or department in self.departments:
            return False
        self.editions[edition] += 1
        self.departments.add(department)
        return True


def write_activity(district: DemoDistrict, months: int, random: Random) -> None:
    """Add slots from `months` / 2 months ago to as far ahead, and one today."""
    zone = installation().zone
    today = now().astimezone(zone).date()
    half = timedelta(days=round(15.25 * months))
    days = list(_days(district, today - half, today + half))
    slots = [
        slot for department in district.departments for slot in _slots_of(department, district, days, random, zone)
    ]
    slots.append(_slot_today(district, zone, days[0].edition))
    db.session.add_all(slots)
    db.session.flush()
    shares = Shares()
    for slot in slots:
        if slot.state is not SlotState.DRAFT:
            _fill(slot, district.enterprises, shares, random)
    db.session.flush()


def _days(district: DemoDistrict, first: date, last: date) -> Iterator[Day]:
    """Working days of the span, each in its month's edition."""
    editions: dict[tuple[int, int], Edition] = {}
    day = first
    while day <= last:
        month = (day.year, day.month)
        if month not in editions:
            start = day.replace(day=1)
            end = (start + timedelta(days=32)).replace(day=1) - timedelta(days=1)
            number = FIRST_EDITION + len(editions)
            editions[month] = Edition(series=district.series, number=number, starts_on=start, ends_on=end)
            db.session.add(editions[month])
        if OFFICIAL.is_workday(day):
            yield Day(day, editions[month])
        day += timedelta(days=1)
    db.session.flush()


def _slots_of(
    department: Department, district: DemoDistrict, days: list[Day], random: Random, zone: ZoneInfo
) -> Iterator[Slot]:
    """A department's slots: some are busy, some quiet, and each has its weekday."""
    weekday, share = random.randrange(5), random.choice((0.6, 0.8, 1.0))
    for day in days:
        if random.random() < (share if day.on.weekday() == weekday else share / 2):
            kind = random.choices([kind for kind, _ in FORMATS], [weight for _, weight in FORMATS])[0]
            hour, minute = random.choice(HOURS)
            starts_at = datetime.combine(day.on, time(hour, minute), zone)
            service = random.choice(department.services)
            yield _slot(department, service, kind, starts_at, random.choice(district.places), day.edition, random)


def _slot(
    department: Department,
    service: Service,
    kind: SlotFormat,
    starts_at: datetime,
    place: Place,
    edition: Edition,
    random: Random,
) -> Slot:
    settings = Settings()
    defaults = settings.of_format(kind)
    made_at = starts_at - timedelta(days=20)
    window = default_window(defaults, starts_at, OFFICIAL, installation().zone, min(now(), made_at))
    is_past = starts_at <= now()
    state = SlotState.PUBLISHED if is_past or random.random() > 0.08 else SlotState.DRAFT
    held_at = place if kind is SlotFormat.SESSION else None
    topic = Topic.SERVICE if service.topic is Topic.CARE and kind is SlotFormat.VISIT else service.topic
    slot = Slot(
        public_id=new_public_id(),
        state=state,
        title=TITLES[kind].format(service=service.name),
        title_en=TITLES_EN[kind].format(service=service.name_en),
        description=f"{department.name}为互联网企业提供{service.name}，现场解答，后续跟进。",
        topic=topic,
        format=kind,
        department=department,
        services=[service],
        edition=edition,
        place=held_at,
        park_id=held_at.park_id if held_at else None,
        place_text="" if held_at else "企业所在地" if kind is SlotFormat.VISIT else "",
        online_url="https://meeting.example/siming" if kind is SlotFormat.ONLINE else "",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=defaults.minutes),
        closes_at=window.closes_at,
        cancel_until=window.cancel_until,
        names_until=window.names_until,
        queue_until=window.queue_until,
        month=month_of(starts_at, installation().zone),
        quota_month=settings.quota_month,
        quota_edition=settings.quota_edition,
        quota_open=settings.quota_open,
        capacity=defaults.capacity,
        attendee_capacity=defaults.attendee_capacity or None,
        party_max=defaults.party_max or None,
        audience={"parks": [], "tags": [], "sub_districts": [], "sizes": []},
        created_at=made_at,
        changed_at=made_at,
        published_at=made_at if state is SlotState.PUBLISHED else None,
    )
    if is_past and random.random() < 0.03:
        slot.state, slot.called_off_at, slot.call_off_reason = (
            SlotState.CALLED_OFF,
            starts_at - timedelta(days=2),
            "台风",
        )
        slot.changed_at, slot.sequence = slot.called_off_at, 1
    slot.hide_or_show()
    return slot


def _slot_today(district: DemoDistrict, zone: ZoneInfo, edition: Edition) -> Slot:
    """A session of the first department that begins within the hour, so that a gate can be tried at once."""
    starts_at = (now() + timedelta(minutes=75)).astimezone(zone).replace(minute=0, second=0, microsecond=0)
    department, place = district.departments[0], district.places[0]
    random = Random(1)  # noqa: S311 - nothing secret
    slot = _slot(department, department.services[0], SlotFormat.SESSION, starts_at, place, edition, random)
    slot.state, slot.published_at = SlotState.PUBLISHED, slot.created_at
    slot.called_off_at, slot.call_off_reason = None, ""
    slot.closes_at = slot.cancel_until = slot.names_until = starts_at
    return slot


def _fill(slot: Slot, enterprises: list[Enterprise], shares: Shares, random: Random) -> None:
    """Bookings of the slot, fewer the further ahead it is, and scans when it is over."""
    days_ahead = max(0, (slot.starts_at - now()).days)
    appetite = random.uniform(0.25, 0.95) * (1 if days_ahead < 7 else 0.4)
    wanted = round(min(slot.capacity, 14) * appetite)
    gate = _gate(slot) if slot.ends_at < now() and slot.format is SlotFormat.SESSION else None
    codes: set[str] = set()
    for enterprise in random.sample(enterprises, min(wanted, len(enterprises))):
        party = random.randint(1, min(slot.party_max or 2, 3))
        if slot.attendee_places_left is not None and party > slot.attendee_places_left:
            break
        if not shares.take(slot, enterprise):
            continue
        booking = _booking(slot, enterprise, party, codes, random)
        if gate and booking.state is BookingState.CONFIRMED:
            _arrivals(booking, slot, gate, random)


def _booking(slot: Slot, enterprise: Enterprise, party: int, codes: set[str], random: Random) -> Booking:
    at = min(now(), slot.starts_at) - timedelta(hours=random.randint(20, 200))
    is_cancelled = slot.state is SlotState.CALLED_OFF or random.random() < 0.07
    contact = f"{random.choice(SURNAMES)}经理"
    booking = Booking(
        public_id=new_public_id(),
        slot=slot,
        enterprise=enterprise,
        state=BookingState.CANCELLED if is_cancelled else BookingState.CONFIRMED,
        party=party,
        party_min=party,
        month=slot.month,
        department_id=slot.department.id,
        edition_id=slot.edition.id if slot.edition else None,
        channel=random.choice((BookingChannel.WEB, BookingChannel.WEB, BookingChannel.WECHAT, BookingChannel.PHONE)),
        contact_name=contact,
        created_at=at,
        changed_at=at,
        cancelled_at=slot.called_off_at or at + timedelta(hours=4) if is_cancelled else None,
        cancel_reason=(slot.call_off_reason or "行程有变") if is_cancelled else "",
    )
    for _ in range(party):
        codes.add(code := new_typed_code(codes))
        name = random.choice(SURNAMES) + random.choice(("先生", "女士"))
        booking.attendees.append(
            Attendee(public_id=new_public_id(), slot_id=slot.id, name=name, typed_code=code, key_id=current_key_id())
        )
    if not is_cancelled:
        slot.places_taken += 1
        slot.people_taken += party
    db.session.add(booking)
    teller = replace(COMMAND_LINE, name=contact)
    audit.record(teller, "booking.created", "booking", booking.public_id, after={"state": "confirmed", "party": party})
    return booking


def _gate(slot: Slot) -> Gate:
    gate = Gate(public_id=new_public_id(), name="入口", token_hash=hash_token(new_token()), slots=[slot])
    db.session.add(gate)
    return gate


def _arrivals(booking: Booking, slot: Slot, gate: Gate, random: Random) -> None:
    """Most come, some minutes before the start; each has one admission."""
    for attendee in booking.attendees:
        if random.random() < 0.88:
            at = slot.starts_at + timedelta(minutes=random.randint(-25, 12))
            db.session.add(
                Scan(
                    public_id=new_public_id(),
                    nonce=new_public_id(),
                    code=attendee.typed_code,
                    gate=gate,
                    slot_id=slot.id,
                    attendee=attendee,
                    result=ScanResult.ADMITTED,
                    scanned_at=at,
                    received_at=at,
                    actor_name=gate.name,
                )
            )
