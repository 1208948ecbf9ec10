"""Streams tell of changes, end by themselves, and are few."""

import gc
import time

import pytest

from eventsys.web import streams
from eventsys.web.streams import Watcher


@pytest.fixture(autouse=True)
def _fast(monkeypatch):
    monkeypatch.setattr(streams, "ASK_SECONDS", 0.01)
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.05)


def test_a_change_is_told_to_everybody_who_watches_it_and_only_once():
    revisions = {"a": "1", "b": "1"}
    watcher = Watcher(revisions.get)
    first, second, other = watcher.stream("a", "1"), watcher.stream("a", "1"), watcher.stream("b", "1")
    for stream in (first, second, other):
        assert next(stream).startswith(b"retry: ")
    assert next(first) == b": still here\n\n"
    revisions["a"] = "2"
    for stream in (first, second):
        found = {next(stream) for _ in range(3)}
        assert b"event: changed\ndata: 2\n\n" in found
    assert {next(other) for _ in range(3)} == {b": still here\n\n"}
    for stream in (first, second, other):
        stream.close()
        stream.close()
    assert watcher.streams == 0


def test_what_changed_before_the_stream_began_is_told():
    watcher = Watcher(lambda key: "2")
    stream = watcher.stream("a", "1")
    assert b"event: changed\ndata: 2\n\n" in {next(stream) for _ in range(4)}
    stream.close()


def test_a_stream_ends_by_itself(monkeypatch):
    monkeypatch.setattr(streams, "STREAM_SECONDS", 0.2)
    watcher = Watcher(lambda key: "1")
    assert len(list(watcher.stream("a", "1"))) < 100
    assert watcher.streams == 0


def test_too_many_get_none_and_the_thread_ends_with_the_last(monkeypatch):
    monkeypatch.setattr(streams, "STREAMS_AT_MOST", 2)
    watcher = Watcher(lambda key: "1")
    both = [watcher.stream("a", "1"), watcher.stream("b", "1")]
    assert watcher.stream("a", "1") is None
    both.pop().close()
    again = watcher.stream("a", "1")
    assert again is not None
    for stream in (*both, again):
        stream.close()
    for _ in range(200):
        if watcher._thread is None:
            break
        time.sleep(0.01)
    assert watcher._thread is None


def test_a_stream_that_is_dropped_without_being_closed_is_gone():
    watcher = Watcher(lambda key: "1")
    stream = watcher.stream("a", "1")
    next(stream)
    assert watcher.streams == 1
    del stream
    gc.collect()
    assert watcher.streams == 0


def test_a_watcher_that_cannot_tell_changes_nothing():
    watcher = Watcher(lambda key: None)
    stream = watcher.stream("a", "1")
    assert [next(stream) for _ in range(3)][1:] == [b": still here\n\n"] * 2
    stream.close()
