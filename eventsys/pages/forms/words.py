"""The words of what a form or page offers to choose, by stored value, in the reader's language."""

from __future__ import annotations

from flask_babel import gettext

from eventsys.directory.rules import EnterpriseSize, Topic
from eventsys.slots.recurrence import Every, Fate, MonthBy, OnHoliday
from eventsys.slots.rules import AudienceKind, QuestionKind, SlotFormat
from eventsys.slots.scopes import RunScope
from eventsys.web.locale import WEEKDAYS, WEEKDAYS_ZH, current_locale


def format_words() -> dict[str, str]:
    """How enterprise and department meet."""
    return {
        SlotFormat.VISIT.value: gettext("On-site visit"),
        SlotFormat.SESSION.value: gettext("Group session"),
        SlotFormat.ONLINE.value: gettext("Online service"),
    }


def topic_words() -> dict[str, str]:
    """What a department brings."""
    return {
        Topic.POLICY.value: gettext("Policy"),
        Topic.SERVICE.value: gettext("Services"),
        Topic.CARE.value: gettext("Care"),
    }


def audience_words() -> dict[str, str]:
    """Whom a slot is for."""
    return {
        AudienceKind.PUBLIC.value: gettext("All enterprises"),
        AudienceKind.FILTERED.value: gettext("Enterprises of certain parks, sub-districts, tags or sizes"),
        AudienceKind.NAMED.value: gettext("Named enterprises, by invitation"),
    }


def size_words() -> dict[str, str]:
    """The four sizes of enterprises."""
    return {
        EnterpriseSize.LARGE.value: gettext("Large"),
        EnterpriseSize.MEDIUM.value: gettext("Medium"),
        EnterpriseSize.SMALL.value: gettext("Small"),
        EnterpriseSize.MICRO.value: gettext("Micro"),
    }


def question_words() -> dict[str, str]:
    """How a question is answered."""
    return {QuestionKind.TEXT.value: gettext("Text"), QuestionKind.YES_NO.value: gettext("Yes or no")}


def repeat_words() -> dict[str, str]:
    """What is counted between two times of a slot."""
    return {
        Every.DAY.value: gettext("Daily"),
        Every.WEEK.value: gettext("Weekly"),
        Every.MONTH.value: gettext("Monthly"),
    }


def month_words() -> dict[str, str]:
    """What is counted within a month."""
    return {
        MonthBy.WEEKDAY.value: gettext("A weekday, e.g. the second Tuesday"),
        MonthBy.WORKDAY.value: gettext("A working day, e.g. the first or the last"),
        MonthBy.DATE.value: gettext("The same date as the first day"),
    }


def nth_words() -> dict[int, str]:
    """Which of the weekdays or working days of a month."""
    return {
        1: gettext("first"),
        2: gettext("second"),
        3: gettext("third"),
        4: gettext("fourth"),
        5: gettext("fifth"),
        -1: gettext("last"),
    }


def weekday_words() -> list[str]:
    """The days of a week from Monday on."""
    return [
        gettext("Monday"),
        gettext("Tuesday"),
        gettext("Wednesday"),
        gettext("Thursday"),
        gettext("Friday"),
        gettext("Saturday"),
        gettext("Sunday"),
    ]


def short_weekdays() -> list[str]:
    """The days of a week from Monday on, for a narrow column."""
    return list(WEEKDAYS if current_locale() == "en" else WEEKDAYS_ZH)


def holiday_words() -> dict[str, str]:
    """What becomes of a day that is no working day."""
    return {
        OnHoliday.SKIP.value: gettext("Leave it out"),
        OnHoliday.PREVIOUS.value: gettext("Take the working day before"),
        OnHoliday.NEXT.value: gettext("Take the next working day"),
        OnHoliday.KEEP.value: gettext("Hold it all the same"),
    }


def fate_words() -> dict[str, str]:
    """Why a day comes to no slot."""
    return {
        Fate.HOLIDAY.value: gettext("no working day"),
        Fate.LEFT_OUT.value: gettext("left out"),
        Fate.DOUBLED.value: gettext("no working day, and the day it would move to is taken"),
        Fate.OUTSIDE.value: gettext("there is no such day within the time"),
        Fate.PAST.value: gettext("past already"),
    }


def scope_words() -> dict[str, str]:
    """Which slots of a run a change is for."""
    return {
        RunScope.THIS.value: gettext("This slot only"),
        RunScope.FOLLOWING.value: gettext("This slot and those that follow"),
        RunScope.ALL.value: gettext("All slots made together with it"),
    }
