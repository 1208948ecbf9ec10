"""A change of one slot carried over to another: what stays, what follows, and that it can always be."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from eventsys.slots.rules import NewSlot
from eventsys.slots.runs import SHIFTED
from eventsys.slots.scopes import following

ZONE = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 12, 1, 14, tzinfo=ZONE)
hours = st.integers(0, 200).map(lambda count: timedelta(hours=count))


@st.composite
def slots(draw):
    """A slot with a window before its start."""
    starts_at = START + timedelta(days=draw(st.integers(0, 60))) + timedelta(minutes=draw(st.integers(-600, 500)))
    closes_at = starts_at - draw(hours)
    optional = st.none() | hours.map(lambda before: closes_at - before - timedelta(minutes=1))
    return NewSlot(
        department=1,
        title=draw(st.sampled_from("甲乙丙")),
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=draw(st.integers(5, 300))),
        capacity=draw(st.integers(1, 3)),
        place=draw(st.sampled_from([None, 1, 2])),
        closes_at=closes_at,
        cancel_until=starts_at - draw(hours),
        names_until=starts_at - draw(hours),
        opens_at=draw(optional),
    )


@given(slots(), slots())
def test_no_change_changes_nothing(one, other):
    assert following(one, one, other, ZONE) == other


@given(slots(), slots(), slots())
def test_what_holds_of_every_change(before, after, other):
    changed = following(before, after, other, ZONE)
    assert changed.starts_at.astimezone(ZONE).date() == other.starts_at.astimezone(ZONE).date()
    assert changed.ends_at > changed.starts_at
    assert all(getattr(changed, name) <= changed.starts_at for name in ("closes_at", "cancel_until", "names_until"))
    for name in ("title", "capacity", "place"):
        was, becomes, own = (getattr(slot, name) for slot in (before, after, other))
        assert getattr(changed, name) == (own if was == becomes else becomes)


@given(slots(), slots())
def test_a_slot_like_the_one_before_becomes_like_the_one_after(before, after):
    on_its_day = after.starts_at.astimezone(ZONE).date() == before.starts_at.astimezone(ZONE).date()
    changed = following(before, after, before, ZONE)
    assert changed.title == after.title
    if on_its_day:
        assert (changed.starts_at, changed.ends_at) == (after.starts_at, after.ends_at)


@given(slots(), slots(), slots(), st.integers(1, 5))
def test_another_date_leaves_the_windows_of_others_alone(before, after, other, days):
    after = replace(after, starts_at=before.starts_at + timedelta(days=days))
    after = replace(after, ends_at=after.starts_at + timedelta(hours=1))
    changed = following(before, after, other, ZONE)
    assert all(getattr(changed, name) == getattr(other, name) for name in SHIFTED)


@given(slots(), slots(), st.text(max_size=5))
def test_another_title_moves_no_time(before, other, title):
    changed = following(before, replace(before, title=title), other, ZONE)
    assert all(getattr(changed, name) == getattr(other, name) for name in (*SHIFTED, "starts_at", "ends_at"))
