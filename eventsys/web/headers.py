"""Security headers: a strict Content-Security-Policy without inline script or style, and what else browsers honour."""

from __future__ import annotations

from flask import Flask, Response, g, request
from secure import (
    ContentSecurityPolicy,
    CrossOriginOpenerPolicy,
    PermissionsPolicy,
    ReferrerPolicy,
    Secure,
    StrictTransportSecurity,
    XContentTypeOptions,
    XFrameOptions,
)
from werkzeug.wrappers import Response as BaseResponse


def content_security_policy() -> ContentSecurityPolicy:
    """Everything from here only; `data:` images are Bootstrap's form marks."""
    return (
        ContentSecurityPolicy()
        .default_src("'none'")
        .script_src("'self'")
        .style_src("'self'")
        .img_src("'self'", "data:")
        .font_src("'self'")
        .connect_src("'self'")
        .media_src("'self'", "blob:")
        .worker_src("'self'")
        .manifest_src("'self'")
        .form_action("'self'")
        .base_uri("'none'")
        .frame_ancestors("'none'")
    )


def init_headers(app: Flask) -> None:
    """Set the headers on every answer."""
    strict = StrictTransportSecurity().max_age(31_536_000) if app.config["EVENTSYS"].is_secure else None
    headers = Secure(
        csp=content_security_policy(),
        coop=CrossOriginOpenerPolicy().same_origin(),
        hsts=strict,
        permissions=PermissionsPolicy().camera("'self'").microphone().geolocation().payment().usb(),
        referrer=ReferrerPolicy().same_origin(),
        xcto=XContentTypeOptions().nosniff(),
        xfo=XFrameOptions().deny(),
    ).headers

    @app.after_request
    def set_headers(answer: Response) -> Response:
        for name, value in headers.items():
            answer.headers.setdefault(name, value)
        if g.get("request_id"):
            answer.headers["X-Request-ID"] = g.request_id
        if request.endpoint != "static" and "Cache-Control" not in answer.headers:
            answer.headers["Cache-Control"] = "no-store" if g.get("actor") and g.actor.person else "no-cache"
        return answer


def unlisted(page: BaseResponse) -> BaseResponse:
    """A page behind a secret address: in no search engine, and the address is told to nobody."""
    page.headers["X-Robots-Tag"] = "noindex, nofollow"
    page.headers["Referrer-Policy"] = "no-referrer"
    page.headers["Cache-Control"] = "private, no-store"
    return page
