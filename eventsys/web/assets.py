"""The built front end: addresses of hashed files for templates, and how those files are served."""

from __future__ import annotations

import json
import mimetypes
import re
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, request, send_from_directory, url_for
from markupsafe import Markup

FOLDER = "dist"
_HASHED = re.compile(rf"{FOLDER}/[\w.-]+-[0-9a-f]{{10}}\.\w+")
_SYMBOL = re.compile(r'<symbol id="([^"]+)"')
_ICON = Markup('<svg class="{}" aria-hidden="true" focusable="false"><use href="{}"></use></svg>')
_NAMED_ICON = Markup('<svg class="{}" role="img" aria-label="{}" focusable="false"><use href="{}"></use></svg>')
# Best first: what the build wrote beside every file.
_ENCODINGS = {"br": ".br", "gzip": ".gz"}


class AssetsNotBuilt(RuntimeError):
    """static/dist lacks a file; the message says which and how to build."""


class _Manifest:
    """manifest.json and the icon names, read once and again whenever the build has replaced them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._changed_at: int | None = None
        self._files: dict[str, str] = {}
        self._icons: frozenset[str] = frozenset()

    def file(self, name: str) -> str:
        self._refresh()
        try:
            return self._files[name]
        except KeyError:
            raise AssetsNotBuilt(f"no asset is called {name!r}; the build knows {', '.join(self._files)}") from None

    def require_icon(self, name: str) -> None:
        self._refresh()
        if name not in self._icons:
            raise AssetsNotBuilt(f"no icon is called {name!r}: add it to assets/icons.json and run `make assets`")

    def _refresh(self) -> None:
        path = self._folder / "manifest.json"
        try:
            changed_at = path.stat().st_mtime_ns
            if changed_at == self._changed_at:
                return
            files = json.loads(path.read_text())
            sprite = (self._folder / files["icons.svg"]).read_text()
        except FileNotFoundError as missing:
            raise AssetsNotBuilt(f"{missing.filename} is missing: build the front end with `make assets`") from None
        self._files, self._icons = files, frozenset(_SYMBOL.findall(sprite))
        self._changed_at = changed_at


def asset_url(name: str) -> str:
    """The address of a built file by its logical name, such as ``app.css``; AssetsNotBuilt if it is not there."""
    manifest: _Manifest = current_app.extensions["eventsys-assets"]
    return url_for("static", filename=f"{FOLDER}/{manifest.file(name)}")


def asset_path(name: str) -> Path:
    """Where a built file lies, such as a font that no page links to."""
    manifest: _Manifest = current_app.extensions["eventsys-assets"]
    return Path(current_app.static_folder or "") / FOLDER / manifest.file(name)


def icon(name: str, label: str | None = None, extra_class: str = "") -> Markup:
    """An icon of the sprite as inline SVG: decoration unless ``label`` gives it a name of its own."""
    manifest: _Manifest = current_app.extensions["eventsys-assets"]
    manifest.require_icon(name)
    address = f"{asset_url('icons.svg')}#{name}"
    css = f"icon {extra_class}".strip()
    if label:
        return _NAMED_ICON.format(css, label, address)
    return _ICON.format(css, address)


def register_assets(app: Flask) -> None:
    """Give templates ``asset_url`` and ``icon``, and serve the hashed files compressed and cached for good."""
    app.extensions["eventsys-assets"] = _Manifest(Path(app.static_folder or "") / FOLDER)
    app.jinja_env.globals.update(asset_url=asset_url, icon=icon)
    app.view_functions["static"] = _serving_hashed(app.view_functions["static"])


def _serving_hashed(serve: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(serve)
    def static(filename: str) -> Any:
        if not _HASHED.fullmatch(filename):
            return serve(filename=filename)
        return _hashed_file(filename)

    return static


def _hashed_file(filename: str) -> Response:
    root = Path(current_app.static_folder or "")
    encoding = _best_encoding(root / filename)
    stored = filename + _ENCODINGS[encoding] if encoding else filename
    response = send_from_directory(root, stored, mimetype=mimetypes.guess_type(filename)[0], conditional=True)
    # Changed content has a changed name, so a copy never grows stale.
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.vary.add("Accept-Encoding")
    if encoding:
        response.headers["Content-Encoding"] = encoding
    return response


def _best_encoding(path: Path) -> str | None:
    accepted = request.accept_encodings
    for encoding, suffix in _ENCODINGS.items():
        if accepted[encoding] and path.with_name(path.name + suffix).is_file():
            return encoding
    return None
