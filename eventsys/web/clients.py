"""What the browser at the other end can do."""

from __future__ import annotations

from flask import request


def in_wechat() -> bool:
    """Whether the page is shown inside WeChat, which opens neither .ics files nor webcal addresses."""
    return "micromessenger" in request.user_agent.string.lower()
