"""What an event of somebody's calendar calls a slot and where it says it is, in both languages (pure)."""

from __future__ import annotations

_WORDS = {
    "zh_CN": {"summary": "{department}：{title}", "place": "{place}（{address}）", "online": "线上服务"},
    "en": {"summary": "{department}: {title}", "place": "{place} ({address})", "online": "online"},
}


def summary_of(department: str, title: str, locale: str) -> str:
    """The event's title: whose it is, and what."""
    return _WORDS[locale]["summary"].format(department=department, title=title)


def location_of(place: str, address: str, place_text: str, locale: str, *, is_online: bool) -> str:
    """Where it is: the place with its address, what was typed beside it, or that it is online."""
    words = _WORDS[locale]
    if place:
        full = words["place"].format(place=place, address=address) if address else place
        return f"{full} {place_text}".strip()
    return place_text or (words["online"] if is_online else "")
