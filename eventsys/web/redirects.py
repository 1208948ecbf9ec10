"""Where a `next` parameter may lead: a path of this site, nothing else."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import url_for


def safe_target(target: str) -> str:
    """`target` when it is a path of this site, else the home page. Backslashes and control characters are tricks."""
    parts = urlsplit(target) if target.isprintable() and "\\" not in target else None
    if parts and not parts.scheme and not parts.netloc and target.startswith("/") and not target.startswith("//"):
        return target
    return url_for("pages.home")
