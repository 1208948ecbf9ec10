"""A rule as a sentence, so that the clerk sees what was understood."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from flask_babel import gettext, ngettext

from eventsys.pages.forms.words import nth_words, weekday_words
from eventsys.slots.recurrence import Every, MonthBy, Recurrence, nth_weekday
from eventsys.slots.runs import stored_rule
from eventsys.web.locale import current_locale, format_day, format_month


def rule_in_words(rule: Recurrence) -> str:
    """How often, on what, from when until when."""
    parts = [_how_often(rule), gettext("from %(day)s", day=format_day(rule.starts_on))]
    if rule.until is not None:
        parts.append(gettext("until %(day)s", day=format_day(rule.until)))
    if rule.count is not None:
        parts.append(ngettext("%(num)s time", "%(num)s times", rule.count))
    return ("; " if current_locale() == "en" else "；").join(parts)


def origin_in_words(stored: dict[str, Any]) -> str:
    """What a run was made from, by what is kept of it."""
    if stored.get("kind") == "month":
        return str(gettext("Copied from %(month)s", month=format_month(date.fromisoformat(stored["month"]))))
    return rule_in_words(stored_rule(stored))


def _how_often(rule: Recurrence) -> str:
    number = rule.interval
    if rule.every is Every.DAY:
        return str(gettext("Daily") if number == 1 else gettext("Every %(number)s days", number=number))
    days = _joined(weekday_words()[day] for day in sorted(rule.weekdays or {rule.starts_on.weekday()}))
    if rule.every is Every.WEEK:
        if number == 1:
            return str(gettext("Weekly on %(days)s", days=days))
        return str(gettext("Every %(number)s weeks on %(days)s", number=number, days=days))
    on = _within_month(rule, days)
    if number == 1:
        return str(gettext("Monthly on %(days)s", days=on))
    return str(gettext("Every %(number)s months on %(days)s", number=number, days=on))


def _within_month(rule: Recurrence, days: str) -> str:
    if rule.by is MonthBy.DATE:
        if rule.nth == {-1}:
            return str(gettext("the last day"))
        return str(gettext("day %(number)s", number=rule.starts_on.day))
    if rule.by is MonthBy.WORKDAY and not rule.nth:
        return str(gettext("the working day that the first day is"))
    words = nth_words()
    numbers = sorted(rule.nth or {nth_weekday(rule.starts_on)}, key=lambda number: (number < 0, number))
    which = _joined(words[number] for number in numbers)
    if rule.by is MonthBy.WORKDAY:
        return str(gettext("the %(which)s working day", which=which))
    return str(gettext("the %(which)s %(days)s", which=which, days=days))


def _joined(words: Iterable[str]) -> str:
    return (", " if current_locale() == "en" else "、").join(words)
