"""Fetching what somebody typed: only the internet is reached, however the way there is written."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address

import pytest

from eventsys.core import fetch as module
from eventsys.core.errors import Invalid
from eventsys.core.fetch import Fetched, check_url, fetch, is_public

OWN = {"127.0.0.1"}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append((self.path, self.headers.get("Host")))
        name, _, rest = self.path.lstrip("/").partition("/")
        if name == "to":
            self._say(302, b"", Location=rest if "://" in rest else f"/{rest}")
        elif name == "status":
            self._say(int(rest), b"x")
        elif name == "large":
            self._say(200, b"x" * 5000)
        elif name == "known" and self.headers.get("If-None-Match") == '"1"':
            self._say(304, b"")
        elif name == "short":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            self.close_connection = True
        elif name == "junk":
            self.wfile.write(b"\x00\x01 no http")
            self.close_connection = True
        else:
            self._say(200, b"BEGIN:VCALENDAR", ETag='"1"')

    def _say(self, status, body, **headers):
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.asked = []
    threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def at(server, path=""):
    return f"http://127.0.0.1:{server.server_port}/{path}"


def refused(url, **options):
    with pytest.raises(Invalid) as caught:
        fetch(url, size=1000, **options)
    assert caught.value.field == "url"
    return caught.value.code


def test_what_is_there_comes_with_its_validator(server):
    assert fetch(at(server), size=1000, own_hosts=OWN) == Fetched(b"BEGIN:VCALENDAR", '"1"')
    assert fetch(at(server, "known"), size=1000, own_hosts=OWN, etag='"1"') is None
    assert fetch(at(server, "to/to/there"), size=1000, own_hosts=OWN).body == b"BEGIN:VCALENDAR"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("status/404", "url_answer"),
        ("status/500", "url_answer"),
        ("large", "url_too_large"),
        ("to/to/to/to/there", "url_answer"),
        ("to/http://localhost:1/", "url_inside"),
        ("to/file:///etc/passwd", "url_scheme"),
        ("to/http://169.254.169.254/latest", "url_inside"),
        ("short", "url_unreachable"),
        ("junk", "url_unreachable"),
    ],
)
def test_what_is_wrong_is_said(server, path, code):
    assert refused(at(server, path), own_hosts=OWN) == code


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "0", "0.0.0.0", "127.1", "2130706433", "0x7f000001", "017700000001", "0x7f.1",
        "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
        "[fe80::1]", "[fc00::1]", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "224.0.0.1", "255.255.255.255", "127.0.0.1.", "ⓛocalhost", "１２７.0.0.1",
    ],
)  # fmt: skip
def test_no_way_of_writing_it_leads_inside(server, host):
    assert refused(f"http://{host}:{server.server_port}/") in {"url_inside", "url_unknown", "url_scheme"}
    assert server.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "", "x", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "//example.org/", "http://",
        "http://user:password@example.org/", "http://exa mple.org/", "http://example.org/\r\nHost: x", "http://[::1",
        "http://example.org:99999/", "https://" + "a" * 600, "javascript:alert(1)", "http://\u0000/",
        "data:text/calendar,x",
    ],
)  # fmt: skip
def test_what_is_no_address_of_the_web_is_refused(url):
    assert refused(url) == "url_scheme"


def test_webcal_is_https():
    assert check_url("webcal://Example.org:8443/a.ics?b=c#d").geturl() == "https://example.org:8443/a.ics?b=c"


def test_a_name_that_answers_differently_a_moment_later_leads_nowhere(server, monkeypatch):
    """Rebinding: the connection goes to the address that was looked at, not to what the name says by then."""
    answers, reached = iter([["93.184.215.14"], ["127.0.0.1"]]), []

    def resolve(_host, port, **_options):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in next(answers)]

    def connect(address, **_options):
        reached.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(module.socket, "getaddrinfo", resolve)
    monkeypatch.setattr(module.socket, "create_connection", connect)
    assert refused(f"http://rebind.example:{server.server_port}/") == "url_unreachable"
    assert reached == ["93.184.215.14"]


def test_one_inside_address_among_many_is_enough_to_refuse(monkeypatch):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in ("93.184.215.14", "10.0.0.1")]
    monkeypatch.setattr(module.socket, "getaddrinfo", lambda *_, **__: found)
    assert refused("http://both.example/") == "url_inside"


def test_public_addresses_are_public():
    assert is_public(ip_address("93.184.215.14"))
    assert is_public(ip_address("2606:2800:21f:cb07:6820:80da:af6b:8b2c"))
