"""Many slots at once: the form, the preview with its ticks, what is made of it, and edits of several."""

import re

import pytest
from sqlalchemy import func, select

from eventsys.core.db import db, unit_of_work
from eventsys.slots.models import Run, Slot
from eventsys.slots.rules import SlotState
from eventsys.web.locale import format_day
from tests import cast
from tests.factories import ZONE, make_booking, make_slot, tomorrow
from tests.pages.test_slot_editor import sent_by, typed
from tests.slots.test_runs import in_month, month_start, next_workday

MANY, COPY = "/desk/slots/many", "/desk/slots/copy-month"


def rule(**changes):
    """What a browser sends for a week of afternoons."""
    values = {
        **typed(starts_at=None, action="preview"),
        "starts_on": f"{tomorrow():%Y-%m-%d}",
        "every": "day",
        "interval": "1",
        "by": "weekday",
        "count": "7",
        "on_holiday": "keep",
        "first": "14:00",
        "sittings": "1",
        "buffer_minutes": "0",
        "token": "",
    }
    return {key: value for key, value in {**values, **changes}.items() if value is not None}


def preview_of(page):
    """The fields of the preview's form, as a browser sends them back."""
    text = page.text[page.text.index('id="preview"') :]
    text = text[: text.index("</form>")]
    fields = {}
    for tag in re.findall(r"<input [^>]*>", text):
        found = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if found["type"] == "checkbox" and not re.search(r"\bchecked\b", tag):
            continue
        fields.setdefault(found["name"], []).append(found["value"])
    return fields


def slots():
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(Slot).order_by(Slot.starts_at, Slot.id)).all()


def count(model):
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model))


@pytest.fixture
def clerk(client):
    return client.sign_in(cast.CLERK)


def test_the_desk_leads_there(app, clerk):
    assert f'href="{MANY}"' in clerk.get("/desk").text
    page = clerk.get(MANY)
    assert page.status_code == 200
    fields = sent_by(page)
    assert (fields["minutes"], fields["capacity"], fields["every"]) == (["90"], ["20"], ["week"])


def test_from_the_form_to_drafts(app, clerk):
    page = clerk.post(MANY, data=rule())
    assert page.status_code == 200
    assert count(Slot) == 0
    fields = preview_of(page)
    assert len(fields["chosen"]) == 7
    answer = clerk.post(MANY, data={**fields, "chosen": fields["chosen"][1:4], "action": "save"})
    assert answer.status_code == 303
    made = slots()
    assert [slot.starts_at.astimezone(ZONE).date() for slot in made] == [tomorrow(n) for n in (2, 3, 4)]
    assert {(slot.state, slot.title, slot.capacity) for slot in made} == {(SlotState.DRAFT, "汇算清缴辅导", 20)}
    run = clerk.get(answer.location + "&lang=en")
    assert "3 slots are created." in run.text
    assert "/undo" in run.text


def test_another_rule_after_going_back_is_another_run(app, clerk):
    form = sent_by(clerk.get(MANY))
    for hour in ("09:00", "15:00"):
        fields = preview_of(clerk.post(MANY, data=rule(token=form["token"][0], first=hour)))
        clerk.post(MANY, data={**fields, "action": "save"})
    assert (count(Slot), count(Run)) == (14, 2)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "Daily; from {first}; 7 times"),
        ({"interval": "3", "count": "", "until": "{until}"}, "Every 3 days; from {first}; until {last}"),
        ({"every": "week", "interval": "2", "weekdays": ["1", "3"]}, "Every 2 weeks on Tuesday, Thursday; from"),
        ({"every": "week", "weekdays": ["6"]}, "Weekly on Sunday; from"),
        ({"every": "month", "nth": ["2"], "weekdays": ["1"]}, "Monthly on the second Tuesday; from"),
        ({"every": "month", "by": "workday", "nth": ["-1", "1"]}, "Monthly on the first, last working day; from"),
        ({"every": "month", "by": "workday"}, "Monthly on the working day that the first day is; from"),
        ({"every": "month", "by": "last_day", "interval": "2"}, "Every 2 months on the last day; from"),
        ({"every": "month", "by": "date"}, "Monthly on day "),
    ],
)
@pytest.mark.sqlite_only
def test_the_rule_is_said_in_words(app, clerk, changes, words):
    first, last = tomorrow(), tomorrow(30)
    changes = {name: f"{last:%Y-%m-%d}" if value == "{until}" else value for name, value in changes.items()}
    page = clerk.post(MANY + "?lang=en", data=rule(**changes))
    with app.test_request_context("/?lang=en"):
        words = words.format(first=format_day(first), last=format_day(last))
    assert words in page.text
    run = clerk.post(MANY, data={**preview_of(page), "action": "save"}).location
    assert words in clerk.get(run + "&lang=en").text


def test_publishes_at_once(app, clerk):
    clerk.post(MANY, data={**preview_of(clerk.post(MANY, data=rule())), "action": "publish"})
    assert {slot.state for slot in slots()} == {SlotState.PUBLISHED}
    assert count(Slot) == 7


def test_pressed_twice_is_made_once(app, clerk):
    form = sent_by(clerk.get(MANY))
    fields = preview_of(clerk.post(MANY, data=rule(token=form["token"][0])))
    first, second = (clerk.post(MANY, data={**fields, "action": "save"}) for _press in range(2))
    assert second.status_code == 303
    assert second.location.split("?")[0] == first.location.split("?")[0]
    assert (count(Slot), count(Run)) == (7, 1)


def test_a_rule_with_everything(app, clerk):
    start = month_start(2)
    page = clerk.post(
        MANY,
        data=rule(
            starts_on=f"{start:%Y-%m-%d}",
            every="month",
            by="workday",
            nth=["1", "-1"],
            count="4",
            on_holiday="next",
            sittings="3",
            buffer_minutes="15",
            minutes="60",
            first="10:30",
            break_from="12:00",
            break_until="14:30",
            places=[cast.fixed_id("l", cast.BASE)],
            left_out=f"{start:%Y/%m/%d}、{tomorrow(700):%Y年%m月%d日}",
        ),
    )
    assert page.status_code == 200, page.text
    clerk.post(MANY, data={**preview_of(page), "action": "save"})
    made = slots()
    assert [f"{slot.starts_at.astimezone(ZONE):%H:%M}" for slot in made][:3] == ["10:30", "14:30", "15:45"]
    assert len(made) % 3 == 0
    assert {slot.place_id for slot in made} == {cast.CENTRE, cast.BASE}
    assert not any(slot.starts_at.astimezone(ZONE).date() == start for slot in made)


def test_explicit_starts(app, clerk):
    fields = preview_of(clerk.post(MANY, data=rule(count="1", starts="9：00, 15:00", first="")))
    assert [key[-4:] for key in fields["chosen"]] == ["0900", "1500"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": ""}, "title"),
        ({"starts_on": ""}, "starts_on"),
        ({"starts_on": "morgen"}, "starts_on"),
        ({"starts_on": "9999-12-31"}, "starts_on"),
        ({"starts_on": "2020-01-01", "count": "3"}, "starts_on"),
        ({"every": "year"}, "every"),
        ({"interval": "0"}, "interval"),
        ({"interval": "9" * 40}, "interval"),
        ({"weekdays": ["8"]}, "weekdays"),
        ({"count": "", "until": ""}, "until"),
        ({"count": "", "until": "2020-01-01"}, "until"),
        ({"count": "", "until": "2199-01-01"}, "until"),
        ({"count": "401"}, "count"),
        ({"count": "201", "sittings": "2"}, "until"),
        ({"left_out": "2026-13-45"}, "left_out"),
        ({"left_out": "x" * 5_000}, "left_out"),
        ({"on_holiday": ""}, "on_holiday"),
        ({"first": ""}, "first"),
        ({"first": "25:00"}, "first"),
        ({"starts": "9:00 9:30"}, "starts"),
        ({"starts": "mittags"}, "starts"),
        ({"sittings": "21"}, "sittings"),
        ({"sittings": "20"}, "sittings"),
        ({"break_from": "12:00"}, "break_until"),
        ({"buffer_minutes": "-1"}, "buffer_minutes"),
        ({"minutes": "0"}, "minutes"),
        ({"capacity": "0"}, "capacity"),
        ({"places": ["zzzz"]}, "places"),
        ({"department": cast.fixed_id("d", cast.SCIENCE)}, "department"),
        ({"audience": "named", "invited": "无此公司"}, "invited"),
        ({"opens_at": "2199-01-01T10:00"}, "opens_at"),
    ],
)
@pytest.mark.sqlite_only
def test_bad_input_names_the_field_and_keeps_what_was_typed(app, clerk, changes, field):
    page = clerk.post(MANY, data=rule(**{"description": "留下 𠮷🎉<b>", **changes}))
    assert page.status_code == 422
    assert f'href="#{field}' in page.text
    assert sent_by(page)["description"] == ["留下 𠮷🎉<b>"]
    assert count(Slot) == 0


def test_too_many_and_none_are_said(app, clerk):
    many = clerk.post(MANY + "?lang=en", data=rule(count="300", sittings="2")).text
    assert "This comes to 600 slots; at most 400 can be made in one go." in many
    day = next_workday()
    none = clerk.post(MANY + "?lang=en", data=rule(starts_on=f"{day:%Y-%m-%d}", count="1", left_out=f"{day:%Y-%m-%d}"))
    assert "This comes to no slot" in none.text


def test_back_to_the_rule_with_what_was_typed(app, clerk):
    fields = preview_of(clerk.post(MANY, data=rule(title='"><script>𠮷', description="一\r\n二")))
    page = clerk.post(MANY, data={**fields, "title": '"><script>𠮷', "action": "edit"})
    assert page.status_code == 200
    assert sent_by(page)["title"] == ['"><script>𠮷']
    assert "<script>𠮷" not in page.text
    assert sent_by(page)["count"] == ["7"]


def test_clashes_are_marked_and_can_be_unticked(app, clerk):
    day = next_workday()
    make_slot(starts_at=in_month(day, day.weekday(), 1))
    data = rule(starts_on=f"{day:%Y-%m-%d}", count="2")
    page = clerk.post(MANY + "?lang=en", data=data)
    assert "your department has a slot then" in page.text
    assert "the place is taken then" in page.text
    fewer = clerk.post(MANY, data={**preview_of(page), "action": "without_clashes"})
    assert len(preview_of(fewer)["chosen"]) == 1


def test_nothing_ticked_and_ticked_what_is_not_there(app, clerk):
    fields = preview_of(clerk.post(MANY, data=rule()))
    page = clerk.post(MANY + "?lang=en", data={**fields, "chosen": [], "action": "save"})
    assert page.status_code == 422
    assert "Tick at least one date." in page.text
    page = clerk.post(MANY + "?lang=en", data={**fields, "chosen": ["nonsense"], "action": "save"})
    assert page.status_code == 409
    assert "not possible any more" in page.text
    assert count(Slot) == 0


@pytest.mark.parametrize("nonsense", ["a\x00b", "长" * 5_000, "'; DROP TABLE slot_runs", "z" * 13])
def test_a_token_that_is_none_makes_a_run_all_the_same(app, clerk, nonsense):
    fields = preview_of(clerk.post(MANY, data=rule(token=nonsense)))
    assert fields["token"] != [nonsense]
    assert clerk.post(MANY, data={**fields, "token": nonsense, "action": "save"}).status_code == 303
    assert (count(Slot), count(Run)) == (7, 1)


def test_undo_publish_and_delete(app, clerk):
    address = clerk.post(MANY, data={**preview_of(clerk.post(MANY, data=rule())), "action": "save"}).location
    run = address.split("?")[0]
    assert clerk.post(f"{run}/undo").status_code == 303
    assert count(Slot) == 0
    assert (
        "nobody" in clerk.get(run + "?lang=en").text
        or "None of these slots is left" in clerk.get(run + "?lang=en").text
    )
    assert clerk.post(f"{run}/undo").status_code == 303
    assert clerk.post(f"{run}/delete").status_code == 303
    address = clerk.post(MANY, data={**preview_of(clerk.post(MANY, data=rule())), "action": "save"}).location
    run = address.split("?")[0]
    for _press in range(2):
        assert clerk.post(f"{run}/publish").status_code == 303
    assert {slot.state for slot in slots()} == {SlotState.PUBLISHED}
    clerk.post(f"{run}/delete")
    assert count(Slot) == 7


@pytest.mark.parametrize("member", [cast.STRANGER_CLERK, cast.STEWARD, cast.CONTACT, cast.AUDITOR])
def test_another_departments_run_does_not_exist(app, clerk, member):
    address = clerk.post(MANY, data={**preview_of(clerk.post(MANY, data=rule())), "action": "save"}).location
    run = address.split("?")[0]
    other = app.test_client().sign_in(member)
    assert other.get(run).status_code in {403, 404}
    for verb in ("undo", "publish", "delete"):
        assert other.post(f"{run}/{verb}").status_code in {403, 404}
    assert {slot.state for slot in slots()} == {SlotState.DRAFT}
    assert count(Slot) == 7


def test_copies_a_month(app, clerk):
    source, target = month_start(1), month_start(2)
    make_slot(starts_at=in_month(source, 1, 2), title="政策讲堂")
    page = clerk.get(f"{COPY}?month={source:%Y-%m}&on_holiday=keep")
    assert page.status_code == 200
    assert "政策讲堂" in page.text
    fields = preview_of(page)
    for _press in range(2):
        assert clerk.post(COPY, data={**fields, "action": "save"}).status_code == 303
    made = slots()
    assert [slot.starts_at for slot in made] == [in_month(source, 1, 2), in_month(target, 1, 2)]
    assert made[1].state is SlotState.DRAFT


@pytest.mark.parametrize("query", ["", "?month=x", "?month=2020-01", "?month=2099-12", "?department=kxj&month=2026-13"])
def test_a_month_without_slots_or_sense(app, clerk, query):
    page = clerk.get(COPY + query)
    assert page.status_code == 200
    assert 'id="preview"' not in page.text


@pytest.mark.parametrize("wrong", [{"month": "x"}, {"department": "'; DROP"}, {"on_holiday": "party"}, {"month": None}])
@pytest.mark.sqlite_only
def test_a_copy_of_nonsense(app, clerk, wrong):
    values = {"month": f"{month_start(1):%Y-%m}", "department": cast.fixed_id("d", cast.TAX), "on_holiday": "next"}
    values = {name: value for name, value in {**values, **wrong}.items() if value is not None}
    assert clerk.post(COPY, data={**values, "action": "save"}).status_code == 422
    assert clerk.get(COPY, query_string=values).status_code == 200
    assert count(Slot) == 0


def edit_page(clerk, slot):
    return f"/slots/{slot.public_id}/edit", sent_by(clerk.get(f"/slots/{slot.public_id}/edit"))


def test_edits_of_several_ask_about_those_booked(app, clerk):
    clerk.post(MANY, data={**preview_of(clerk.post(MANY, data=rule(attendee_capacity=""))), "action": "publish"})
    made = slots()
    later = made[-1]
    make_booking(later)
    address, fields = edit_page(clerk, made[0])
    assert fields["scope"] == ["this"]
    fields |= {"scope": ["all"], "title": ["改过的标题"]}
    page = clerk.post(address, data=fields, headers={"Accept-Language": "en"})
    assert page.status_code == 409
    assert f'id="agreed-{later.public_id}"' in page.text
    assert {slot.title for slot in slots()} == {"汇算清缴辅导"}
    again = sent_by(page)
    assert (again["title"], again["shown"], again["scope"]) == (["改过的标题"], [later.public_id], ["all"])
    assert clerk.post(address, data=again).status_code == 303
    titles = {slot.public_id: slot.title for slot in slots()}
    assert titles.pop(later.public_id) == "汇算清缴辅导"
    assert set(titles.values()) == {"改过的标题"}


def test_one_that_refuses_is_named(app, clerk):
    clerk.post(MANY, data={**preview_of(clerk.post(MANY, data=rule())), "action": "publish"})
    made = slots()
    with unit_of_work():
        db.session.get(Slot, made[5].id).places_taken = 3
    address, fields = edit_page(clerk, made[0])
    page = clerk.post(address + "?lang=en", data=fields | {"scope": "following", "capacity": "2"})
    assert page.status_code == 409
    assert "Nothing was changed, because of the slot of" in page.text
    assert "3 are booked already" in page.text
    assert {slot.capacity for slot in slots()} == {20}
