"""What people type into a text field is read back equal: by a calendar client, from a spreadsheet, from a mail."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from icalendar import Calendar
from python_calamine import CalamineWorkbook

from eventsys.bookings.rules import NewAttendee
from eventsys.bookings.services import call_off_slot, cancel_booking, decline_ticket, replace_attendee
from eventsys.core.db import unit_of_work
from eventsys.core.errors import Invalid
from eventsys.core.text import BLANKS, clean_line
from eventsys.directory import services
from eventsys.directory.commands import DepartmentDetails, EnterpriseDetails, PlaceDetails, ServiceDetails
from eventsys.directory.imports.cells import unguard
from eventsys.directory.imports.export import export_rows
from eventsys.directory.imports.rules import ImportKind
from eventsys.directory.imports.tables import write_csv, write_xlsx
from eventsys.notifications.tasks import Sender, deliver_due
from tests import cast
from tests.calendars.conftest import add_link, read
from tests.factories import make_booking, make_slot
from tests.house.test_naughty import NAUGHTY

pytestmark = pytest.mark.sqlite_only

ADMIN = cast.ADMINISTRATOR.actor
TAX, CENTRE, ACME = cast.fixed_id("d", cast.TAX), cast.fixed_id("l", cast.CENTRE), cast.fixed_id("e", cast.ACME)
UNSHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")  # no header may hold these
LINE_ENDS = re.compile("[\x85\u2028\u2029]")  # line breaks in a calendar: some readers would end the line there


def one_line(name: str) -> str | None:
    """The naughty string as a field of one line may hold it, None where no field does."""
    try:
        return clean_line(NAUGHTY[name][:4_000], "x", 4_000, required=True)
    except Invalid:
        return None


LINES = [name for name in NAUGHTY if one_line(name)]
TEXTS = [*LINES, "crlf", "separators"]


def tagged(tag: str, text: str, limit: int) -> str:
    """The string in a field that holds `limit` characters, told from other fields by its tag."""
    return f"{tag}{text}"[:limit].strip(BLANKS)


class Typed:
    """One naughty string in every field of the directory that leaves the site."""

    def __init__(self, text: str, tags: str = "局短话务地址企简街厂注") -> None:
        self.text = text
        name, short, phone, service, place, address, enterprise, brief, street, works, note = tags or [""] * 11
        self.department = DepartmentDetails(
            tagged(name, text, 120), tagged(short, text, 20), name_en=text[:120].strip(), phone=tagged(phone, text, 40)
        )
        self.service = ServiceDetails(re.sub("[;；]", ",", tagged(service, text, 120)))
        self.place = PlaceDetails(tagged(place, text, 120), address=tagged(address, text, 200))
        self.enterprise = EnterpriseDetails(
            "91350299MA00000019",
            tagged(enterprise, text, 120),
            tagged(brief, text, 40),
            text[:120].strip(),
            tagged(street, text, 40),
            address=tagged(works, text, 200),
            note=tagged(note, text, 500),
        )
        with unit_of_work():
            services.edit_department(TAX, self.department, None, actor=ADMIN)
            services.edit_service(cast.fixed_id("s", cast.TAX), self.service, actor=ADMIN)
            services.edit_place(CENTRE, self.place, None, actor=ADMIN)
            services.edit_enterprise(ACME, self.enterprise, None, actor=ADMIN)

    def tag(self, tag: str, limit: int) -> str:
        """The string in another field."""
        return tagged(tag, self.text, limit)


def lines_of(event: dict[str, object]) -> list[str]:
    """The lines of an event's description."""
    return str(event["DESCRIPTION"]).split("\n")


@pytest.mark.parametrize("name", LINES)
def test_a_calendar_client_reads_every_field(app, client, name):
    typed = Typed(one_line(name))
    title, room = typed.tag("题", 80), typed.tag("室", 120)
    about, reason = typed.tag("述", 4_000), typed.tag("因", 200)
    link = f"https://example.com/{typed.text}"[:500].strip(BLANKS)
    slot = make_slot(title=title, place_text=room, description=about, services=(cast.TAX,), online_url=link)
    make_booking(slot)
    own = client.get(add_link(cast.CONTACT)[1])
    for event in (read(client.get("/feeds/all.ics"))[slot.public_id], read(own)[slot.public_id]):
        assert event["SUMMARY"] == f"{typed.department.short_name}：{title}"
        assert event["LOCATION"] == f"{typed.place.name}（{typed.place.address}） {room}"
        assert {
            f"牵头部门：{typed.department.name}",
            f"服务事项：{typed.service.name}",
            f"咨询电话：{typed.department.phone}",
            about,
        } <= set(lines_of(event))
    assert f"线上入口：{link}" in lines_of(event)  # told to who booked
    heading = Calendar.from_ical(own.data)["NAME"]  # RFC 7986 says TEXT, which the library does not know yet
    assert re.sub(r"\\(.)", r"\1", str(heading)) == f"{typed.enterprise.name}的预约"
    with unit_of_work():
        call_off_slot(slot.public_id, reason, actor=cast.CLERK.actor)
    event = read(client.get("/feeds/all.ics"))[slot.public_id]
    assert event["SUMMARY"] == f"【已取消】{typed.department.short_name}：{title}"
    assert f"因{reason}，本场次已取消。" in lines_of(event)


@pytest.mark.parametrize("name", TEXTS)
def test_a_calendar_client_reads_a_text_of_several_lines(app, client, name):
    text = NAUGHTY[name][:3_000]
    slot = make_slot(description=text)
    assert slot.description == text.replace("\r\n", "\n").strip(BLANKS)
    told = str(read(client.get("/feeds/all.ics"))[slot.public_id]["DESCRIPTION"])
    assert LINE_ENDS.sub("\n", slot.description) in told


def rows_of(content: bytes, is_csv: bool) -> list[dict[str, str]]:
    """The rows of a spreadsheet as another programme reads them, by heading; the guards of formulas taken off."""
    if is_csv:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    else:
        rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    return [dict(zip(rows[0], map(unguard, row), strict=True)) for row in rows[1:]]


@pytest.mark.parametrize("is_csv", [True, False], ids=["csv", "xlsx"])
@pytest.mark.parametrize("tags", ["局短话务地址企简街厂注", ""], ids=["tagged", "bare"])  # bare: a formula comes first
@pytest.mark.parametrize("name", LINES)
def test_a_spreadsheet_holds_every_field(app, name, tags, is_csv):
    typed = Typed(one_line(name), tags)
    write = write_csv if is_csv else write_xlsx
    department = rows_of(write(export_rows(ImportKind.DEPARTMENTS)), is_csv)[0]
    held = typed.department
    assert [department[heading] for heading in ("部门名称", "简称", "英文名称", "联系电话")] == [
        held.name,
        held.short_name,
        held.name_en,
        held.phone,
    ]
    assert department["服务事项"].removesuffix("；") == typed.service.name
    enterprise = rows_of(write(export_rows(ImportKind.ENTERPRISES)), is_csv)[0]
    kept = typed.enterprise
    assert [enterprise[heading] for heading in ("企业名称", "简称", "英文名称", "所属街道", "地址", "备注")] == [
        kept.name,
        kept.short_name,
        kept.name_en,
        kept.sub_district,
        kept.address,
        kept.note,
    ]


@pytest.fixture
def sent(app) -> Callable[[], list[EmailMessage]]:
    """Sends what is due and gives the mails that were written as .eml files."""
    folder = app.config["EVENTSYS"].home / "mail"
    for file in folder.glob("*.eml"):
        file.unlink()

    def send() -> list[EmailMessage]:
        while deliver_due(Sender(district="示范区", uid_host="eventsys.test")):
            pass
        return [message_from_bytes(file.read_bytes(), policy=default) for file in folder.glob("*.eml")]

    return send


def shown(text: str) -> str:
    """A text as a header may show it."""
    return " ".join(UNSHOWN.sub(" ", text).split())


@pytest.mark.parametrize("name", LINES)
def test_a_mail_says_every_field(app, sent, name):
    typed = Typed(one_line(name))
    title, reason = typed.tag("题", 80), typed.tag("因", 200)
    person, stand_in = typed.tag("人", 60), typed.tag("替", 60)
    slot = make_slot(title=title)
    booking = make_booking(slot, names=(person, "甲", "乙"))
    with unit_of_work():
        replace_attendee(booking.attendees[1].public_id, NewAttendee(stand_in))
        decline_ticket(booking.attendees[2].public_id)
    other = make_booking(make_slot(title=title), names=(person,))
    with unit_of_work():
        cancel_booking(other.public_id, actor=cast.CLERK.actor, reason=reason)
    with unit_of_work():
        call_off_slot(slot.public_id, reason, actor=cast.CLERK.actor)
    mails = sent()
    bodies = {str(mail["Subject"]): mail.get_body(("plain",)).get_content() for mail in mails}
    subjects = "\n".join(bodies)
    assert shown(title) in subjects
    for field in (title, reason, person, stand_in, typed.enterprise.name, typed.place.name, typed.department.name,
                  typed.department.phone):  # fmt: skip
        assert any(field in body for body in bodies.values()), field
    assert all(title in body for body in bodies.values())
    assert len(bodies) >= 5
    assert not UNSHOWN.search(subjects.replace("\n", ""))
