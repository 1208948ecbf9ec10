"""Slots from a spreadsheet in the browser: upload or paste, preview, columns, confirm; and back into one."""

from __future__ import annotations

import io

import pytest

from eventsys.directory.imports.read import read_sheet
from eventsys.slots.rules import SlotState
from tests import cast
from tests.bookings.test_imports import on, sheet
from tests.directory.test_import_files import make_xlsx
from tests.factories import make_booking, make_slot, soon
from tests.slots.imports.test_roundtrip import all_slots

PATH = "/desk/slots/import"
HEAD = ("场次名称", "日期", "开始")


def pasted(*rows):
    return {"pasted": sheet(*rows).replace("\n", "\r\n")}


def uploaded(content, name="场次.xlsx"):
    return {"file": (io.BytesIO(content), name)}


@pytest.fixture
def clerk(client):
    return client.sign_in(cast.CLERK)


def test_the_desk_leads_there_and_to_the_month_as_a_sheet(app, clerk):
    make_slot()
    page = clerk.get(f"/desk?month={soon():%Y-%m}").text
    assert f'href="{PATH}"' in page
    assert f"/desk/slots.xlsx?month={soon():%Y-%m}" in page
    assert clerk.get(PATH).status_code == 200


def test_pasted_cells_become_drafts(app, clerk):
    sent = clerk.post(PATH, data=pasted(HEAD, ("辅导, 一、二; 三,,,,,", on(), "下午3点")))
    assert sent.status_code == 303
    page = clerk.get(f"{sent.location}?lang=en").text
    assert "辅导, 一、二; 三" in page
    assert all_slots() == []
    answer = clerk.post(f"{sent.location}?lang=en")
    assert (answer.status_code, answer.location) == (303, f"/desk?month={soon():%Y-%m}&department=tax")
    made = all_slots()
    assert [(slot.title, slot.state) for slot in made] == [("辅导, 一、二; 三,,,,,", SlotState.DRAFT)]
    assert "1 slot is created. They are drafts" in clerk.get(f"{answer.location}&lang=en").text
    assert clerk.post(sent.location).status_code == 404
    assert len(all_slots()) == 1


def test_a_file_is_published_when_asked(app, clerk):
    sent = clerk.post(PATH, data=uploaded(make_xlsx([HEAD, ("一", on(), "9:00"), ("二", on(), "15:00")])))
    clerk.post(sent.location, data={"publish": "y"})
    assert [slot.state for slot in all_slots()] == [SlotState.PUBLISHED] * 2


def test_problems_and_doubts_have_a_line_each(app, clerk):
    rows = (HEAD, ("一", on(), "3点"), ("二", f"{on()}（周{'一二三四五六日'[(soon().weekday() + 1) % 7]}）", "9:00"))
    sent = clerk.post(PATH, data=pasted(*rows))
    page = clerk.get(f"{sent.location}?lang=en").text
    assert "This may be the morning or the afternoon" in page
    assert "Check the day" in page
    assert "Import now" not in page
    assert clerk.post(sent.location).status_code == 409
    assert all_slots() == []


def test_columns_are_corrected(app, clerk):
    sent = clerk.post(PATH, data=pasted(("甲", "乙", "丙"), ("名称一", on(), "9:00")))
    path = f"{sent.location}/columns"
    assert clerk.post(path, data={"column-title": "0", "column-date": "0"}).status_code == 422
    assert clerk.post(path, data={"column-title": "x" * 9}).status_code == 422
    columns = {"column-title": "0", "column-date": "1", "column-start": "2"}
    assert clerk.post(path, data=columns).status_code == 303
    assert clerk.post(sent.location).status_code == 303
    assert [slot.title for slot in all_slots()] == ["名称一"]


def test_an_exported_month_is_edited_and_imported(app, clerk):
    slot = make_slot()
    make_booking(slot)
    make_slot(starts_at=soon(60))
    make_slot(actor=cast.COORDINATOR.actor, department=cast.SCIENCE)
    content = clerk.get(f"/desk/slots.xlsx?month={soon():%Y-%m}").data
    heading, *rows = [list(row.cells) for row in read_sheet(content).rows]
    assert [row[0] for row in rows] == [slot.public_id]
    same = clerk.post(PATH, data=uploaded(content)).location
    assert "The file says nothing new" in clerk.get(f"{same}?lang=en").text
    rows[0][heading.index("房间或其他地点")] = "二楼"
    sent = clerk.post(PATH, data=uploaded(make_xlsx([heading, *rows])))
    page = clerk.get(f"{sent.location}?lang=en").text
    assert "Room or other place" in page
    answer = clerk.post(f"{sent.location}?lang=en")
    assert "1 slot is changed." in clerk.get(f"{answer.location}&lang=en").text
    assert {item.place_text for item in all_slots()} == {"二楼", ""}


def test_a_refusal_of_one_slot_is_shown_and_the_sheet_can_be_sent_again(app, clerk):
    slot = make_slot(publish=False)
    heading, row = [list(row.cells) for row in read_sheet(clerk.get("/desk/slots.xlsx").data).rows]
    row += [""] * (len(heading) - len(row))
    row[heading.index("抽签时间")] = f"{slot.starts_at.astimezone(soon().tzinfo):%Y-%m-%d} 13:59"
    sent = clerk.post(PATH, data=uploaded(make_xlsx([heading, row])))
    for _turn in range(2):
        answer = clerk.post(f"{sent.location}?lang=en")
        assert answer.status_code == 409
        assert "Nothing was changed, because of the slot of" in answer.text


@pytest.mark.parametrize("data", [{}, {"pasted": " \r\n"}, {"pasted": "一个单元格"}, {"pasted": "a\x00\tb\r\nc\td"}])
@pytest.mark.sqlite_only
def test_what_is_no_sheet_is_refused_where_it_is(app, clerk, data):
    answer = clerk.post(PATH, data=data)
    assert answer.status_code == 422
    assert "error-summary" in answer.text


@pytest.mark.sqlite_only
def test_both_a_file_and_pasted_cells_are_refused(app, clerk):
    both = {**uploaded(b"a,b\n1,2\n"), **pasted(HEAD, ("一", on(), "9:00"))}
    assert clerk.post(PATH, data=both).status_code == 422


def test_a_sheet_belongs_to_who_sent_it(app, client, clerk):
    path = clerk.post(PATH, data=pasted(HEAD, ("一", on(), "9:00"))).location
    other = app.test_client().sign_in(cast.STRANGER_CLERK)
    assert [other.get(path).status_code, other.post(path).status_code] == [404, 404]
    assert other.post(f"{path}/columns").status_code == 404
    for member in (cast.STEWARD, cast.CONTACT, cast.AUDITOR):
        stranger = app.test_client().sign_in(member)
        paths = (PATH, path, "/desk/slots.xlsx", f"{PATH}/template.xlsx")
        assert {stranger.get(item).status_code for item in paths} == {403}
    assert clerk.get("/desk/slots.xlsx?department=kxj").status_code == 404


def test_the_template_is_for_ones_own_department_and_imports_nothing_as_it_is(app, clerk):
    answer = clerk.get(f"{PATH}/template.xlsx")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    heading, example = read_sheet(answer.data).rows
    assert "示范区税务局" in example.cells
    assert "场次名称" in heading.cells
    sent = clerk.post(PATH, data=uploaded(answer.data))
    assert "The file says nothing new" in clerk.get(f"{sent.location}?lang=en").text
