"""The reference page of the API, made from its OpenAPI document: operations by tag, then the schemas they speak of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from markupsafe import Markup, escape

Json = Mapping[str, Any]
VERBS = ("get", "post", "put", "patch", "delete")
TAGS: dict[str, Any] = {
    "Directory": _l("Departments and enterprises"),
    "Slots": _l("Slots"),
    "Bookings": _l("Bookings"),
    "Check-in": _l("Check-in"),
}


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter or a property. `shape` says in words what it holds."""

    name: str
    where: str
    shape: Markup
    description: Markup
    is_required: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and what comes with it."""

    status: str
    meaning: str
    shape: Markup


@dataclass(frozen=True, slots=True)
class Operation:
    """One verb of one path; `anchor` is its place on the page."""

    anchor: str
    verb: str
    path: str
    summary: Markup
    needs_token: bool
    parameters: tuple[Field, ...]
    body: Markup | None
    answers: tuple[Answer, ...]
    refusals: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The operations of a tag."""

    anchor: str
    title: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class SchemaText:
    """A schema by name with its properties."""

    name: str
    description: Markup
    fields: tuple[Field, ...]


def groups_of(spec: Json) -> list[Group]:
    """Every operation, by tag in the order of the document."""
    found: dict[str, list[Operation]] = {tag["name"]: [] for tag in spec.get("tags", ())}
    for path, operations in spec["paths"].items():
        for verb in VERBS:
            if verb in operations:
                told = operations[verb]
                found.setdefault((told.get("tags") or [""])[0], []).append(_operation(verb, path, told))
    return [Group(_anchor(tag), str(TAGS.get(tag, tag)), tuple(items)) for tag, items in found.items() if items]


def schemas_of(spec: Json) -> list[SchemaText]:
    """Every schema, by name."""
    return [
        SchemaText(name, _marked(schema.get("description", "")), tuple(_properties(schema)))
        for name, schema in sorted(spec["components"]["schemas"].items())
    ]


def shape_of(schema: Json) -> Markup:
    """What a schema holds, in the reader's words, with links to the schemas it names."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return Markup('<a href="#schema-{0}">{0}</a>').format(name)
    if variants := schema.get("oneOf") or schema.get("anyOf"):
        return escape(gettext(" or ")).join(shape_of(variant) for variant in variants)
    kinds = schema.get("type", ())
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    words = [_kind(kind, schema) for kind in kinds if kind != "null"] or [escape(gettext("anything"))]
    if "null" in kinds:
        words.append(Markup("<code>null</code>"))
    return escape(gettext(" or ")).join(words) + _limits(schema)


def _operation(verb: str, path: str, told: Json) -> Operation:
    answers = [
        Answer(status, answer.get("description", ""), _content(answer)) for status, answer in told["responses"].items()
    ]
    return Operation(
        anchor=_anchor(f"{verb}-{path.removeprefix('/api/v1')}"),
        verb=verb.upper(),
        path=path,
        summary=_marked(" ".join(filter(None, (told.get("summary", ""), told.get("description", ""))))),
        needs_token={} not in told.get("security", [{}]),
        parameters=tuple(
            Field(
                item["name"],
                item["in"],
                shape_of(item.get("schema", {})),
                _marked(item.get("description", "")),
                bool(item.get("required")),
            )
            for item in told.get("parameters", ())
        ),
        body=_content(told["requestBody"]) if "requestBody" in told else None,
        answers=tuple(answer for answer in answers if answer.status < "400"),
        refusals=tuple(answer for answer in answers if answer.status >= "400"),
    )


def _content(holder: Json) -> Markup:
    for content in holder.get("content", {}).values():
        return shape_of(content.get("schema", {}))
    return Markup("")


def _properties(schema: Json) -> Iterator[Field]:
    required = schema.get("required", ())
    for name, inner in schema.get("properties", {}).items():
        yield Field(name, "", shape_of(inner), _marked(inner.get("description", "")), name in required)


def _kind(kind: str, schema: Json) -> Markup:
    if "enum" in schema:
        return Markup(" · ").join(Markup("<code>{}</code>").format(item) for item in schema["enum"] if item is not None)
    if kind == "array":
        items = schema.get("items") or {}
        return escape(gettext("list of %(items)s", items="%s")) % shape_of(items)
    if kind == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        values = shape_of(schema["additionalProperties"])
        return escape(gettext("object with values: %(values)s", values="%s")) % values
    words = {
        "string": gettext("time with offset") if schema.get("format") == "date-time" else gettext("text"),
        "integer": gettext("whole number"),
        "number": gettext("number"),
        "boolean": gettext("true or false"),
        "object": gettext("object"),
    }
    return escape(words.get(kind, kind))


def _limits(schema: Json) -> Markup:
    words = []
    if "maxLength" in schema:
        words.append(gettext("at most %(limit)s characters", limit=schema["maxLength"]))
    if "maxItems" in schema:
        words.append(gettext("at most %(limit)s items", limit=schema["maxItems"]))
    if "minimum" in schema and "maximum" in schema:
        words.append(gettext("%(minimum)s to %(maximum)s", minimum=schema["minimum"], maximum=schema["maximum"]))
    if schema.get("default") not in (None, ""):
        words.append(gettext("default %(value)s", value=str(schema["default"]).lower()))
    return Markup("").join(escape(gettext(", ")) + word for word in words)


def _marked(text: str) -> Markup:
    """The text with its `code` marked."""
    parts = (
        Markup("<code>{}</code>").format(part) if odd % 2 else escape(part) for odd, part in enumerate(text.split("`"))
    )
    return Markup("").join(parts)


def _anchor(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
