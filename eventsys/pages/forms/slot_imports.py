"""Forms of the import of slots: a file or pasted cells, which column means what, and the confirmation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import BooleanField, TextAreaField

from eventsys.core.errors import Invalid, Refusal
from eventsys.slots.imports.columns import COLUMNS
from eventsys.web.forms import Form

COLUMN_PREFIX = "column-"
_TABS = b"sep=\t\n"  # the first line by which a text says that tabs separate its cells


class SlotSheetForm(Form):
    """A spreadsheet, or cells copied out of one."""

    file = FileField(
        _l("Spreadsheet"),
        description=_l("Excel (.xlsx, .xls) or CSV, at most 10 MB and 20,000 rows."),
        render_kw={"accept": ".xlsx,.xls,.csv,text/csv"},
    )
    pasted = TextAreaField(
        _l("Or cells copied from Excel"),
        description=_l("Select them together with the row of headings, copy, and paste them here."),
    )

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        for field in (self.file, self.pasted):  # one of the two, so neither is called optional
            field.flags.empty_is_default = True

    def content(self) -> tuple[bytes, str]:
        """What was sent, as a file and its name; Invalid when it is neither or both."""
        pasted = (self.pasted.data or "").strip("\r\n")
        if bool(self.file.data) is bool(pasted.strip()):
            raise Invalid("file_or_pasted", field="file")
        if self.file.data:
            return self.file.data.read(), self.file.data.filename or ""
        content = pasted.encode("utf-8", "replace")
        return (_TABS + content if "\t" in pasted else content), ""

    def refuse(self, error: Refusal) -> None:
        """What is wrong with pasted cells is said where they are."""
        if isinstance(error, Invalid) and error.field == "file" and not self.file.data and self.pasted.data:
            error = Invalid(error.code, field="pasted", **error.fields)
        super().refuse(error)


class ConfirmSlotsForm(Form):
    """Carry out what the preview showed."""

    publish = BooleanField(_l("Publish the new slots at once"))


def typed_slot_mapping(typed: Mapping[str, Any]) -> dict[str, int]:
    """Field -> column of the select boxes; what is no number counts as a column that does not exist."""
    mapping: dict[str, int] = {}
    for column in COLUMNS:
        value = typed.get(COLUMN_PREFIX + column.field, "")
        if value:
            mapping[column.field] = int(value) if value.isascii() and value.isdigit() and len(value) < 6 else 10**6
    return mapping
