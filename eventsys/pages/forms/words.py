"""The words of what a form or page offers to choose, by stored value, in the reader's language."""

from __future__ import annotations

from flask_babel import gettext

from eventsys.directory.rules import EnterpriseSize, Topic
from eventsys.slots.rules import AudienceKind, QuestionKind, SlotFormat


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
