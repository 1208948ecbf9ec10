"""What OpenAPI says beyond the schemas: tokens, the refusals every operation can give, bodies that are lists."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from apiflask import APIFlask

from eventsys.bookings.api.slots import AT_ONCE_MAX
from eventsys.checkin.rules import BATCH_MAX
from eventsys.web.guards import Guard, guard_of
from eventsys.web.paths import is_api

_PARAMETER = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")
_PROBLEM_TYPE = "application/problem+json"
_ALWAYS = (400, 401, 415, 422, 429, 503)
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457; `code` is stable, `detail` is a sentence in the reader's language.",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "field": {"type": "string"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
        "nearest": {"type": "array", "items": {"$ref": "#/components/schemas/SlotOut"}},
    },
}


def describe(app: APIFlask) -> None:
    """Set up the generated description of the API."""
    app.title = "eventsys"
    app.version = "1"
    app.servers = [{"url": app.config["EVENTSYS"].base_url}]
    app.config.update(
        OPENAPI_VERSION="3.1.0",
        AUTO_OPERATION_ID=True,
        AUTO_404_RESPONSE=False,
        AUTO_VALIDATION_ERROR_RESPONSE=False,
        AUTO_AUTH_ERROR_RESPONSE=False,
        SECURITY_SCHEMES={"token": {"type": "http", "scheme": "bearer"}},
        DESCRIPTION="Slots, bookings and check-in. Times are RFC 3339 with an offset; lists are `{items, next}`: "
        "send `next` as `cursor` for the following page. Refusals are problem+json with a stable `code`.",
    )

    @app.spec_processor
    def complete(spec: Any) -> Any:
        return _completed(app, spec)


def _completed(app: APIFlask, spec: dict[str, Any]) -> dict[str, Any]:
    schemas = spec["components"]["schemas"]
    schemas["Problem"] = _SCHEMA
    schemas.pop("HTTPError", None)  # APIFlask's own, which nothing here answers with
    spec["tags"] = list({tag["name"]: tag for tag in spec["tags"]}.values())  # two blueprints may share one
    for rule in app.url_map.iter_rules():
        path = spec["paths"].get(_PARAMETER.sub(r"{\1}", rule.rule)) if is_api(rule.rule) else None
        for verb in (rule.methods or set()) if path else ():
            operation = path.get(verb.lower()) if path else None
            guard = guard_of(app, rule.endpoint)
            if operation is not None and guard is not None:
                operation |= _words_of(app.view_functions[rule.endpoint])
                _complete(operation, guard, has_path_id=bool(rule.arguments))
    _take_lists(spec["paths"])
    return spec


def _words_of(view: Callable[..., Any]) -> dict[str, str]:
    """The summary and the description of an operation: the first line of its docstring, and what follows."""
    code = inspect.unwrap(view).__code__
    summary, _, rest = _docstrings(code.co_filename)[code.co_name].partition("\n")
    return {"summary": summary, "description": rest.strip()} if rest.strip() else {"summary": summary}


@cache
def _docstrings(file: str) -> dict[str, str]:
    """Of each function in a file, from its source: a server's workers run without docstrings.

    Not by `ast.parse`: two threads in it at once fail in CPython before 3.12 (gh-106905).
    """
    module = compile(Path(file).read_bytes(), file, "exec", dont_inherit=True, optimize=0)
    functions = [FunctionType(code, {}) for code in module.co_consts if isinstance(code, CodeType)]
    return {function.__name__: inspect.getdoc(function) or "" for function in functions}


def _complete(operation: dict[str, Any], guard: Guard, *, has_path_id: bool) -> None:
    operation["security"] = [{"token": []}] if guard.permissions else [{}, {"token": []}]
    statuses = set(_ALWAYS)
    statuses |= {403} if guard.permissions else set()
    statuses |= {404} if has_path_id else set()
    statuses |= {413} if "requestBody" in operation else set()
    statuses |= {int(code) for code in operation["responses"] if int(code) >= 400}
    for status in sorted(statuses):
        operation["responses"][str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {_PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    if "requestBody" in operation:
        operation["requestBody"]["required"] = True
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            parameter["schema"] = {"type": "string", "minLength": 1, "maxLength": 40}


def _take_lists(paths: dict[str, Any]) -> None:
    """A list of slots may be sent instead of one, and a batch is always a list."""
    slots = _body(paths["/api/v1/slots"]["post"])
    one = slots["schema"]
    slots["schema"] = {"oneOf": [one, {"type": "array", "items": one, "minItems": 1, "maxItems": AT_ONCE_MAX}]}
    made = paths["/api/v1/slots"]["post"]["responses"]["201"]["content"]["application/json"]
    page = {
        "type": "object",
        "required": ["items"],
        "properties": {"items": {"type": "array", "items": made["schema"]}},
    }
    made["schema"] = {"anyOf": [made["schema"], page]}
    batch = _body(paths["/api/v1/checkins/batch"]["post"])
    batch["schema"] = {"type": "array", "items": {}, "maxItems": BATCH_MAX, "description": "of CheckInIn"}


def _body(operation: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = operation["requestBody"]["content"]["application/json"]
    return body
