"""What programmes send: JSON bodies and query strings with strict types, unknown fields refused, each fault named.

Schemas say types and shapes; limits of text and time are the rules', so that a service names them the same way.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, ClassVar

from apiflask import Schema
from flask import request
from marshmallow import RAISE, ValidationError, fields
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from eventsys.core.errors import Conflict, Invalid
from eventsys.web.locale import LOCALES
from eventsys.web.pagination import CURSOR_MAX, PAGE_SIZE, PAGE_SIZE_MAX
from eventsys.web.rfc3339 import format_instant, parse_instant
from eventsys.web.wording import SENTENCES

ID_MAX = 40  # public ids have 13 characters, credit codes 18, department codes 20
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


class Fault(str):
    """A code with what its sentence is filled with, for marshmallow's lists of messages."""

    __slots__ = ("fields",)
    fields: dict[str, Any]

    def __new__(cls, code: str, **filled: Any) -> Fault:
        fault = super().__new__(cls, code)
        fault.fields = filled
        return fault


class Part(Schema):
    """An object inside a body, or one that goes out."""

    class Meta:
        """Unknown fields are refused."""

        unknown = RAISE

    error_messages = {"unknown": "unknown_field", "type": "wrong_type"}  # noqa: RUF012 - marshmallow's own shape


class Input(Part):
    """A whole body or query string: what is wrong with it becomes one Invalid that names every field."""

    def handle_error(self, error: ValidationError, data: Any, *, many: bool, **kwargs: Any) -> None:
        raise Invalid.many(list(_problems(error.messages, "")))


class Query(Input):
    """A query string; every list takes the language of its sentences."""

    lang = fields.String(metadata={"description": f"language of sentences: {', '.join(LOCALES)}"})


def _require_page_size(size: int) -> None:
    if not 1 <= size <= PAGE_SIZE_MAX:
        raise ValidationError([Fault("out_of_range", minimum=1, maximum=PAGE_SIZE_MAX)])


class PageQuery(Query):
    """The query string of a list in pages."""

    cursor = fields.String(metadata={"maxLength": CURSOR_MAX, "description": "`next` of the page before"})
    limit = fields.Integer(
        load_default=PAGE_SIZE,
        validate=_require_page_size,
        error_messages={"invalid": "bad_number"},
        metadata={"minimum": 1, "maximum": PAGE_SIZE_MAX, "description": "rows a page"},
    )


class _Strict:
    """Codes instead of marshmallow's English."""

    default_error_messages: ClassVar[Any] = {
        "required": "required",
        "null": "wrong_type",
        "invalid": "wrong_type",
        "type": "wrong_type",
        "invalid_utf8": "wrong_type",
        "validator_failed": "wrong_type",
    }


def _metadata(options: dict[str, Any], **more: Any) -> dict[str, Any]:
    """`options` for a field with `more` in what OpenAPI says of it."""
    told = {key: value for key, value in more.items() if value is not None}
    return {**options, "metadata": {**told, **options.get("metadata", {})}}


class Text(_Strict, fields.String):
    """A string. `limit` is documented here and enforced by the rules, after blanks around it are gone."""

    def __init__(self, limit: int | None = None, **options: Any) -> None:
        super().__init__(**_metadata(options, maxLength=limit))


class PublicId(Text):
    """A public id, or the code of what has one; too long a string names nothing and is refused here."""

    def __init__(self, **options: Any) -> None:
        super().__init__(ID_MAX, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if not text or len(text) > ID_MAX:
            raise ValidationError([Fault("too_long", limit=ID_MAX, length=len(text)) if text else Fault("required")])
        return text


class Whole(_Strict, fields.Integer):
    """A JSON integer within bounds; `true`, `"3"` and 3.5 are none."""

    def __init__(self, minimum: int = 0, maximum: int = 2**31 - 1, **options: Any) -> None:
        self.minimum, self.maximum = minimum, maximum
        super().__init__(**_metadata(options, minimum=minimum, maximum=maximum))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.make_error("invalid")
        if not self.minimum <= value <= self.maximum:
            raise ValidationError([Fault("out_of_range", minimum=self.minimum, maximum=self.maximum)])
        return value


class Flag(_Strict, fields.Boolean):
    """A JSON boolean, nothing that looks like one."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid")
        return value


class QueryFlag(_Strict, fields.Boolean):
    """`true` or `false` in a query string."""

    truthy = {"true", "1"}  # noqa: RUF012 - marshmallow's own shape
    falsy = {"false", "0"}  # noqa: RUF012 - marshmallow's own shape


class Choice(Text):
    """A member of a StrEnum by its value."""

    def __init__(self, kind: type[StrEnum], **options: Any) -> None:
        self.kind = kind
        values: list[Any] = [member.value for member in kind]
        super().__init__(**_metadata(options, enum=values + ([None] if options.get("allow_none") else [])))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            return self.kind(super()._deserialize(value, attr, data, **kwargs))
        except ValueError:
            raise ValidationError([Fault("bad_choice")]) from None


class Instant(Text):
    """An RFC 3339 time: in with any offset, out with the district's."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**_metadata(options, format="date-time"))

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else format_instant(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            return parse_instant(super()._deserialize(value, attr, data, **kwargs), "")
        except Invalid as problem:
            raise ValidationError([Fault(problem.code)]) from None


class Listed(_Strict, fields.List):
    """A JSON list of at most `limit` items."""

    def __init__(self, item: Any, limit: int | None = None, **options: Any) -> None:
        self.limit = limit
        super().__init__(item, **_metadata(options, maxItems=limit))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if self.limit is not None and isinstance(value, list) and len(value) > self.limit:
            raise ValidationError([Fault("too_many_items", limit=self.limit)])
        items: list[Any] = super()._deserialize(value, attr, data, **kwargs)
        return items


class Nested(_Strict, fields.Nested):
    """An object within an object."""


class Derived(Nested):
    """An object made by the schema's method `of` from the whole row."""

    def __init__(self, nested: Any, of: str, **options: Any) -> None:
        self.of = of
        super().__init__(nested, dump_only=True, **options)

    def get_value(self, obj: Any, attr: str, accessor: Any = None, default: Any = None) -> Any:
        return getattr(self.parent, self.of)(obj)


class Keyed(_Strict, fields.Dict):
    """A JSON object whose keys are not known beforehand."""


def read_body() -> None:
    """Before a view: the body is JSON in UTF-8 and holds nothing that no database can store."""
    if request.method not in _WITH_BODY or not (raw := request.get_data()):
        return
    if request.mimetype != "application/json":
        raise UnsupportedMediaType()
    try:
        body = json.loads(raw.decode("utf-8"), parse_constant=_refuse_constant)
        _check_strings(body, "")
    except (ValueError, RecursionError):  # broken JSON, other encodings, nesting without end
        raise BadRequest() from None


def load(schema: Schema, value: Any, prefix: str = "") -> Any:
    """The value as `schema` reads it; Invalid names fields below `prefix`."""
    try:
        return schema.load(value)
    except Invalid as error:
        raise below(error, prefix) from None


def below(error: Invalid, prefix: str) -> Invalid:
    """`error` with its fields named from one level up, e.g. `3.title`."""
    if not prefix:
        return error
    return Invalid.many(
        [Invalid(item.code, field=f"{prefix}.{item.field}".rstrip("."), **item.fields) for item in error.problems]
    )


def version_of(if_match: str | None) -> int | None:
    """The version an If-Match header names: None for `*` or no header; Conflict `stale_edit` for none of ours.

    An ETag begins with the version, see `etag_of`.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    number = if_match.strip().removeprefix("W/").strip('"').split("-")[0]
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        raise Conflict("stale_edit")
    return int(number)


def etag_of(version: int, *counts: int) -> str:
    """The ETag of an object: its version, then counts that change without an edit."""
    return '"{}"'.format("-".join(str(number) for number in (version, *counts)))


def _problems(messages: Any, path: str) -> Iterator[Invalid]:
    """Marshmallow's tree of messages as a flat row of problems."""
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            name = "" if key in {"_schema", "value"} else str(key)
            yield from _problems(inner, ".".join(filter(None, [path, name])))
        return
    for message in [messages] if isinstance(messages, str) else messages:
        if isinstance(message, str):
            code = str(message) if message in SENTENCES else "invalid"
            yield Invalid(code, field=path[:120], **getattr(message, "fields", {}))
        else:
            yield from _problems(message, path)


def _refuse_constant(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity are no JSON


def _check_strings(value: Any, path: str) -> None:
    """Invalid for a string, key or value, with NUL or a lone surrogate."""
    if isinstance(value, str):
        if _is_unstorable(value):
            raise Invalid("control_characters", field=path[:120])
    elif isinstance(value, list):
        for position, item in enumerate(value):
            _check_strings(item, f"{path}.{position}".lstrip("."))
    elif isinstance(value, dict):
        for key, item in value.items():
            if _is_unstorable(key):
                raise Invalid("control_characters", field=path[:120])
            _check_strings(item, f"{path}.{key}".lstrip("."))


def _is_unstorable(text: str) -> bool:
    return "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text)
