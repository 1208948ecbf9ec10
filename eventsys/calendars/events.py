"""What a calendar says of a slot: plain values in, an Event out (pure). A feed has one language, its installation's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from eventsys.bookings.rules import ACTIVE, BookingState
from eventsys.core.ical import Event, Status
from eventsys.directory.rules import Topic
from eventsys.slots.rules import SlotFormat, SlotState

# The CSS colour names next to the department colours 1 to 24 (RFC 7986 knows names only).
COLOURS = (
    "royalblue", "brown", "forestgreen", "peru", "rebeccapurple", "teal", "mediumvioletred", "olive",
    "slateblue", "chocolate", "seagreen", "steelblue", "midnightblue", "sienna", "darkgreen", "darkgoldenrod",
    "purple", "darkslategray", "indianred", "darkolivegreen", "darkslateblue", "saddlebrown", "darkcyan", "slategray",
)  # fmt: skip
TEXT_VERSION = 2  # raised when a release words events differently: clients then fetch anew
_WEEKDAYS = {"zh_CN": "一二三四五六日", "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_CHINESE = {
    "summary": "{department}：{title}",
    "cancelled": "【已取消】{summary}",
    "called_off": "因{reason}，本场次已取消。",
    "own_cancelled": "贵单位已取消预约。",
    "lead": "牵头部门：{}",
    "supporting": "配合部门：{}",
    "kind": "形式：{format}（{topic}）",
    "services": "服务事项：{}",
    "own": "贵单位预约：{state}，{party}人",
    "asked": "待贵单位答复",
    "online_url": "线上入口：{}",
    "bring": "请携带：{}",
    "opens": "预约开始：{}",
    "closes": "预约截止：{}",
    "phone": "咨询电话：{}",
    "link": "详情与预约：{}",
    "visit_notice": "本次上门为服务活动，不开展执法检查。",
    "place_and_address": "{place}（{address}）",
    "join": "、",
    "all": "{}服务预约",
    "department": "{}公开场次",
    "park": "{}公开场次",
    "enterprise": "{}的预约",
    "desk": "{}全部场次",
    "staff": "{}的场次",
    "refreshed": "日历约每小时至每天更新一次，紧急变动另以邮件和站内消息通知。",
    SlotFormat.VISIT: "上门服务",
    SlotFormat.SESSION: "服务专场",
    SlotFormat.ONLINE: "线上服务",
    Topic.POLICY: "送政策",
    Topic.SERVICE: "送服务",
    Topic.CARE: "送温暖",
    BookingState.HELD: "名额保留中",
    BookingState.PENDING: "待部门确认",
    BookingState.CONFIRMED: "预约成功",
    BookingState.WAITLISTED: "候补中",
    BookingState.OFFERED: "已候补到名额，待确认",
}
_ENGLISH = {
    "summary": "{department}: {title}",
    "cancelled": "[Cancelled] {summary}",
    "called_off": "Called off: {reason}",
    "own_cancelled": "Your booking was cancelled.",
    "lead": "Lead: {}",
    "supporting": "Supporting: {}",
    "kind": "Kind: {format} ({topic})",
    "services": "Services: {}",
    "own": "Your booking: {state}, {party} people",
    "asked": "awaiting your answer",
    "online_url": "Join online: {}",
    "bring": "Please bring: {}",
    "opens": "Booking opens: {}",
    "closes": "Booking closes: {}",
    "phone": "Telephone: {}",
    "link": "Details and booking: {}",
    "visit_notice": "A service visit, not an inspection.",
    "place_and_address": "{place} ({address})",
    "join": ", ",
    "all": "Service visits – {}",
    "department": "Public slots – {}",
    "park": "Public slots – {}",
    "enterprise": "Bookings – {}",
    "desk": "All slots – {}",
    "staff": "Slots of {}",
    "refreshed": "Calendars refresh hourly to daily; urgent changes also come by mail and on the site.",
    SlotFormat.VISIT: "on-site visit",
    SlotFormat.SESSION: "group session",
    SlotFormat.ONLINE: "online",
    Topic.POLICY: "policy",
    Topic.SERVICE: "service",
    Topic.CARE: "care",
    BookingState.HELD: "place held",
    BookingState.PENDING: "awaiting department",
    BookingState.CONFIRMED: "booked",
    BookingState.WAITLISTED: "waiting",
    BookingState.OFFERED: "a place is free, to be confirmed",
}
_WORDS: dict[str, dict[str, str]] = {"zh_CN": _CHINESE, "en": _ENGLISH}


@dataclass(frozen=True, slots=True)
class Named:
    """A name in Chinese and, when there is one, in English."""

    name: str
    name_en: str = ""

    def in_language(self, locale: str) -> str:
        """The English name in English when there is one, else the Chinese."""
        return (self.name_en if locale == "en" else "") or self.name


@dataclass(frozen=True, slots=True)
class OwnBooking:
    """What an enterprise's own feed adds: its bookings of the slot, the present one last; of a planned visit it is the
    enterprise that has to answer."""

    states: tuple[BookingState, ...]
    party: int
    changed_at: datetime
    is_planned: bool = False

    @property
    def active(self) -> BookingState | None:
        """The state of the active booking; None when there is none any more."""
        return next((state for state in self.states if state in ACTIVE), None)

    @property
    def steps(self) -> int:
        """Rises with every step a calendar shows: one for a booking not yet confirmed, two once it is, three when it
        has ended. The slot's sequence plus this only rises, whatever happens to either."""
        return sum(_STEPS.get(state, 1) for state in self.states)


_STEPS = {BookingState.CONFIRMED: 2, BookingState.CANCELLED: 3, BookingState.EXPIRED: 3}


@dataclass(frozen=True, slots=True)
class SlotFacts:
    """What a calendar shows of a slot. Instants are aware; `department` is the lead's full name."""

    public_id: str
    state: SlotState
    title: Named
    description: str
    topic: Topic
    format: SlotFormat
    department: Named
    short_name: str
    colour: int
    phone: str
    starts_at: datetime
    ends_at: datetime
    opens_at: datetime | None
    closes_at: datetime
    changed_at: datetime
    sequence: int
    call_off_reason: str = ""
    online_url: str = ""
    bring: str = ""
    place: Named | None = None
    address: str = ""
    place_text: str = ""
    coordinates: tuple[float, float] | None = None
    supporting: tuple[Named, ...] = ()
    services: tuple[Named, ...] = ()


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands above a feed's events."""

    name: str
    description: str
    url: str
    color: str


def heading_of(kind: str, name: Named, public_id: str, colour: int, locale: str, base_url: str) -> Heading:
    """The heading of a feed: `kind` is all, department, park, enterprise, desk or staff."""
    words = _WORDS[locale]
    pages = {"all": "/", "department": f"/?department={public_id}", "park": f"/?park={public_id}"}
    color = COLOURS[(colour - 1) % len(COLOURS)] if kind in {"department", "desk", "staff"} else COLOURS[0]
    return Heading(
        words[kind].format(name.in_language(locale)),
        words["refreshed"],
        base_url + pages.get(kind, "/calendars"),
        color,
    )


@dataclass(frozen=True, slots=True)
class Wording:
    """In which language and zone events speak, and where their links lead. `uid_host` never changes."""

    locale: str
    zone: ZoneInfo
    base_url: str
    uid_host: str


def event_of(slot: SlotFacts, wording: Wording, own: OwnBooking | None = None, *, is_busy: bool = False) -> Event:
    """The slot as an event; with `own`, as the enterprise that booked sees it."""
    words = _WORDS[wording.locale]
    department = slot.short_name if wording.locale == "zh_CN" else slot.department.in_language("en")
    summary = words["summary"].format(department=department, title=slot.title.in_language(wording.locale))
    status = _status(slot, own)
    is_off = status is Status.CANCELLED
    return Event(
        uid=f"{slot.public_id}@{wording.uid_host}",
        sequence=slot.sequence + (own.steps if own else 0),
        changed_at=max(slot.changed_at, own.changed_at) if own else slot.changed_at,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        summary=words["cancelled"].format(summary=summary) if is_off else summary,
        description="\n".join(_lines(slot, wording, own)),
        location=_location(slot, wording.locale),
        url=_page(slot, wording),
        color=COLOURS[(slot.colour - 1) % len(COLOURS)],
        categories=(words[slot.topic],),
        status=status,
        is_busy=is_busy and not is_off,
        place=slot.coordinates,
    )


def _status(slot: SlotFacts, own: OwnBooking | None) -> Status:
    if slot.state is SlotState.CALLED_OFF or (own and own.active is None):
        return Status.CANCELLED
    if own and own.active is not BookingState.CONFIRMED:
        return Status.TENTATIVE
    return Status.CONFIRMED


def _page(slot: SlotFacts, wording: Wording) -> str:
    return f"{wording.base_url}/slots/{slot.public_id}"


def _location(slot: SlotFacts, locale: str) -> str:
    words = _WORDS[locale]
    if slot.place is not None:
        place = slot.place.in_language(locale)
        full = words["place_and_address"].format(place=place, address=slot.address) if slot.address else place
        return f"{full} {slot.place_text}".strip()
    return slot.place_text or (words[SlotFormat.ONLINE] if slot.format is SlotFormat.ONLINE else "")


def _lines(slot: SlotFacts, wording: Wording, own: OwnBooking | None) -> Iterator[str]:
    """The description: who, what, how to book."""
    words, locale = _WORDS[wording.locale], wording.locale
    is_off = slot.state is SlotState.CALLED_OFF
    if is_off:
        yield words["called_off"].format(reason=slot.call_off_reason)
    elif own:
        yield from _own_lines(slot, own, words)
    yield words["lead"].format(slot.department.in_language(locale))
    for key, named in (("supporting", slot.supporting), ("services", slot.services)):
        if named:
            yield words[key].format(words["join"].join(item.in_language(locale) for item in named))
    yield words["kind"].format(format=words[slot.format], topic=words[slot.topic])
    if slot.format is SlotFormat.VISIT:
        yield words["visit_notice"]
    if slot.description:
        yield slot.description
    if slot.bring and not is_off:
        yield words["bring"].format(words["join"].join(slot.bring.split("\n")))
    if not is_off and own is None:
        if slot.opens_at is not None:
            yield words["opens"].format(_moment(slot.opens_at, slot.starts_at, wording))
        yield words["closes"].format(_moment(slot.closes_at, slot.starts_at, wording))
    if slot.phone:
        yield words["phone"].format(slot.phone)
    yield words["link"].format(_page(slot, wording))


def _own_lines(slot: SlotFacts, own: OwnBooking, words: dict[str, str]) -> Iterator[str]:
    if own.active is None:
        yield words["own_cancelled"]
        return
    is_asked = own.is_planned and own.active is BookingState.PENDING
    state = words["asked" if is_asked else own.active]
    yield words["own"].format(state=state, party=own.party)
    if slot.online_url:
        yield words["online_url"].format(slot.online_url)


def _moment(at: datetime, beside: datetime, wording: Wording) -> str:
    """`12月3日（周四）17:00`; with the year when it is not the slot's own: never by the clock."""
    local = at.astimezone(wording.zone)
    year = local.year if local.year != beside.astimezone(wording.zone).year else None
    return f"{_day(local.date(), year, wording.locale)}{'' if wording.locale == 'zh_CN' else ' '}{local:%H:%M}"


def _day(day: date, year: int | None, locale: str) -> str:
    weekday = _WEEKDAYS[locale][day.weekday()]
    if locale == "en":
        return f"{weekday}, {day.day} {_MONTHS[day.month - 1]}{f' {year}' if year else ''}"
    return f"{f'{year}年' if year else ''}{day.month}月{day.day}日（周{weekday}）"
