"""Language and time as people read them: the locale of a request, days and spans in the district's zone."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel import Locale
from flask import Flask, current_app, g, has_request_context, request
from flask_babel import Babel
from flask_babel import get_locale as babel_locale

from eventsys.core.clock import now

# Here rather than from CLDR: two locales' data weigh 6 MB in each worker, and a page names a hundred days.
WEEKDAYS = "Mon Tue Wed Thu Fri Sat Sun".split()
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec".split()
WEEKDAYS_ZH = "一二三四五六日"
LOCALE_COOKIE = "locale"
LOCALES = {"zh_CN": "中文", "en": "English"}
# As Locale.parse would make them, which loads the 2 MB of aliases of CLDR.
PARSED = {"zh_CN": Locale("zh", "CN", script="Hans"), "en": Locale("en")}


def init_locale(app: Flask) -> None:
    """Select the language by switch, then by the person's choice, then by Accept-Language, then the default."""
    app.config["BABEL_DEFAULT_LOCALE"] = app.config["EVENTSYS"].locale
    app.config["BABEL_DEFAULT_TIMEZONE"] = app.config["EVENTSYS"].time_zone
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = "translations"
    Babel(app, locale_selector=_select)
    app.add_template_filter(format_day, "day")
    app.add_template_filter(format_month, "month")
    app.add_template_filter(format_moment, "moment")
    app.add_template_filter(format_clock, "clock")
    app.add_template_filter(format_span, "span")
    app.add_template_global(format_span, "span")
    app.add_template_global(local_name, "local_name")
    app.add_template_global(str, "N_")  # marks a text for the catalogue that is translated when it is shown


def _select() -> Locale:
    return PARSED[_selected()]


def _selected() -> str:
    default: str = current_app.config["EVENTSYS"].locale
    if not has_request_context():
        return default
    actor = g.get("actor")
    for chosen in (request.args.get("lang"), request.cookies.get(LOCALE_COOKIE), actor.locale if actor else ""):
        if chosen in LOCALES:
            return str(chosen)
    best = request.accept_languages.best_match(["zh-CN", "zh", "en"], default="")
    if not best:
        return default
    return "en" if best == "en" else "zh_CN"


def current_locale() -> str:
    """`zh_CN` or `en`."""
    return "en" if str(babel_locale() or "").startswith("en") else "zh_CN"


def local_name(thing: object) -> str:
    """The name of an organisation, place or slot in the reader's language, Chinese when there is no other."""
    for base in ("name", "title"):
        if hasattr(thing, base):
            english = getattr(thing, f"{base}_en", "") if current_locale() == "en" else ""
            return english or str(getattr(thing, base))
    return str(thing)


def zone() -> ZoneInfo:
    """The district's time zone."""
    value: ZoneInfo = current_app.config["EVENTSYS"].zone
    return value


def format_day(at: datetime | date, *, year: bool | None = None) -> str:
    """`12月3日（周四）` or `Thu, 3 Dec`; the year only when it is not this year."""
    day = at.astimezone(zone()).date() if isinstance(at, datetime) else at
    with_year = day.year != now().astimezone(zone()).year if year is None else year
    if current_locale() == "en":
        text = f"{WEEKDAYS[day.weekday()]}, {day.day} {MONTHS[day.month - 1]}"
        return f"{text} {day.year}" if with_year else text
    year_part = f"{day.year}年" if with_year else ""
    return f"{year_part}{day.month}月{day.day}日（周{WEEKDAYS_ZH[day.weekday()]}）"


def format_month(month: date) -> str:
    """`11月` or `Nov`; the year only when it is not this year."""
    with_year = month.year != now().astimezone(zone()).year
    if current_locale() == "en":
        return f"{MONTHS[month.month - 1]} {month.year}" if with_year else MONTHS[month.month - 1]
    return f"{month.year}年{month.month}月" if with_year else f"{month.month}月"


def format_clock(at: datetime) -> str:
    """`14:00` in the district's zone."""
    return at.astimezone(zone()).strftime("%H:%M")


def format_moment(at: datetime) -> str:
    """`12月3日（周四）14:00`."""
    return f"{format_day(at)}{'' if current_locale() == 'zh_CN' else ' '}{format_clock(at)}"


def format_span(start: datetime, end: datetime) -> str:
    """`12月3日（周四）14:00—15:30`; over midnight both days."""
    dash = "—" if current_locale() == "zh_CN" else "–"
    same_day = start.astimezone(zone()).date() == end.astimezone(zone()).date()
    return f"{format_moment(start)}{dash}{format_clock(end) if same_day else format_moment(end)}"
