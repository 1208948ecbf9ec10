"""The forms of calendars."""

from eventsys.calendars.forms.imports import BusyCalendarForm, CalendarImportForm
from eventsys.calendars.forms.links import DETAILS, FeedLinkForm, LinkForm, SavedFilterForm

__all__ = ["DETAILS", "BusyCalendarForm", "CalendarImportForm", "FeedLinkForm", "LinkForm", "SavedFilterForm"]
