"""What a process keeps: within its room, what was not asked for longest goes."""

from eventsys.core.shelf import Shelf


def test_the_thing_not_asked_for_longest_goes_first():
    shelf = Shelf(20)
    shelf.keep("a", "A", 10)
    shelf.keep("b", "B", 10)
    assert shelf.find("a") == "A"
    shelf.keep("c", "C", 10)
    assert [shelf.find(key) for key in "abc"] == ["A", None, "C"]


def test_a_thing_kept_again_takes_the_room_of_the_new_one_alone():
    shelf = Shelf(20)
    for size in (15, 5, 12):
        shelf.keep("a", size, size)
    shelf.keep("b", "B", 8)
    assert (shelf.find("a"), shelf.find("b")) == (12, "B")


def test_what_never_fits_is_not_kept_and_what_is_cleared_is_gone():
    shelf = Shelf(5)
    shelf.keep("a", "A", 6)
    assert shelf.find("a") is None
    shelf.keep("b", "B", 5)
    assert shelf.find("b") == "B"
    shelf.clear()
    assert shelf.find("b") is None
    shelf.keep("b", "B", 5)
    assert shelf.find("b") == "B"
