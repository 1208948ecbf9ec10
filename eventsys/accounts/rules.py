"""Rules of people and their sign-ins: identities, lifetimes, throttles."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import phonenumbers

from eventsys.core.actor import Role
from eventsys.core.errors import Invalid

NAME_MAX = 60
EMAIL_MAX = 254
PASSWORD_MIN, PASSWORD_MAX = 10, 128
DEVICE_DAYS = 180
CODE_MINUTES = 10
CODE_ATTEMPTS = 5
CODE_DIGITS = 6
RESET_HOURS = 1
RECOVERY_CODES = 8
SECOND_FACTOR_MINUTES = 10
TOTP_LEEWAY_SECONDS = 30  # a phone's clock may be half a minute off
SEEN_SECONDS = 3_600
HOME_COUNTRY_CODE = 86
# Marks in a User-Agent, the telling ones first: nearly all of them say Safari, and many say Chrome.
BROWSERS = (
    ("wxwork", "WeCom"),
    ("MicroMessenger", "WeChat"),
    ("DingTalk", "DingTalk"),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("OpenHarmony", "HarmonyOS"),
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)
CLIENT_MAX = 200
TOKEN_NAME_MAX = 80
TOKEN_DAYS_MAX = 730
API_TOKEN_PREFIX = "evt_"

_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9-]*\.)+[A-Za-z0-9-]*[A-Za-z0-9]")


class SignInKind(StrEnum):
    """How a session began."""

    PASSWORD = "password"
    CODE = "code"
    DEVICE = "device"


class Attempt(StrEnum):
    """What somebody can fail at, or ask for too often; each is counted apart."""

    PASSWORD = "password"
    CODE = "code"
    SECOND_FACTOR = "second_factor"
    MAIL = "mail"
    APPLICATION = "application"
    BINDING = "binding"


@dataclass(frozen=True, slots=True)
class Failures:
    """Failures within the running window: by the account, by the address, and by the address at this account."""

    account: int = 0
    address: int = 0
    pair: int = 0


def session_lifetime(kind: SignInKind, roles: frozenset[Role]) -> timedelta:
    """How long a session lasts: a contact's device 180 days, a coordinator or administrator 8 h, other staff 12 h."""
    if roles & {Role.COORDINATOR, Role.ADMINISTRATOR}:
        return timedelta(hours=8)
    if kind is SignInKind.DEVICE or roles <= {Role.CONTACT}:
        return timedelta(days=DEVICE_DAYS)
    return timedelta(hours=12)


def parse_mobile(value: str, field: str = "mobile") -> str:
    """A telephone number as E.164, mainland China assumed; Invalid names `field`."""
    try:
        number = phonenumbers.parse(value, "CN")
    except phonenumbers.NumberParseException:
        raise Invalid("bad_mobile", field=field) from None
    if len(value) > 40 or not phonenumbers.is_possible_number(number) or number.extension:
        raise Invalid("bad_mobile", field=field)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def parse_email(value: str, field: str = "email") -> str:
    """A mail address in lower case; Invalid names `field`. ASCII only: SMTPUTF8 is rarely delivered."""
    value = value.strip()
    if len(value) > EMAIL_MAX or not _EMAIL.fullmatch(value):
        raise Invalid("bad_email", field=field)
    return value.lower()


def shown_mobile(mobile: str) -> str:
    """A number as people read it: `138 0013 8000`, and one from abroad with its country code."""
    try:
        number = phonenumbers.parse(mobile, "CN")
    except phonenumbers.NumberParseException:
        return mobile
    at_home = number.country_code == HOME_COUNTRY_CODE
    style = phonenumbers.PhoneNumberFormat.NATIONAL if at_home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, style)


def browser_and_system(client: str) -> tuple[str, str]:
    """Names by which people know their own browser and device in a User-Agent; empty when it tells neither."""
    browser = next((name for mark, name in BROWSERS if mark in client), "")
    return browser, next((name for mark, name in SYSTEMS if mark in client), "")


def masked_mobile(mobile: str) -> str:
    """`138****5678`: enough to recognise one's own number."""
    digits = mobile.removeprefix("+86")
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) >= 8 else "****"


# Failed attempts and how long an account or address then waits. Per account few (a person mistypes), per address more
# (an office shares one); a wait never grows past a quarter of an hour, so the victim of an attack still gets in.
ACCOUNT_FAILURES = 10
ADDRESS_FAILURES = 60
THROTTLE_WINDOW = timedelta(minutes=15)


def must_wait(failures: Failures, *, is_known_address: bool) -> bool:
    """Whether an attempt is refused unread. An attacked account turns away only who failed at it before, and an address
    where its owner has signed in keeps tries of its own: so the victim gets in while the attack goes on."""
    if failures.address >= ADDRESS_FAILURES or failures.pair >= ACCOUNT_FAILURES:
        return True
    return failures.account >= ACCOUNT_FAILURES and failures.pair > 0 and not is_known_address


def address_block(address: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 that an IPv6 customer has to choose from."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    mapped = getattr(parsed, "ipv4_mapped", None)
    if mapped is not None or parsed.version == 4:
        return str(mapped or parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
