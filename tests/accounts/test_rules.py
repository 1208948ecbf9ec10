"""Rules of people: numbers, addresses, browsers, waiting."""

from __future__ import annotations

from datetime import timedelta

import pytest

from eventsys.accounts.rules import (
    ACCOUNT_FAILURES,
    ADDRESS_FAILURES,
    Failures,
    SignInKind,
    address_block,
    browser_and_system,
    must_wait,
    parse_email,
    parse_mobile,
    session_lifetime,
    shown_mobile,
)
from eventsys.core.actor import Role
from eventsys.core.errors import Invalid


@pytest.mark.parametrize(
    "typed", ["13800138000", "138 0013 8000", "+86 138-0013-8000", "１３８００１３８０００", "0086 13800138000"]
)
def test_one_number_however_it_is_typed(typed):
    assert parse_mobile(typed) == "+8613800138000"


@pytest.mark.parametrize("typed", ["", "12", "phone", "𠮷", "1" * 50, "13800138000 ext 5", "\x00"])
def test_what_is_no_number(typed):
    with pytest.raises(Invalid, match="bad_mobile"):
        parse_mobile(typed)


@pytest.mark.parametrize(
    "typed", ["", "a", "a@b", "a b@example.com", "a@example.com\nBcc: x@y.zz", "甲@example.com", "a@-.c"]
)
def test_what_is_no_mail_address(typed):
    with pytest.raises(Invalid, match="bad_email"):
        parse_email(typed)


def test_numbers_are_shown_as_people_read_them():
    assert shown_mobile("+8613800138000") == "138 0013 8000"
    assert shown_mobile("+12025550123") == "+1 202-555-0123"
    assert shown_mobile("nonsense") == "nonsense"


@pytest.mark.parametrize(
    ("kind", "roles", "expected"),
    [
        (SignInKind.DEVICE, {Role.CONTACT}, timedelta(days=180)),
        (SignInKind.CODE, {Role.CONTACT}, timedelta(days=180)),
        (SignInKind.PASSWORD, {Role.CLERK}, timedelta(hours=12)),
        (SignInKind.PASSWORD, {Role.CLERK, Role.CONTACT}, timedelta(hours=12)),
        (SignInKind.PASSWORD, {Role.CLERK, Role.COORDINATOR}, timedelta(hours=8)),
        (SignInKind.PASSWORD, {Role.ADMINISTRATOR}, timedelta(hours=8)),
    ],
)
def test_how_long_a_session_lasts(kind, roles, expected):
    assert session_lifetime(kind, frozenset(roles)) == expected


@pytest.mark.parametrize(
    ("failures", "known", "waits"),
    [
        (Failures(), False, False),
        (Failures(account=ACCOUNT_FAILURES * 100), False, False),
        (Failures(account=ACCOUNT_FAILURES, pair=1), False, True),
        (Failures(account=ACCOUNT_FAILURES, pair=1), True, False),
        (Failures(account=ACCOUNT_FAILURES, pair=ACCOUNT_FAILURES), True, True),
        (Failures(address=ADDRESS_FAILURES), True, True),
        (Failures(account=ACCOUNT_FAILURES - 1, address=ADDRESS_FAILURES - 1, pair=ACCOUNT_FAILURES - 1), False, False),
    ],
)
def test_who_waits(failures, known, waits):
    assert must_wait(failures, is_known_address=known) is waits


def test_an_ipv6_customer_counts_as_one_address():
    assert address_block("2001:db8:1:2:3::4") == address_block("2001:db8:1:2:ffff::1") == "2001:db8:1:2::/64"
    assert address_block("2001:db8:1:3::4") != address_block("2001:db8:1:2::4")
    assert address_block("::ffff:192.0.2.1") == address_block("192.0.2.1") == "192.0.2.1"
    assert address_block("") == ""


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        ("Mozilla/5.0 (Linux; Android 14) Chrome/120 Safari/537 MicroMessenger/8.0.49", ("WeChat", "Android")),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18) AppleWebKit Safari/604", ("Safari", "iPhone")),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140 Safari/537 Edg/140", ("Edge", "Windows")),
        ("curl/8", ("", "")),
        ("", ("", "")),
    ],
)
def test_browsers_have_names(client, expected):
    assert browser_and_system(client) == expected
