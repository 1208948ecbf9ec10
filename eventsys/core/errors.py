"""What can go wrong in a service: five classes, a stable code and fields. No HTTP here; web/errors.py maps them."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """A service said no. `code` is stable and documented; `fields` fill the sentence a person reads."""

    def __init__(self, code: str, **fields: Any) -> None:
        super().__init__(code)
        self.code = code
        self.fields = fields

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.code!r}, {self.fields!r})"


class NotFound(Refusal):
    """It does not exist, or not for this actor."""

    def __init__(self, code: str = "not_found", **fields: Any) -> None:
        super().__init__(code, **fields)


class NotAllowed(Refusal):
    """The actor may see it and not do this with it."""

    def __init__(self, code: str = "not_allowed", **fields: Any) -> None:
        super().__init__(code, **fields)


class Invalid(Refusal):
    """The input cannot be right; `field` names the one to mend, `Invalid.many` carries several."""

    def __init__(self, code: str, *, field: str = "", **fields: Any) -> None:
        super().__init__(code, **fields)
        self.field = field
        self.problems: tuple[Invalid, ...] = (self,)

    @classmethod
    def many(cls, problems: list[Invalid]) -> Invalid:
        """One error for all `problems` (at least one), in their order."""
        error = cls(problems[0].code, field=problems[0].field, **problems[0].fields)
        error.problems = tuple(problems)
        return error


class Conflict(Refusal):
    """The state of things stands against it; what is possible instead is among the fields."""


class TooMany(Refusal):
    """Too often; `retry_after` (seconds) says when to come back."""

    def __init__(self, code: str = "too_many", *, retry_after: int = 60, **fields: Any) -> None:
        super().__init__(code, **fields)
        self.retry_after = retry_after
