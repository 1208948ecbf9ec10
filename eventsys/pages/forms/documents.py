"""The forms of a slot's documents: a link, a file."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from eventsys.directory.rules import NAME_MAX
from eventsys.slots.documents import DOCUMENT_URL_MAX
from eventsys.web.forms import Form


class LinkForm(Form):
    """A link to a document on another site."""

    title = StringField(_l("Title"), [InputRequired(), Length(max=NAME_MAX)])
    url = StringField(
        _l("Link"),
        [InputRequired(), Length(max=DOCUMENT_URL_MAX)],
        description=_l("It starts with https://."),
        render_kw={"type": "url", "inputmode": "url"},
    )


class FileForm(Form):
    """A file to be kept here."""

    caption = StringField(_l("Title"), [Length(max=NAME_MAX)], description=_l("Empty: the name of the file"))
    file = FileField(
        _l("File"),
        [FileRequired()],
        description=_l("PDF, Word, Excel, PowerPoint without macros, JPG, PNG or plain text, at most 10 MB."),
        render_kw={"accept": ".pdf,.docx,.xlsx,.pptx,.jpg,.jpeg,.png,.txt"},
    )
