"""Text in cells, so that no spreadsheet takes it for a formula, and back again.

Excel runs a cell that starts with = + - @ (their full-width forms too, and after blanks, TAB or CR). In XLSX every cell
is written as text, which it leaves alone. CSV has no types: there such a value gets one ZERO WIDTH SPACE (U+200B) in
front, which people do not see; reading takes it off again. A value that has one already gets another, so whatever is
written is read back as it was.
"""

from __future__ import annotations

import re

MARK = "\u200b"
_FORMULA = re.compile(rf"{MARK}*[\s\ufeff]*[=+\-@＝＋－＠﹢﹣﹦﹫−]|{MARK}*[\t\r\n]")
_MARKED_FORMULA = re.compile(rf"{MARK}(?:{_FORMULA.pattern})")


def guard_csv(value: str) -> str:
    """`value` as a CSV cell that no spreadsheet runs."""
    return MARK + value if _FORMULA.match(value) else value


def guard_text(value: str) -> str:
    """`value` as a text cell: only what `unguard` would shorten is marked."""
    return MARK + value if _MARKED_FORMULA.match(value) else value


def unguard(value: str) -> str:
    """What was written: one mark less in front of what looks like a formula."""
    return value[1:] if _MARKED_FORMULA.match(value) else value
