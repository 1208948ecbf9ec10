"""`eventsys serve`: Granian in front of the application. This module loads no application: the workers do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import cache_from_source
from pathlib import Path

import click
from granian import Granian
from granian.constants import Interfaces, SSLProtocols
from granian.http import HTTP1Settings
from granian.log import LogLevels

import eventsys
from eventsys.config import Config, load_config

APPLICATION = "eventsys.cli.served:create_served_app"
# Connections wait in Rust and cost little, so many are let in. A request's body is read in a thread of its own (they
# come and go with the load); cli/served.py lets few of them run at once.
CONNECTIONS = 4096
THREADS = 512
HEADER_MILLISECONDS = 15_000
STOP_SECONDS = 10


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes.")
@click.option("--certificate", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="PEM, for TLS.")
@click.option("--key", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="PEM (PKCS #8) of it.")
def serve(host: str, port: int, workers: int, certificate: Path | None, key: Path | None) -> None:
    """Serve the site and the API until interrupted."""
    config = load_config()
    if (certificate is None) != (key is None):
        raise click.UsageError("--certificate and --key belong together")
    if key is not None and "BEGIN PRIVATE KEY" not in key.read_text():
        raise click.UsageError("--key must be PKCS #8; convert it with `openssl pkcs8 -topk8 -nocrypt`")
    if sys.flags.optimize < 2:  # docstrings weigh 5 MB a worker, columns of tracebacks 1 MB
        os.environ["PYTHONNODEBUGRANGES"] = "1"
        _compile_ahead()
        os.execv(sys.executable, [sys.executable, "-OO", *sys.orig_argv[1:]])  # noqa: S606 - ourselves
    serve_until_stopped(config, host=host, port=port, workers=workers, certificate=certificate, key=key)


def serve_until_stopped(
    config: Config,
    *,
    host: str,
    port: int,
    workers: int = 1,
    certificate: Path | None = None,
    key: Path | None = None,
    application: str = APPLICATION,
) -> None:
    """Listen and serve; returns after SIGINT or SIGTERM when running requests have ended."""
    if workers > 1:
        _share_metrics(config.home / "metrics")
    Granian(
        application,
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        websockets=False,
        backlog=CONNECTIONS,
        backpressure=CONNECTIONS,
        blocking_threads=THREADS,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_MILLISECONDS),
        log_level=LogLevels.error,
        ssl_cert=certificate,
        ssl_key=key,
        ssl_protocol_min=SSLProtocols.tls12,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
    ).serve()


def _compile_ahead() -> None:
    """Let a process that ends write the bytecode: a worker that does so first keeps 8 MB of holes for life."""
    module = Path(eventsys.__file__).with_name("app.py")
    if not sys.dont_write_bytecode and not Path(cache_from_source(str(module), optimization=2)).exists():
        subprocess.run([sys.executable, "-OO", "-c", "import eventsys.app"], check=False)


def _share_metrics(folder: Path) -> None:
    """Where the worker processes add up their counters; what an earlier run left would be counted again."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
