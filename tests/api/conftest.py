"""People of the cast at the API, and what they send."""

import pytest

from tests import cast
from tests.factories import soon
from tests.support import Api


@pytest.fixture
def clerk(api: Api) -> Api:
    return api(cast.CLERK)


@pytest.fixture
def contact(api: Api) -> Api:
    return api(cast.CONTACT)


@pytest.fixture
def stranger(api: Api) -> Api:
    return api(cast.STRANGER)


@pytest.fixture
def steward(api: Api) -> Api:
    return api(cast.STEWARD)


def slot_body(**changes):
    starts_at = soon()
    body = {
        "title": "研发费用加计扣除政策辅导",
        "starts_at": starts_at.isoformat(),
        "ends_at": starts_at.replace(hour=16).isoformat(),
        "format": "session",
        "capacity": 3,
        "publish": True,
    }
    return {**body, **changes}


def problem_fields(answer):
    """The field names of a 422."""
    assert answer.status_code == 422, answer.text
    return [item["field"] for item in answer.json["errors"]]
