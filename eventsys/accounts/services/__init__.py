"""The verbs that change people and their sign-ins."""

from eventsys.accounts.services.api_tokens import NewApiToken, add_api_token, revoke_api_token
from eventsys.accounts.services.codes import redeem_code, send_code
from eventsys.accounts.services.passwords import (
    change_password,
    check_password,
    count_wrong_own_password,
    find_person_by_reset_token,
    reset_password,
    send_reset_link,
    set_password,
)
from eventsys.accounts.services.people import NewPerson, add_person, change_profile, register_person
from eventsys.accounts.services.second_factor import (
    Enrolment,
    check_second_factor,
    renew_recovery_codes,
    reset_second_factor,
    start_enrolment,
    turn_off_second_factor,
    turn_on_second_factor,
)
from eventsys.accounts.services.sign_ins import begin_sign_in, end_own_sign_in, end_sign_ins, note_seen, sign_out
from eventsys.accounts.services.throttles import count_attempt, forget_expired, require_patience

__all__ = [
    "Enrolment",
    "NewApiToken",
    "NewPerson",
    "add_api_token",
    "add_person",
    "begin_sign_in",
    "change_password",
    "change_profile",
    "check_password",
    "check_second_factor",
    "count_attempt",
    "count_wrong_own_password",
    "end_own_sign_in",
    "end_sign_ins",
    "find_person_by_reset_token",
    "forget_expired",
    "note_seen",
    "redeem_code",
    "register_person",
    "renew_recovery_codes",
    "require_patience",
    "reset_password",
    "reset_second_factor",
    "revoke_api_token",
    "send_code",
    "send_reset_link",
    "set_password",
    "sign_out",
    "start_enrolment",
    "turn_off_second_factor",
    "turn_on_second_factor",
]
