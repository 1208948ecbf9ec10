"""Text that people type: bounded and free of what no store or reader can carry; otherwise left as it is."""

from __future__ import annotations

import re
import unicodedata

from eventsys.core.errors import Invalid

BLANKS = " \n\t\u3000"  # what cleaning takes off at both ends
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_LINE_BREAKS = re.compile(r"[\n\r\t\x85\u2028\u2029]")


def clean_line(value: str, field: str, limit: int, *, required: bool = False) -> str:
    """One line without outer blanks, at most `limit` characters; Invalid names `field`."""
    value = clean_text(value, field, limit, required=required)
    if _LINE_BREAKS.search(value):
        raise Invalid("one_line_only", field=field)
    return value


def clean_text(value: str, field: str, limit: int, *, required: bool = False) -> str:
    """Text of several lines (LF) without outer blanks, at most `limit` characters; Invalid names `field`."""
    value = value.replace("\r\n", "\n").replace("\r", "\n").strip(BLANKS)
    if _FORBIDDEN.search(value):
        raise Invalid("control_characters", field=field)
    if len(value) > limit:
        raise Invalid("too_long", field=field, limit=limit, length=len(value))
    if required and not value:
        raise Invalid("required", field=field)
    return value


def fold(value: str) -> str:
    """For comparing and searching: compatibility forms unified, lower case, no blanks."""
    return "".join(unicodedata.normalize("NFKC", value).lower().split())
