"""The server's front: slow senders hold no turn, oversized bodies are refused, TLS for the network is made."""

from __future__ import annotations

import io
import threading
from datetime import timedelta
from errno import ENOSPC

import pytest
import time_machine
from cryptography import x509
from jinja2 import Environment
from jinja2.bccache import Bucket
from werkzeug.test import EnvironBuilder, run_wsgi_app

from eventsys.cli import served
from eventsys.cli.lan import ensure_certificate
from eventsys.cli.served import TurnTaking
from eventsys.cli.weight import keep_templates
from eventsys.core.clock import now

pytestmark = pytest.mark.sqlite_only


def post(app, size: int, *, in_chunks: bool = False) -> int:
    body = io.BytesIO(b"locale=en&x=" + b"x" * size)
    form = "application/x-www-form-urlencoded"
    environ = EnvironBuilder("/locale", method="POST", input_stream=body, content_type=form).get_environ()
    environ["CONTENT_LENGTH"] = str(len(body.getvalue()))
    if in_chunks:
        del environ["CONTENT_LENGTH"]
        environ |= {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    return int(run_wsgi_app(app, environ)[1][:3])


@pytest.mark.parametrize("in_chunks", [False, True])
def test_a_body_is_read_and_one_too_large_is_413(app, in_chunks):
    front = TurnTaking(app.wsgi_app, turns=1)
    assert post(front, 100, in_chunks=in_chunks) == 302
    assert post(front, 100_000, in_chunks=in_chunks) == 302
    assert post(front, 3_000_000, in_chunks=in_chunks) == 413


def test_a_slow_sender_holds_no_turn(app):
    front, gate = TurnTaking(app.wsgi_app, turns=1), threading.Event()

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            gate.wait(20)
            return super().read(size)

    environ = EnvironBuilder("/locale", method="POST", input_stream=Slow(b"locale=en")).get_environ()
    slow = threading.Thread(target=lambda: run_wsgi_app(front, environ))
    slow.start()
    try:
        assert run_wsgi_app(front, EnvironBuilder("/robots.txt").get_environ())[1].startswith("200")
    finally:
        gate.set()
        slow.join(20)


@pytest.mark.parametrize(("method", "refresh"), [("GET", "2"), ("POST", None)])
def test_a_page_that_finds_no_turn_is_asked_for_again(app, monkeypatch, method, refresh):
    monkeypatch.setattr(served, "WAIT_SECONDS", 0.01)
    front, over = TurnTaking(app.wsgi_app, turns=1), threading.Event()
    front._turns.submit(over.wait, 20)
    _body, status, headers = run_wsgi_app(front, EnvironBuilder("/robots.txt", method=method).get_environ())
    over.set()
    assert (status[:3], headers["Retry-After"], headers.get("Refresh")) == ("503", "2", refresh)


def test_without_a_turn_in_time_503_and_health_still_answers(monkeypatch):
    busy, entered = threading.Event(), threading.Event()
    monkeypatch.setattr(served, "WAIT_SECONDS", 0.1)

    def app(environ, start_response):
        if environ["PATH_INFO"] == "/slow":
            entered.set()
            busy.wait(20)
        start_response("200 OK", [])
        return [b""]

    front = TurnTaking(app, turns=1)
    holder = threading.Thread(target=lambda: run_wsgi_app(front, EnvironBuilder("/slow").get_environ()))
    holder.start()
    entered.wait(5)
    try:
        _, status, headers = run_wsgi_app(front, EnvironBuilder("/").get_environ())
        assert status.startswith("503")
        assert headers["Retry-After"] == "2"
        assert run_wsgi_app(front, EnvironBuilder("/healthz").get_environ())[1].startswith("200")
    finally:
        busy.set()
        holder.join(20)
    assert run_wsgi_app(front, EnvironBuilder("/").get_environ())[1].startswith("200")  # the turn was given back


def test_only_the_threads_of_the_turns_enter_the_application():
    """A thread that has been deep in it keeps its stack, and every connection has a thread of its own."""
    entered = set()

    def app(_environ, start_response):
        entered.add(threading.get_ident())
        start_response("200 OK", [])
        return [b""]

    front = TurnTaking(app, turns=2)
    environs = [EnvironBuilder("/").get_environ() for _ in range(20)]
    several = [threading.Thread(target=run_wsgi_app, args=(front, environ)) for environ in environs]
    for thread in several:
        thread.start()
    for thread in several:
        thread.join(20)
    assert 1 <= len(entered) <= 2


def test_an_application_that_fails_gives_its_turn_back():
    def app(_environ, _start_response):
        raise ZeroDivisionError

    front = TurnTaking(app, turns=1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            run_wsgi_app(front, EnvironBuilder("/").get_environ())


@pytest.fixture
def compiling(app):
    """The application with no template compiled; afterwards nothing is kept any more."""
    app.jinja_env.cache.clear()
    yield app
    app.jinja_env.bytecode_cache = None
    app.jinja_env.cache.clear()


def test_a_template_is_compiled_once_for_all_processes(compiling, client, tmp_path, monkeypatch):
    keep_templates(compiling, tmp_path / "kept")
    page = client.get("/help").text
    assert [file.suffix for file in (tmp_path / "kept").iterdir()] == [".cache"] * len(compiling.jinja_env.cache)
    compiling.jinja_env.cache.clear()  # as in another process
    monkeypatch.setattr(Environment, "_compile", None)
    assert len(client.get("/help").text) == len(page)


@pytest.mark.parametrize("in_the_way", [False, True])
def test_a_page_needs_no_place_to_keep_its_template(compiling, client, tmp_path, in_the_way):
    folder = tmp_path / "kept"
    if in_the_way:
        folder.write_text("a file")
    keep_templates(compiling, folder)
    if not in_the_way:
        folder.rmdir()
    assert client.get("/help").status_code == 200


def test_a_page_is_shown_when_the_disk_is_full(compiling, client, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(ENOSPC, "No space left on device")

    keep_templates(compiling, tmp_path / "kept")
    monkeypatch.setattr(Bucket, "write_bytecode", full)
    assert client.get("/help").status_code == 200
    assert list((tmp_path / "kept").iterdir()) == []


def test_the_certificate_for_the_network_is_kept_until_it_is_no_use(tmp_path):
    certificate, key = ensure_certificate(tmp_path, "192.168.1.7")
    first = certificate.read_bytes()
    assert key.stat().st_mode & 0o777 == 0o600
    assert b"BEGIN PRIVATE KEY" in key.read_bytes()
    names = x509.load_pem_x509_certificate(first).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name) for name in names.get_values_for_type(x509.IPAddress)] == ["192.168.1.7"]
    assert ensure_certificate(tmp_path, "192.168.1.7")[0].read_bytes() == first
    assert ensure_certificate(tmp_path, "192.168.1.8")[0].read_bytes() != first
    second = certificate.read_bytes()
    with time_machine.travel(now() + timedelta(days=395)):
        assert ensure_certificate(tmp_path, "192.168.1.8")[0].read_bytes() != second
