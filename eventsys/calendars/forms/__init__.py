"""The forms of calendars."""

from eventsys.calendars.forms.imports import CalendarImportForm
from eventsys.calendars.forms.links import DETAILS, FeedLinkForm, LinkForm, SavedFilterForm

__all__ = ["DETAILS", "CalendarImportForm", "FeedLinkForm", "LinkForm", "SavedFilterForm"]
