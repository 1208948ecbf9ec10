"""Forms of the imports: the file, and which column means what."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired

from eventsys.directory.imports.columns import COLUMNS
from eventsys.directory.imports.rules import ImportKind
from eventsys.web.forms import Form

COLUMN_PREFIX = "column-"


class UploadForm(Form):
    """A spreadsheet to import."""

    file = FileField(
        _l("Spreadsheet"),
        [FileRequired()],
        description=_l("Excel (.xlsx, .xls) or CSV, at most 10 MB and 20,000 rows."),
        render_kw={"accept": ".xlsx,.xls,.csv,text/csv"},
    )


class ConfirmForm(Form):
    """Carry out what the preview showed; only the token that says it was this site's page."""


def typed_mapping(kind: ImportKind, typed: Mapping[str, str]) -> dict[str, int]:
    """Field -> column of the select boxes; what is no number counts as a column that does not exist."""
    mapping: dict[str, int] = {}
    for column in COLUMNS[kind]:
        value = typed.get(COLUMN_PREFIX + column.field, "")
        if value:
            mapping[column.field] = int(value) if value.isascii() and value.isdigit() and len(value) < 6 else 10**6
    return mapping
