"""Slots imported from sheets: all or nothing, a line a problem, and who booked is told."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from eventsys.bookings.models import Booking
from eventsys.bookings.rules import BookingState
from eventsys.bookings.services import call_off_slot, change_slot, import_slots
from eventsys.core.audit import AuditEntry
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotAllowed, NotFound
from eventsys.directory.imports.tables import write_csv
from eventsys.directory.imports.uploads import claim_upload, keep_upload
from eventsys.directory.models import Department, Enterprise, ImportMapping
from eventsys.notifications.models import Message
from eventsys.slots.imports.columns import COLUMNS
from eventsys.slots.models import Slot
from eventsys.slots.queries import command_of
from eventsys.slots.rules import AudienceKind, SlotFormat, SlotState
from eventsys.slots.runs import Mark
from tests import cast
from tests.directory.test_import_files import make_xlsx
from tests.factories import ZONE, make_booking, make_slot, new_slot, soon
from tests.slots.imports.test_roundtrip import all_slots, bring, counts, exported, lines
from tests.support import counted_statements

CLERK, COORDINATOR = cast.CLERK.actor, cast.COORDINATOR.actor
FIELDS = [column.field for column in COLUMNS]


def on(days=7):
    """A day to come as a clerk writes it."""
    day = soon(days)
    return f"{day.month}月{day.day}日"


def sheet(*rows):
    return "\n".join("\t".join(row) for row in rows)


def edited(export, row=0, **cells):
    """The exported sheet with cells of a row written over."""
    rows = [list(cells_) for cells_ in export.rows]
    for name, text in cells.items():
        rows[row][FIELDS.index(name)] = text
    return write_csv(type(export)(export.sheet, export.headings, tuple(map(tuple, rows))))


def count(model, *where):
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model).where(*where))


def fresh(slot):
    db.session.rollback()
    db.session.expire_all()
    return db.session.get(Slot, slot.id)


def test_a_clerks_own_sheet_becomes_drafts(app):
    book = make_xlsx(
        [
            ["2026年场次安排"],
            ["活动名称", "日期", "时间", "地点", "家数", "配合部门"],
            ["汇算清缴辅导", on(7), "下午3点—4点半", "第一活动中心", "20家", "科信局"],
            ["个税辅导", None, "9:00", "三楼会议室", None, None],
        ],
        merge=[(0, 0, 0, 5, "2026年场次安排"), (2, 1, 3, 1, on(7))],
    )
    report = bring(book, actor=CLERK)
    first, second = all_slots()
    assert (lines(report), counts(report), report.is_applied) == ([], (2, 0, 0), True)
    assert (first.department_id, first.state, first.capacity) == (cast.TAX, SlotState.DRAFT, 20)
    assert first.starts_at == soon(7, 15)
    assert first.ends_at == soon(7, 16) + timedelta(minutes=30)
    assert [item.id for item in first.supporting] == [cast.SCIENCE]
    assert (second.starts_at, second.ends_at) == (soon(7, 9), soon(7, 9) + timedelta(minutes=90))
    assert (first.place_id, second.place_id, second.place_text) == (cast.CENTRE, None, "三楼会议室")
    assert second.format is SlotFormat.SESSION
    assert (second.capacity, second.attendee_capacity, second.party_max, second.quota_month) == (20, 40, 2, 2)


def test_one_problem_stops_everything_and_each_has_its_line(app):
    text = sheet(
        ("场次名称", "日期", "开始", "形式", "企业名额", "部门", "面向企业", "状态", "服务事项", "取消截止"),
        ("好的", on(), "15:00", "", "", "", "", "", "", ""),
        ("", on(), "15:00", "", "", "", "", "", "", ""),
        ("坏的", "待定", "15:00", "飞行", "很多", "月球局", "月球：甲", "已发布", "", ""),
        ("过去", "2020-01-01", "15:00", "", "0", "", "园区：无此园", "", "无此事项", on()),
        ("别人的", on(), "15:00", "", "", "SCIENCE", "", "", "", ""),
    )
    science = db.session.get_one(Department, cast.SCIENCE)
    report = bring(text.replace("SCIENCE", science.name), actor=CLERK)
    assert sorted(lines(report)) == sorted(
        [
            (3, "场次名称", "required"),
            (4, "日期", "cell_date"),
            (4, "状态", "state_by_import"),
            (4, "企业名额", "cell_number"),
            (4, "形式", "cell_choice"),
            (4, "部门", "cell_unknown_names"),
            (4, "面向企业", "cell_audience"),
            (5, "面向企业", "cell_unknown_names"),
            (5, "服务事项", "cell_unknown_names"),
            (5, "取消截止", "cell_without_clock"),
            (6, "部门", "department_not_yours"),
        ]
    )
    assert (count(Slot), count(ImportMapping), report.is_applied) == (0, 0, False)


def test_rules_of_slots_have_their_line_too(app):
    text = sheet(
        ("场次名称", "日期", "开始", "结束", "企业名额", "面向企业", "抽签时间"),
        ("过去", "2020-01-01", "15:00", "", "0", "", ""),
        ("倒着", on(), "15:00", "14:00", "", "定向邀请", ""),
        ("晚", on(), "15:00", "", "", "", f"{on(8)}10:00"),
    )
    assert lines(bring(text, actor=CLERK)) == [
        (2, "开始", "slot_in_the_past"),
        (2, "企业名额", "out_of_range"),
        (3, "结束", "end_before_start"),
        (3, "面向企业", "nobody_invited"),
        (4, "抽签时间", "after_it_closes"),
    ]


def test_a_dry_run_writes_nothing_and_marks_what_clashes(app):
    make_slot(starts_at=soon(7, 15))
    text = sheet(
        ("场次名称", "日期", "开始", "地点"),
        ("同时", on(7), "15:30", ""),
        ("同处", on(9), "9:00", "第一活动中心"),
        ("又同处", on(9), "9:30", "第一活动中心"),
        ("元旦", "1月1日", "9:00", ""),
    )
    report = bring(text, actor=CLERK, dry_run=True)
    assert (counts(report), count(Slot), count(ImportMapping)) == ((4, 0, 0), 1, 0)
    assert Mark.OWN_SLOT in report.marks[2]
    assert {Mark.OWN_SLOT, Mark.PLACE_TAKEN} <= report.marks[3]
    assert {Mark.OWN_SLOT, Mark.PLACE_TAKEN} <= report.marks[4]
    assert Mark.DAY_OFF in report.marks[5]


def test_published_at_once_when_asked(app):
    bring(sheet(("场次名称", "日期", "开始"), ("一", on(), "15:00")), actor=CLERK, publish=True)
    assert [slot.state for slot in all_slots()] == [SlotState.PUBLISHED]


def test_an_audience_and_the_invited_in_words(app):
    acme = db.session.get_one(Enterprise, cast.ACME)
    code, name = acme.credit_code, db.session.get_one(Enterprise, cast.OTHER).name
    text = sheet(
        ("场次名称", "日期", "开始", "面向企业", "受邀企业"),
        ("一", on(), "9:00", "公开", ""),
        ("二", on(), "9:00", "园区：软件园；规模：小型、微型", ""),
        ("三", on(), "9:00", "定向邀请", f"{code}、{name}"),
        ("四", on(), "9:00", f"定向：{code.lower()}", ""),
    )
    report = bring(text, actor=CLERK)
    assert lines(report) == []
    audiences = [command_of(slot).audience for slot in all_slots()]
    assert [item.kind for item in audiences] == [
        AudienceKind.PUBLIC, AudienceKind.FILTERED, AudienceKind.NAMED, AudienceKind.NAMED,
    ]  # fmt: skip
    assert audiences[1].parks == (cast.SOFTWARE_PARK,)
    assert [set(item.enterprises) for item in audiences[2:]] == [{cast.ACME, cast.OTHER}, {cast.ACME}]


def test_who_booked_is_told_when_a_slot_moves_by_a_sheet(app):
    slot, other = make_slot(), make_slot(starts_at=soon(9))
    make_booking(slot)
    version, untouched = fresh(slot).version, other.version
    told = Message.kind == "slot_moved"
    assert count(Message, told) == 0
    day = soon(8)
    windows = dict.fromkeys(("closes_at", "cancel_until", "names_until"), "（清空）")
    content = edited(exported(), date=f"{day:%Y-%m-%d}", place_text="二楼", **windows)
    report = bring(content)
    assert (lines(report), counts(report)) == ([], (0, 1, 1))
    moved = fresh(slot)
    assert (moved.starts_at, moved.place_text, moved.version) == (soon(8), "二楼", version + 1)
    assert moved.closes_at <= moved.starts_at
    assert count(Message, told) > 0
    assert fresh(other).version == untouched
    assert count(Booking, Booking.state == BookingState.CONFIRMED) == 1
    assert count(AuditEntry, AuditEntry.action == "import.applied") == 1


def test_a_stale_row_is_refused_and_overwrites_nothing(app):
    slot = make_slot()
    old = edited(exported(), title="旧表格里的名称")
    with unit_of_work():
        change_slot(slot.public_id, new_slot(title="后来的名称"), version=None, actor=CLERK)
    assert lines(bring(old)) == [(2, "版本", "row_stale")]
    assert fresh(slot).title == "后来的名称"
    assert lines(bring(edited(exported(), version=""))) == [(2, "版本", "row_without_version")]


def test_what_was_promised_to_who_booked_is_kept(app):
    slot = make_slot()
    make_booking(slot, names=("王一", "李二"))
    make_booking(slot, cast.STRANGER)
    report = bring(edited(exported(), capacity="1", attendee_capacity="2"))
    assert [code for _row, _column, code in lines(report)] == ["capacity_below_booked"]
    with unit_of_work():
        call_off_slot(slot.public_id, "换届", actor=CLERK)
    assert lines(bring(edited(exported(), title="新"))) == [(2, "状态", "already_called_off")]
    assert lines(bring(edited(exported(), state="已发布"))) == [(2, "状态", "state_by_import")]


def test_an_empty_cell_leaves_and_the_word_clears(app):
    slot = make_slot(title_en="English", description="说明", party_max=4)
    blank = dict.fromkeys(set(FIELDS) - {"id", "version"}, "")
    assert counts(bring(edited(exported(), **blank))) == (0, 0, 1)
    report = bring(edited(exported(), description="（清空）", party_max="不限", place="（清空）"))
    assert counts(report) == (0, 1, 0)
    changed = fresh(slot)
    assert (changed.title_en, changed.description, changed.party_max, changed.place_id) == ("English", "", None, None)


def test_an_unknown_place_beside_a_room_is_refused(app):
    make_slot(place_text="三楼")
    assert lines(bring(edited(exported(), place="月球"))) == [(2, "地点", "cell_place")]
    assert counts(bring(edited(exported(), place="月球", place_text="（清空）"))) == (0, 1, 0)
    (changed,) = all_slots()
    assert (changed.place_id, changed.place_text) == (None, "月球")


def test_only_ones_own_slots_exist(app):
    theirs = make_slot(actor=COORDINATOR, department=cast.SCIENCE)
    content = edited(exported(), title="夺来")
    assert lines(bring(content, actor=CLERK)) == [(2, "编号", "row_unknown_slot")]
    assert lines(bring(edited(exported(), id="zzzzzzzzzzzzy"))) == [(2, "编号", "row_unknown_slot")]
    make_slot()
    science = db.session.get_one(Department, cast.SCIENCE).name
    own = edited(exported(lead=cast.TAX), department=science)
    assert lines(bring(own, actor=CLERK)) == [(2, "牵头部门", "department_not_yours")]
    assert fresh(theirs).title != "夺来"
    for actor in (cast.STEWARD.actor, cast.AUDITOR.actor, cast.CONTACT.actor, cast.ADMINISTRATOR.actor):
        with pytest.raises(NotAllowed):
            bring(content, actor=actor)


def test_a_row_twice_is_refused(app):
    make_slot()
    export = exported()
    content = write_csv(type(export)(export.sheet, export.headings, export.rows * 2))
    assert lines(bring(content)) == [(3, "编号", "row_repeats")]


def test_columns_are_corrected_and_remembered(app):
    text = sheet(("甲", "乙", "丙"), ("名称一", on(), "15:00"))
    assert lines(bring(text, actor=CLERK)) == [(0, "场次名称、日期", "columns_missing")]
    mapping = {"title": 0, "date": 1, "start": 2}
    assert counts(bring(text, actor=CLERK, mapping=mapping)) == (1, 0, 0)
    assert counts(bring(text, actor=CLERK)) == (1, 0, 0)
    with pytest.raises(Invalid):
        bring(text, actor=CLERK, mapping={"title": 0, "date": 0})


def test_a_refused_change_takes_everything_back(app):
    """What only the change itself finds out stops the new slots of the sheet as well."""
    slot = make_slot(publish=False)
    late = f"{slot.starts_at.astimezone(ZONE) - timedelta(minutes=1):%Y-%m-%d %H:%M}"
    export = exported()
    new = ["" for _ in FIELDS]
    for name, text in {"department": "税务局", "title": "新的", "date": on(), "start": "9:00"}.items():
        new[FIELDS.index(name)] = text
    rows = [list(export.rows[0]), new]
    rows[0][FIELDS.index("draw_at")] = late
    content = write_csv(type(export)(export.sheet, export.headings, tuple(map(tuple, rows))))
    with pytest.raises(Conflict, match="run_refused"):
        bring(content)
    assert count(Slot) == 1


@pytest.mark.parametrize("text", ["", "场次名称\t日期\t开始\n", "\n\n\t\t\n", "名" * 13_000])
@pytest.mark.sqlite_only
def test_a_sheet_without_rows_is_refused(app, text):
    with pytest.raises(Invalid):
        bring(text, actor=CLERK)


def test_a_naughty_row_is_stored_as_typed(app):
    title = "=1+1😀𠮷<b>"
    assert lines(bring(sheet(("场次名称", "日期", "开始"), (title, on(), "15:00")), actor=CLERK)) == []
    assert [slot.title for slot in all_slots()] == [title]


def test_two_thousand_rows_in_a_few_statements(app, database):
    rows = [(f"第{number}场", on(3 + number % 200), "下午3点", "20", "公开") for number in range(2_000)]
    book = make_xlsx([("场次名称", "日期", "开始", "企业名额", "面向企业"), *rows])
    started = time.monotonic()
    with counted_statements() as looked:
        assert bring(book, actor=CLERK, dry_run=True).created == 2_000
    with counted_statements() as made:
        assert counts(bring(book, actor=CLERK)) == (2_000, 0, 0)
    assert time.monotonic() - started < 30  # about 3 s; the bound only catches what grows with the square
    assert len(looked) < 25
    inserted = 2 * 2_000 if database == "sqlite" else 40  # SQLite numbers new rows one by one
    assert len(made) < inserted + 40


def test_two_sheets_at_once_change_a_slot_once(app):
    slot = make_slot()
    version = slot.version
    contents = [edited(exported(), title=f"名称{number}") for number in range(2)]
    found = []

    def work(content):
        with app.app_context(), unit_of_work():
            report = import_slots(content, "a.csv", dry_run=False, actor=COORDINATOR)
            found.append((report.is_applied, lines(report)))

    db.session.rollback()
    threads = [threading.Thread(target=work, args=[content]) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [(False, [(2, "版本", "row_stale")]), (True, [])]
    assert fresh(slot).version == version + 1


@pytest.mark.sqlite_only
def test_an_upload_is_taken_by_one_at_a_time(app, tmp_path):
    key = keep_upload(tmp_path, 1, b"content", "a.csv")
    with claim_upload(tmp_path, 1, key) as claim:
        assert (claim.content, claim.filename) == (b"content", "a.csv")
        with pytest.raises(NotFound):
            claim_upload(tmp_path, 1, key).__enter__()
    with claim_upload(tmp_path, 1, key) as claim:
        claim.is_done = True
    assert list(tmp_path.iterdir()) == []
