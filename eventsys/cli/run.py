"""`eventsys run`: server and worker together, ended together."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

import click
from sqlalchemy import select

from eventsys.cli import COMMANDS
from eventsys.cli.application import installed
from eventsys.cli.lan import ensure_certificate, lan_address, print_qr
from eventsys.config import Config
from eventsys.core.db import db
from eventsys.directory.models import District
from eventsys.web.migrations import upgrade

START_SECONDS = 30
STOP_SECONDS = 15
ACCOUNTS_A_ROLE = 2


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--lan", is_flag=True, help="Serve phones in the same network too: TLS with a self-made certificate.")
@click.option("--demo", is_flag=True, help="Load the demonstration district when there is no district yet.")
def run(port: int, lan: bool, demo: bool) -> None:
    """Upgrade the database, then serve with a worker beside it until interrupted."""
    address = lan_address() if lan else "127.0.0.1"
    os.environ["EVENTSYS_BASE_URL"] = url = f"{'https' if lan else 'http'}://{address}:{port}"
    with installed() as app:
        config: Config = app.config["EVENTSYS"]
        upgrade()
        is_empty = db.session.scalar(select(District.id)) is None
    accounts = config.home / "demo.json"
    if is_empty and demo and "demo" in COMMANDS:
        _eventsys("demo", "load", "--json", str(accounts), *(["--yes"] if lan else []))
    elif is_empty:
        raise LookupError("there is no district yet: run `eventsys setup`")
    serving = ["serve", "--port", str(port)]
    if lan:
        certificate, key = ensure_certificate(config.home / "lan", address)
        serving += ["--host", "0.0.0.0", "--certificate", str(certificate), "--key", str(key)]  # noqa: S104 - asked for
    _serve_and_work(serving, url, accounts, is_lan=lan)


def _serve_and_work(serving: list[str], url: str, accounts: Path, *, is_lan: bool) -> None:
    """Run both until SIGINT or SIGTERM, or until one of them ends; then end both."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    children = [_start(*serving), _start("worker")]
    try:
        if _wait_until_answering(url, children, stop):
            _greet(url, accounts, is_lan)
        while not stop.wait(0.2):
            if any(child.poll() is not None for child in children):
                raise click.ClickException("the server or the worker has ended by itself; see above")
    finally:
        _end(children)


def _start(*arguments: str) -> subprocess.Popen[bytes]:
    # in a session of its own: Ctrl-C in a terminal reaches us alone, and we end both in order
    return subprocess.Popen([sys.executable, "-m", "eventsys.cli", *arguments], start_new_session=True)  # noqa: S603


def _end(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        try:
            child.wait(max(deadline - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _eventsys(*arguments: str) -> None:
    if subprocess.run([sys.executable, "-m", "eventsys.cli", *arguments], check=False).returncode:  # noqa: S603
        raise click.ClickException(f"`eventsys {' '.join(arguments)}` failed; see above")


def _wait_until_answering(url: str, children: list[subprocess.Popen[bytes]], stop: threading.Event) -> bool:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # our own certificate, of a minute ago
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and not stop.is_set() and all(child.poll() is None for child in children):
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=1, context=context):  # noqa: S310 - our own server
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    return False


def _greet(url: str, accounts: Path, is_lan: bool) -> None:
    click.echo()
    if accounts.exists():
        _print_accounts(accounts)
    if is_lan:
        click.echo("The browser warns of the self-made certificate: accept it once.")
        print_qr(url)
    click.echo(f"\n{url}    (Ctrl-C ends server and worker)\n")


def _print_accounts(file: Path) -> None:
    """The first accounts of each role; the rest are in the file."""
    click.echo(f"Accounts of the demonstration district (all of them: {file}):")
    shown: Counter[str] = Counter()
    for account in json.loads(file.read_text("utf-8"))["accounts"]:
        shown[account["role"]] += 1
        if shown[account["role"]] <= ACCOUNTS_A_ROLE:
            columns = (account["role"], account["login"], account["password"], account.get("organisation") or "")
            click.echo("  {:<16}{:<32}{:<24}{}".format(*columns).rstrip())
