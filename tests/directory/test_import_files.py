"""Spreadsheets as people have them, and as attackers make them."""

import io
import struct
import time
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xlsxwriter import Workbook

from eventsys.core.errors import Invalid
from eventsys.directory.imports.cells import guard_csv, guard_text, unguard
from eventsys.directory.imports.columns import COLUMNS, find_heading, recognise
from eventsys.directory.imports.read import read_sheet
from eventsys.directory.imports.rules import ROWS_MAX, ImportKind

pytestmark = pytest.mark.sqlite_only
SECONDS = 2


def make_xlsx(rows, merge=()):
    stream = io.BytesIO()
    with Workbook(stream, {"strings_to_formulas": False}) as workbook:
        sheet = workbook.add_worksheet()
        for top, left, bottom, right, text in merge:
            sheet.merge_range(top, left, bottom, right, text)
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                if cell is not None:
                    (sheet.write_number if isinstance(cell, (int, float)) else sheet.write_string)(number, column, cell)
    return stream.getvalue()


def altered(book, name, alter):
    """`book` with one part altered (or added)."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            if part.filename != name:
                new.writestr(part.filename, old.read(part))
        new.writestr(name, alter(old.read(name) if name in old.namelist() else b""))
    return stream.getvalue()


def cells(content):
    return [(row.number, list(row.cells)) for row in read_sheet(content).rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_csv_in_every_encoding_and_with_every_mark(encoding, mark):
    text = f'名称{mark}代码\r\n\r\n"甲""公司"{mark}"多\n行"\r\n'
    assert cells(text.encode(encoding)) == [(1, ["名称", "代码"]), (3, ['甲"公司', "多\n行"])]


def test_a_workbook_with_merged_cells_blank_rows_and_numbers():
    book = make_xlsx(
        [[], [], ["名称", "代码", "街道"], [None, "a"], [None, "b"], [], [3, 2.5, 913502001234567890]],
        merge=[(0, 0, 0, 2, "2026年台账"), (3, 0, 4, 0, "甲")],
    )
    assert cells(book) == [
        (1, ["2026年台账", "", ""]),
        (3, ["名称", "代码", "街道"]),
        (4, ["甲", "a", ""]),
        (5, ["甲", "b", ""]),
        (7, ["3", "2.5", "9.13502E+17"]),
    ]


@pytest.mark.parametrize(
    ("texts", "fields"),
    [
        (("统一社会信用代码*", " 企业名称（必填） ", "所属 街道"), ["credit_code", "name", "sub_district"]),
        (("Company Name", "USCC", "Tags"), ["name", "credit_code", "tags"]),
        (("序号", "公司", "税号", "园区", "规模"), ["name", "credit_code", "park", "size"]),
    ],
)
def test_headings_are_known_in_both_languages(texts, fields):
    mapping = recognise(COLUMNS[ImportKind.ENTERPRISES], texts)
    assert sorted(mapping) == sorted(fields)


def test_title_rows_above_the_heading_are_passed_over():
    sheet = read_sheet("思明区企业台账,\n填表人,张三\n序号,企业名称,信用代码\n1,甲,x\n".encode())
    assert find_heading(COLUMNS[ImportKind.ENTERPRISES], sheet).index == 2


def _million_rows(part):
    rows = b"".join(b'<row r="%d"><c r="A%d"><v>1</v></c></row>' % (n, n) for n in range(1, 1_000_001))
    return part.split(b"<sheetData>")[0] + b"<sheetData>" + rows + b"</sheetData></worksheet>"


def _lying_about_its_size():
    book = bytearray(altered(make_xlsx([["x"]]), "xl/bomb.xml", lambda _: b"\0" * (100 * 2**20)))
    entry = book.rfind(b"PK\x01\x02", 0, book.rfind(b"xl/bomb.xml"))
    struct.pack_into("<I", book, entry + 24, 1_000)
    return bytes(book)


def _with_cell(row, column):
    stream = io.BytesIO()
    with Workbook(stream) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_string(0, 0, "名称")
        sheet.write_string(row, column, "x")
    return stream.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
ATTACKS = {
    "zip bomb": (
        lambda: altered(make_xlsx([["x"]]), "xl/b.xml", lambda _: b"\0" * 300 * 2**20),
        "file_unpacks_too_large",
    ),
    "a lying directory": (_lying_about_its_size, "file_damaged"),
    "a million rows": (lambda: altered(make_xlsx([["x"]]), SHEET, _million_rows), "file_too_many_rows"),
    "a million lines": (lambda: b"a,b\n" * 1_000_001, "file_too_many_rows"),
    "a cell far below": (lambda: _with_cell(1_048_575, 0), "file_too_many_rows"),
    "the farthest cell": (lambda: _with_cell(1_048_575, 16_383), "file_sheet_too_large"),
    "entities": (
        lambda: altered(make_xlsx([["x"]]), SHEET, lambda p: p.replace(b"<work", b"<!DOCTYPE a []><work", 1)),
        "file_declares_entities",
    ),
    "half a workbook": (lambda: make_xlsx([["x"]])[:2_000], "file_damaged"),
    "a zip of something else": (lambda: altered(_empty_zip(), "a.txt", lambda _: b"x"), "file_kind_unknown"),
    "old Excel, broken": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4_096), "file_damaged"),
    "a picture": (lambda: b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)), "file_kind_unknown"),
    "nothing": (lambda: b"", "file_empty"),
    "blanks": (lambda: b" , \n\n\t,\n", "file_empty"),
    "too large": (lambda: b"a," * (6 * 2**20), "file_too_large"),
    "a huge cell": (lambda: b"a," + b"x" * 13_000, "file_cell_too_long"),
    "too wide": (lambda: b"a," * 200, "file_too_many_columns"),
}


def _empty_zip():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("b.txt", "")
    return stream.getvalue()


@pytest.mark.parametrize("name", ATTACKS)
def test_a_hostile_file_is_refused_by_its_cause(name):
    make, code = ATTACKS[name]
    content = make()
    started = time.monotonic()
    with pytest.raises(Invalid) as refused:
        read_sheet(content)
    assert (refused.value.code, refused.value.field) == (code, "file")
    assert time.monotonic() - started < 5 * SECONDS  # a generous bound: the machine may be busy


def test_as_many_rows_as_allowed_are_read():
    assert len(read_sheet(b"a,b\n" * ROWS_MAX).rows) == ROWS_MAX


FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "＝1",
    "＋1",
    "－1",
    "＠x",
    " =1",
    "\u3000=1",
    "\u200b=1",
    "\u200b\u200b =1",
]


@pytest.mark.parametrize("value", FORMULAS)
def test_a_formula_never_starts_a_csv_cell(value):
    written = guard_csv(value)
    assert written.lstrip()[0] not in "=+-@＝＋－＠\t\r"
    assert written[0] not in "\t\r"
    assert unguard(written) == value


@given(st.text(alphabet=st.sampled_from("=+-@＝\t \u200b'a中"), max_size=6))
def test_guards_are_undone_exactly(value):
    assert unguard(guard_csv(value)) == value
    assert unguard(guard_text(value)) == value
