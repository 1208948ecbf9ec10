"""Mails as RFC 5322 text, from values: the same message gives the same Message-ID for ever."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage, Message
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

QR_BOX, QR_BORDER = 8, 4  # pixels a module; the quiet zone of the standard
_POLICY = SMTP.clone(cte_type="7bit")  # nothing on the way may rewrite a body


class Undeliverable(Exception):
    """This message can never reach this address; trying again would not help."""


@dataclass(frozen=True, slots=True)
class Letter:
    """Everything a mail says and shows."""

    message_id: str
    sender: str
    sender_name: str
    recipient: str
    written_at: datetime
    subject: str
    text: str
    html: str | None = None
    attachments: Sequence[dict[str, str]] = ()
    language: str = "zh_CN"


def build_mail(letter: Letter) -> EmailMessage:
    """The mail of a letter; Undeliverable when its address is none or a header would not hold on one line."""
    if not letter.recipient.isascii():
        raise Undeliverable("an address beyond ASCII is rarely delivered")
    try:
        mail = EmailMessage(policy=_POLICY)
        mail["From"] = Address(letter.sender_name, addr_spec=letter.sender)
        mail["To"] = Address(addr_spec=letter.recipient)
        mail["Subject"] = letter.subject
        mail["Date"] = format_datetime(letter.written_at)
        mail["Message-ID"] = f"<{letter.message_id}>"
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notice comes back
        mail.set_content(letter.text, charset="utf-8")
        if letter.html is not None:
            mail.add_alternative(letter.html, subtype="html", charset="utf-8")
        for attachment in letter.attachments:
            if "method=" in attachment.get("content_type", ""):
                _invite(mail, attachment)
        for attachment in letter.attachments:
            _attach(mail, attachment)
        mail["Content-Language"] = letter.language.replace("_", "-")  # last: what sets a body clears Content-*
    except (ValueError, MessageError, IndexError) as error:
        raise Undeliverable(f"the mail cannot be written: {error}") from error
    return mail


def _invite(mail: EmailMessage, attachment: dict[str, str]) -> None:
    """The calendar as one more way to read the mail (RFC 6047 2.4), by which programmes know an invitation."""
    params = _parameters(attachment["content_type"])
    text = attachment["text"].encode()
    mail.add_alternative(text, maintype="text", subtype="calendar", params={**params, "charset": "utf-8"})


def _parameters(content_type: str) -> dict[str, str]:
    header = Message()
    header["Content-Type"] = content_type
    return {name: value for name, value in (header.get_params() or [])[1:] if name.lower() != "charset"}


def _attach(mail: EmailMessage, attachment: dict[str, str]) -> None:
    filename = attachment["filename"]
    if "qr" in attachment:
        mail.add_attachment(draw_qr(attachment["qr"]), maintype="image", subtype="png", filename=filename)
        return
    header = Message()
    header["Content-Type"] = attachment["content_type"]
    if header.get_content_maintype() != "text":
        raise Undeliverable(f"{attachment['content_type']} is not text")
    # As bytes: calendar files keep their CRLF.
    mail.add_attachment(
        attachment["text"].encode(),
        maintype="text",
        subtype=header.get_content_subtype(),
        filename=filename,
        params={**_parameters(attachment["content_type"]), "charset": "utf-8"},
    )


def draw_qr(text: str) -> bytes:
    """A QR code of `text` as PNG."""
    import qrcode  # with Pillow 15 MB, needed by the worker only
    from qrcode.image.pil import PilImage

    code: Any = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, box_size=QR_BOX, border=QR_BORDER)
    code.add_data(text)
    stream = io.BytesIO()
    code.make_image(image_factory=PilImage).save(stream, format="PNG")
    return stream.getvalue()
