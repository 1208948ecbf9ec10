"""How the desk shows a month."""

from __future__ import annotations

from flask_babel import gettext

LIST, MONTH, WEEK, DISTRICT = "list", "month", "week", "district"


def read_view(text: str, *, sees_everything: bool) -> str:
    """The view that an address names; the list for one that is none, or not the reader's."""
    return text if text in view_words(sees_everything=sees_everything) else LIST


def view_words(*, sees_everything: bool) -> dict[str, str]:
    """The views a person can choose among; the district's is for who answers for all departments."""
    words = {LIST: gettext("List"), MONTH: gettext("Month grid"), WEEK: gettext("Week grid")}
    return {**words, DISTRICT: gettext("District grid")} if sees_everything else words
