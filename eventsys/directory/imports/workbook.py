"""Opens a workbook in a process of its own, with bounded memory: a file can name a cell so far out that reading it
would take all there is. Run as a script: workbook on standard input, JSON on standard output. Standard library and
calamine only, so that it starts at once.
"""

from __future__ import annotations

import io
import json
import sys
from typing import Any


def main(memory: int, rows_max: int, columns_max: int) -> int:
    """Write `{"rows": [[text…]…]}` of the first sheet that holds anything, or `{"error": code}`."""
    _bound_memory(memory)
    try:
        answer = _read(sys.stdin.buffer.read(), rows_max, columns_max)
    except MemoryError:
        answer = {"error": "file_sheet_too_large"}
    except Exception as error:  # calamine raises several kinds, and panics as BaseException end the process
        locked = "password" in str(error).lower() or "encrypt" in str(error).lower()
        answer = {"error": "file_has_password" if locked else "file_damaged"}
    sys.stdout.write(json.dumps(answer))
    return 0


def _bound_memory(limit: int) -> None:
    try:
        import resource
    except ImportError:  # a platform without limits
        return
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _read(content: bytes, rows_max: int, columns_max: int) -> dict[str, Any]:
    from python_calamine import CalamineWorkbook

    workbook = CalamineWorkbook.from_object(io.BytesIO(content))
    for name in workbook.sheet_names:
        sheet = workbook.get_sheet_by_name(name)
        if not sheet.total_height or sheet.start is None:
            continue
        if sheet.total_height > rows_max:
            return {"error": "file_too_many_rows"}
        if sheet.total_width > columns_max:
            return {"error": "file_too_many_columns"}
        rows = [[_text(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
        _repeat_merged(rows, sheet.merged_cell_ranges or [])
        if any(any(row) for row in rows):
            return {"rows": rows}
    return {"error": "file_empty"}


def _text(cell: Any) -> str:
    """A cell as people see it; a number that lost digits keeps the look Excel gives it (9.13502E+17)."""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        if cell != cell or abs(cell) >= 1e15:
            return f"{cell:.5E}"
        return str(int(cell)) if cell == int(cell) else repr(cell)
    return str(cell)


def _repeat_merged(rows: list[list[str]], ranges: list[Any]) -> None:
    """A merged block says its value once, in its first cell; repeat it downwards, as a reader does."""
    for (top, left), (bottom, _right) in ranges:
        if top < len(rows) and left < len(rows[top]):
            for number in range(top + 1, min(bottom + 1, len(rows))):
                rows[number][left] = rows[top][left]


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:4])))
