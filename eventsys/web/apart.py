"""Work in a process of its own: what a library takes for one request, a worker would keep."""

from __future__ import annotations

import subprocess
import sys
from threading import Lock

SECONDS_AT_MOST = 120
_one_at_a_time = Lock()


def run_apart(module: str, given: bytes, *, seconds: float = SECONDS_AT_MOST) -> bytes:
    """What the module, run as a program, writes for what it reads. One at a time; RuntimeError with its last words when
    it fails, TimeoutExpired when it takes longer."""
    with _one_at_a_time:
        done = subprocess.run(  # noqa: S603 - our own modules
            [sys.executable, "-m", module], input=given, capture_output=True, timeout=seconds, check=False
        )
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace")[-2_000:])
    return done.stdout
