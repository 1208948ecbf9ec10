"""Lock files pin versions and name no host: whoever installs chooses the registry."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONSTRAINTS, PROD = ROOT / "requirements/constraints.txt", ROOT / "requirements/prod.txt"
PEERS = ROOT / "tests/peers"
PACKAGES = ROOT / "eventsys/assets/package-lock.json"
PIN = re.compile(r"^([a-z0-9.-]+)==(\S+)", re.MULTILINE)


@pytest.mark.parametrize("file", [CONSTRAINTS, PROD, PEERS / "requirements.txt"], ids=lambda file: file.name)
def test_requirements_name_no_host(file):
    for line in file.read_text().splitlines():
        assert re.fullmatch(r"[a-z0-9.-]+==[^\s/@]+( ; [^/@]+)?( \\)?|    --hash=sha256:[0-9a-f]{64}( \\)?", line), line


def test_every_production_pin_has_a_hash_and_is_the_tested_one():
    tested, production = (dict(PIN.findall(file.read_text())) for file in (CONSTRAINTS, PROD))
    assert production
    assert production.items() <= tested.items()
    blocks = re.split(r"^(?=[a-z0-9])", PROD.read_text(), flags=re.MULTILINE)
    assert all("--hash=sha256:" in block for block in blocks if block)


@pytest.mark.parametrize("file", [PACKAGES, PEERS / "package-lock.json"], ids=lambda file: file.parent.name)
def test_the_package_lock_names_no_registry(file):
    packages = json.loads(file.read_text())["packages"]
    assert len(packages) > 1
    for name, package in packages.items():
        assert "resolved" not in package, name
        assert name == "" or "integrity" in package, name


def test_no_lock_file_that_records_hosts_is_kept():
    kept = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    assert not {"uv.lock", "pylock.toml", "poetry.lock"} & {Path(name).name for name in kept}
