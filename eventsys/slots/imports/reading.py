"""What one cell says of day and time, as people write it or as Excel keeps it. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from eventsys.core.errors import Invalid

WEEKDAYS = "一二三四五六日"
YEARS = range(2000, 2200)
_EPOCH = date(1899, 12, 30)  # day 0 of Excel's numbers
_DIGITS = {"零": 0, "〇": 0, **{char: number for number, char in enumerate("一二三四五六七八九", start=1)}}
_ENGLISH_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKDAY = re.compile(
    rf"\(?\s*(?:(?:周|星期|礼拜)([{WEEKDAYS}天])|\b(mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?)\s*\)?,?", re.I
)
_NUMERAL = re.compile(r"[零〇一二三四五六七八九十]+(?=[年月日号点时分])")
_ISO = re.compile(
    r"(\d{4}-\d{1,2}-\d{1,2})(?:[T ](\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)([+-]\d{2}:\d{2}(?::\d{2})?)?)?", re.ASCII
)
_DAY = re.compile(
    r"(?:(?P<year>\d{4}|\d{2})\s*[年./-]\s*)?(?P<month>\d{1,2})\s*[月./-]\s*(?P<day>\d{1,2})(?![\d:])\s*[日号]?[,，]?"
    r"|(?P<plain>20\d{6})(?!\d)",
    re.ASCII,
)
_CLOCK = re.compile(
    r"(?P<word>凌晨|清晨|早晨|早上|上午|中午|下午|傍晚|晚上|晚|am|pm)?\s*(?P<hour>\d{1,2})\s*"
    r"(?:(?P<mark>:|点钟?|时)\s*(?P<minute>\d{2}(?!\d)|\d(?=\s*分)|半|一刻|三刻|整)?\s*分?)?"
    r"(?::(?P<second>\d{2})(?P<fraction>\.\d{1,6})?)?\s*(?P<after>am|pm)?",
    re.ASCII | re.I,
)
_TO = re.compile(r"\s*(?:-|—|–|−|~|至|到)+\s*")
_PARTS = {"半": 30, "一刻": 15, "三刻": 45, "整": 0}
_MORNING = {"凌晨", "清晨", "早晨", "早上", "上午", "am"}
_AFTERNOON = {"下午", "傍晚", "晚上", "晚", "pm"}
EARLY = 7  # o'clock: who writes 3:00 may mean the afternoon


@dataclass(frozen=True, slots=True)
class Doubt:
    """What was read and may have been meant otherwise; `code` has a sentence."""

    code: str
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What one cell says. `end` is an hour and minute of the same or the next days; `offset` belongs to an ISO time."""

    day: date | None = None
    clock: time | None = None
    end_day: date | None = None
    end: time | None = None
    offset: timedelta | None = None
    ends_at_midnight: bool = False
    doubts: tuple[Doubt, ...] = ()


def read_cell(text: str, name: str, today: date) -> Reading:
    """What one cell says of day and time; Invalid (field `name`) when it cannot be told."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if not plain:
        return Reading()
    exact = _exact(plain, name)
    if exact is not None:
        return exact
    plain = _NUMERAL.sub(lambda found: str(_number(found[0])), plain)
    named = [_weekday(*found.groups()) for found in _WEEKDAY.finditer(plain)]
    plain = re.sub(r"\s+", " ", _WEEKDAY.sub(" ", plain)).strip()
    reading = _spelled(plain, name, today)
    if named:  # the weekday tells the 3rd from the 30th
        reading = replace(reading, doubts=tuple(item for item in reading.doubts if item.code != "day_or_tenfold"))
    return replace(reading, doubts=(*reading.doubts, *_contradicted(reading.day, named)))


def _exact(text: str, name: str) -> Reading | None:
    """What a spreadsheet itself writes: ISO days and times, and numbers that count days."""
    found = _ISO.fullmatch(text)
    if found:
        year, month, day = map(int, found[1].split("-"))
        clock = time.fromisoformat(found[2].zfill(5) if len(found[2]) < 6 else _padded(found[2])) if found[2] else None
        if year < 1905:  # a time of day without a day
            return Reading(clock=clock)
        is_day_only = found[2] == "00:00:00"  # how a day alone comes out of a workbook
        offset = datetime.fromisoformat(f"2000-01-01T00:00{found[3]}").utcoffset() if found[3] else None
        return Reading(_day(year, month, day, name), None if is_day_only else clock, offset=offset)
    if re.fullmatch(r"\d{5}(\.\d+)?", text, re.ASCII):
        days, seconds = int(float(text)), round(float(text) % 1 * 86_400)
        at = datetime.combine(_EPOCH, time()) + timedelta(days=days, seconds=seconds)
        if at.year not in YEARS:
            raise Invalid("cell_date", field=name)
        return Reading(at.date(), at.time() if "." in text else None)
    if re.fullmatch(r"0?\.\d+", text, re.ASCII):
        return Reading(clock=(datetime(2000, 1, 1) + timedelta(seconds=round(float(text) * 86_400))).time())  # noqa: DTZ001
    return None


def _spelled(text: str, name: str, today: date) -> Reading:
    """A day, a time, or both; then perhaps until when."""
    alone = _CLOCK.match(text) if name != "date" else None
    day, rest, doubts = (None, text, ()) if alone and _is_clock(text) else _leading_day(text, name, today)
    if not rest:
        return Reading(day, doubts=doubts)
    first = _CLOCK.match(rest)
    if first is None or not (first["mark"] or first["word"] or first["after"]):
        raise Invalid("cell_date" if name == "date" else "cell_clock", field=name)
    clock = _clock(first, name)
    rest, doubts = rest[first.end() :].strip(), (*doubts, *_early(first, clock))
    if not rest:
        if _is_last_midnight(first):
            if name != "end":
                raise Invalid("cell_clock", field=name)
            return Reading(day, time(), doubts=doubts, ends_at_midnight=True)
        return Reading(day, clock, doubts=doubts)
    until = _TO.match(rest)
    if until is None or clock is None:
        raise Invalid("cell_clock", field=name)
    return _until(Reading(day, clock, doubts=doubts), first, rest[until.end() :], name, today)


def _until(reading: Reading, first: re.Match[str], rest: str, name: str, today: date) -> Reading:
    assert reading.clock is not None
    day, rest, _doubts = (None, rest, ()) if _is_clock(rest) else _leading_day(rest, name, today)
    last = _CLOCK.fullmatch(rest)
    if last is None or not (last["mark"] or last["word"] or last["after"]):
        raise Invalid("cell_clock", field=name)
    if _is_last_midnight(last):
        return replace(reading, end_day=day, end=time(), ends_at_midnight=True)
    word = (first["word"] or first["after"] or "").lower()
    if day is None and word and not (last["word"] or last["after"]):
        return replace(reading, end=_later(last, word, reading.clock, name))
    return replace(reading, end_day=day, end=_clock(last, name))


def _later(last: re.Match[str], word: str, start: time, name: str) -> time:
    """The end of 下午3点—5点 or 上午11点—1点: the first reading after the start."""
    hour, minute = int(last["hour"]), _minute(last, name)
    hours = (hour + 12 if word in _AFTERNOON else hour, hour, hour + 12)
    found = [time(hour, minute) for hour in hours if hour < 24 and time(hour, minute) > start]
    if not found:
        raise Invalid("cell_clock", field=name)
    return found[0]


def _leading_day(text: str, name: str, today: date) -> tuple[date | None, str, tuple[Doubt, ...]]:
    found = _DAY.match(text)
    if found is None:
        return None, text, ()
    rest = text[found.end() :].strip()
    if found["plain"]:
        plain = found["plain"]
        return _day(int(plain[:4]), int(plain[4:6]), int(plain[6:]), name), rest, ()
    month, day = int(found["month"]), int(found["day"])
    if found["year"]:
        year = int(found["year"]) + (2000 if len(found["year"]) == 2 else 0)
        return _day(year, month, day, name), rest, ()
    return _next_such_day(month, day, name, today), rest, tuple(_tenfold(text, month, day))


def _tenfold(text: str, month: int, day: int) -> Iterator[Doubt]:
    """12.30 typed as a number loses its 0."""
    if re.fullmatch(r"\d{1,2}\.[123]", text, re.ASCII) and (month, day) != (2, 3):
        yield Doubt("day_or_tenfold", (("day", f"{month}月{day}日"), ("other", f"{month}月{day}0日")))


def _next_such_day(month: int, day: int, name: str, today: date) -> date:
    for year in (today.year, today.year + 1):
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if found >= today:
            return found
    raise Invalid("cell_date", field=name)


def _day(year: int, month: int, day: int, name: str) -> date:
    try:
        found = date(year, month, day)
    except ValueError:
        raise Invalid("cell_date", field=name) from None
    if found.year not in YEARS:
        raise Invalid("cell_date", field=name)
    return found


def _is_clock(text: str) -> bool:
    """Whether it starts with a time of day, not with a day."""
    found = _CLOCK.match(text)
    return bool(found and (found["mark"] or found["word"] or found["after"]))


def _is_last_midnight(found: re.Match[str]) -> bool:
    return int(found["hour"]) == 24 and (found["minute"] or "00") in {"00", "整"}


def _clock(found: re.Match[str], name: str) -> time | None:
    """The time of day; 3点 without 上午 or 下午 is refused, because both are meant by it."""
    hour, minute = int(found["hour"]), _minute(found, name)
    if _is_last_midnight(found):
        return None
    word = (found["word"] or found["after"] or "").lower()
    if not word and found["mark"] != ":" and 0 < hour < EARLY:
        raise Invalid("cell_clock_unclear", field=name)
    if hour > 23 or (word in _MORNING and hour >= 12) or (word in _AFTERNOON - {"下午", "pm"} and hour == 12):
        raise Invalid("cell_clock", field=name)
    if (word in _AFTERNOON and hour < 12) or (word == "中午" and hour < 4):
        hour += 12
    second, fraction = int(found["second"] or 0), found["fraction"] or ""
    return time(hour, minute, second, int(fraction[1:].ljust(6, "0")) if fraction else 0)


def _minute(found: re.Match[str], name: str) -> int:
    text = found["minute"] or "0"
    minute = _PARTS[text] if text in _PARTS else int(text)
    if minute > 59 or int(found["second"] or 0) > 59 or (found["mark"] == ":" and not found["minute"]):
        raise Invalid("cell_clock", field=name)
    return minute


def _early(found: re.Match[str], clock: time | None) -> Iterator[Doubt]:
    if clock is not None and clock.hour < EARLY and not (found["word"] or found["after"]):
        yield Doubt("clock_early", (("clock", f"{clock:%H:%M}"), ("other", f"{clock.hour + 12}:{clock:%M}")))


def _weekday(chinese: str | None, english: str | None) -> int:
    return WEEKDAYS.index("日" if chinese == "天" else chinese) if chinese else _ENGLISH_DAYS.index(english.lower())  # type: ignore[union-attr]


def _contradicted(day: date | None, named: Iterable[int]) -> Iterator[Doubt]:
    for weekday in list(named)[:1]:
        if day is not None and day.weekday() != weekday:
            says, is_day = f"周{WEEKDAYS[weekday]}", f"周{WEEKDAYS[day.weekday()]}"
            yield Doubt("weekday_differs", (("says", says), ("day", day.isoformat()), ("is_day", is_day)))


def _padded(text: str) -> str:
    """A time with two digits for its hour and six for a fraction."""
    whole, _, fraction = text.partition(".")
    return whole.zfill(8) + (f".{fraction.ljust(6, '0')}" if fraction else "")


def _number(text: str) -> int:
    """The number of Chinese digits: 二十三, 十二, 二〇二六."""
    if "十" not in text:
        return int("".join(str(_DIGITS[char]) for char in text))
    tens, _, ones = text.partition("十")
    return _DIGITS.get(tens, 1) * 10 + _DIGITS.get(ones, 0)
