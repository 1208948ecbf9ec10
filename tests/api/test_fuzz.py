"""schemathesis against the description, in process: no 5xx, no undocumented answer, every answer as described."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import schemathesis
import time_machine
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests import cast
from tests.factories import code_for, make_booking, make_gate, make_slot
from tests.support import Api

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 3  # an operation, a role, a mode and a database: within a minute in all
WHO = (cast.CLERK, cast.CONTACT, cast.STEWARD, cast.COORDINATOR)
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


@pytest.fixture
def known(app) -> Iterator[dict[str, str]]:
    """Real ids to aim at, while the slot is open at its door."""
    slot = make_slot()
    booking = make_booking(slot)
    gate, token = make_gate(slot)
    with time_machine.travel(slot.starts_at - timedelta(minutes=30), tick=True):
        scan = Api(app, token=token).post("/checkins", {"code": code_for(booking), "nonce": "known"}).json["scan"]
        yield {"slot": slot.public_id, "booking": booking.public_id, "gate": gate.public_id, "scan": scan}


def aim(case, known: dict[str, str]) -> None:
    """Point the case at what exists: its path, and ids within its body."""
    for name in case.path_parameters or {}:
        case.path_parameters[name] = known[name]
    if isinstance(case.body, dict):
        case.body |= {name: known[name] for name in ("slot", "gate") if name in case.body}


@pytest.mark.parametrize("member", WHO, ids=lambda member: member.role.value)
@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
def test_answers_are_as_described(app, api, known, member, mode):
    description = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    token = api(member).token
    statuses: list[int] = []

    for found in description.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode), aimed=st.booleans())
        def try_it(case, aimed):
            if aimed:
                aim(case, known)
            with app.app_context():  # a session of its own, as every request has
                answer = case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, checks=CHECKS)
            statuses.append(answer.status_code)

        if mode is GenerationMode.NEGATIVE and not (operation.body or operation.query or operation.path_parameters):
            continue
        try_it()
    assert len(statuses) >= 10 * EXAMPLES
    assert (200 if mode is GenerationMode.POSITIVE else 422) in statuses, sorted(set(statuses))
