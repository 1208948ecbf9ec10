"""A calendar's address as browsers, calendar programmes and the calendars on the web take it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from eventsys.core.installation import absolute_url


@dataclass(frozen=True, slots=True)
class Address:
    """A feed's address."""

    https: str

    @property
    def webcal(self) -> str:
        """Opens the device's calendar programme: Apple's, Outlook's, Thunderbird's, many on Android."""
        return "webcal://" + self.https.partition("://")[2]

    @property
    def google(self) -> str:
        """Opens Google Calendar, which asks whether to add it."""
        return "https://calendar.google.com/calendar/render?" + urlencode({"cid": self.webcal})

    def outlook(self, name: str) -> str:
        """Opens Outlook on the web, which asks whether to add it under this name."""
        return "https://outlook.office.com/calendar/0/addfromweb?" + urlencode({"url": self.https, "name": name})

    def outlook_private(self, name: str) -> str:
        """The same for a private Outlook.com account."""
        return "https://outlook.live.com/calendar/0/addfromweb?" + urlencode({"url": self.https, "name": name})


def address(path: str) -> Address:
    """The address of a feed's path."""
    return Address(absolute_url(path))
