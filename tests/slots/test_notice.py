"""The group notice and its poster."""

from datetime import date, datetime
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest
import zxingcpp
from PIL import Image

from eventsys.core.db import db, unit_of_work
from eventsys.directory.rules import Topic
from eventsys.slots.models import Edition, Series
from eventsys.slots.notice import NoticeFacts, notice_text
from eventsys.slots.rules import SlotFormat
from tests import cast
from tests.factories import make_slot, soon

pytestmark = pytest.mark.sqlite_only
ZONE = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 11, 22)


def facts(**changes):
    values = {
        "district": "示范区",
        "department": "税务局",
        "title": "研发费用加计扣除政策辅导",
        "starts_at": datetime(2026, 12, 3, 14, 30, tzinfo=ZONE),
        "ends_at": datetime(2026, 12, 3, 16, 0, tzinfo=ZONE),
        "closes_at": datetime(2026, 12, 2, 17, 0, tzinfo=ZONE),
        "place": "第一活动中心3楼",
        "capacity": 20,
        "party_max": 2,
        "url": "https://example.com/slots/abc",
        "series": "党企面对面",
        "edition": 4,
    }
    return NoticeFacts(**{**values, **changes})


def test_the_text_is_the_one_agreed():
    assert notice_text(facts(), ZONE, TODAY) == (
        "【党企面对面第4期】税务局：研发费用加计扣除政策辅导\n"
        "时间：12月3日（周四）14:30—16:00\n"
        "地点：第一活动中心3楼\n"
        "名额：20家企业，每家2人，12月2日（周三）17:00截止\n"
        "预约：https://example.com/slots/abc"
    )


def test_without_edition_and_limit_and_in_another_year():
    text = notice_text(facts(edition=None, series="", party_max=None), ZONE, date(2025, 1, 1))
    assert text.startswith("税务局：研发")
    assert "时间：2026年12月3日（周四）14:30—16:00" in text
    assert "名额：20家企业，2026年12月2日（周三）17:00截止" in text


def test_over_midnight_says_both_days():
    text = notice_text(facts(ends_at=datetime(2026, 12, 4, 0, 30, tzinfo=ZONE)), ZONE, TODAY)
    assert "12月3日（周四）14:30—12月4日（周五）00:30" in text


def test_the_page_offers_the_text_to_copy(app, client):
    with unit_of_work():
        series = Series(name="党企面对面")
        db.session.add(series)
        db.session.flush()
        db.session.add(
            Edition(id=1, series_id=series.id, number=4, starts_on=date(2026, 12, 1), ends_on=date(2026, 12, 31))
        )
    slot = make_slot(edition=1, place_text="3楼", title="问诊<b>&")
    page = client.sign_in(cast.CLERK).get(f"/slots/{slot.public_id}/notice").text
    assert "【党企面对面第4期】税务局：问诊&lt;b&gt;&amp;" in page
    assert "地点：第一活动中心3楼" in page
    assert f"预约：http://127.0.0.1:8000/slots/{slot.public_id}" in page
    assert 'data-copy-from="#notice"' in page


@pytest.mark.parametrize(
    ("format", "words"), [(SlotFormat.ONLINE, "线上"), (SlotFormat.VISIT, "企业现场"), (SlotFormat.SESSION, "另行通知")]
)
def test_a_slot_without_a_place(app, client, format, words):
    slot = make_slot(place=None, format=format, topic=Topic.POLICY)
    assert f"地点：{words}" in client.sign_in(cast.CLERK).get(f"/slots/{slot.public_id}/notice").text


@pytest.mark.parametrize("title", ["研发费用加计扣除", "𠮷" * 80, "🎉 " + "W" * 78, "政策" * 40])
def test_the_poster_holds_the_slots_address(app, client, title):
    slot = make_slot(title=title, place_text="楼" * 120)
    answer = client.sign_in(cast.CLERK).get(f"/slots/{slot.public_id}/poster.png")
    assert answer.content_type == "image/png"
    picture = Image.open(BytesIO(answer.data))
    (code,) = zxingcpp.read_barcodes(picture)
    assert code.text == f"http://127.0.0.1:8000/slots/{slot.public_id}"


@pytest.mark.parametrize("what", ["notice", "poster.png"])
def test_only_for_the_department_and_once_published(app, what):
    slot, draft = make_slot(), make_slot(publish=False)
    for member, path, status in (
        (cast.CLERK, slot, 200),
        (cast.COORDINATOR, slot, 200),
        (cast.STRANGER_CLERK, slot, 404),
        (cast.CONTACT, slot, 403),
        (cast.CLERK, draft, 409),
    ):
        browser = app.test_client().sign_in(member)
        assert browser.get(f"/slots/{path.public_id}/{what}").status_code == status, member
        db.session.rollback()


def test_a_hidden_slot_is_said_to_be_one(app, client):
    slot = make_slot(topic=Topic.CARE, format=SlotFormat.VISIT, starts_at=soon(9))
    assert slot.is_hidden
    assert "only for those invited" in client.sign_in(cast.CLERK).get(f"/slots/{slot.public_id}/notice?lang=en").text
