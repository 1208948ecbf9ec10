"""The group notice (复制群通知): the text to paste into a WeChat group, and the poster with the slot's QR. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

WEEKDAYS = "一二三四五六日"
WIDTH, HEIGHT, MARGIN = 1080, 1620, 84
INK, QUIET, PAPER, BRAND = "#17202b", "#4b5767", "#ffffff", "#1d5a9e"
TITLE_LINES = 4
CODE_SIZE = 420


@dataclass(frozen=True, slots=True)
class NoticeFacts:
    """What a notice says. `series` and `edition` are of the slot's edition, if any; `place` is ready to read."""

    district: str
    department: str
    title: str
    starts_at: datetime
    ends_at: datetime
    closes_at: datetime
    place: str
    capacity: int
    party_max: int | None
    url: str
    series: str = ""
    edition: int | None = None


def notice_text(facts: NoticeFacts, zone: ZoneInfo, today: date) -> str:
    """The text of WORDING.md, always Chinese: it goes into a group of enterprises."""
    head = f"【{facts.series}第{facts.edition}期】" if facts.edition is not None else ""
    lines = [
        f"{head}{facts.department}：{facts.title}",
        f"时间：{_span(facts, zone, today)}",
        f"地点：{facts.place}",
        f"名额：{_places(facts)}，{_moment(facts.closes_at, zone, today)}截止",
        f"预约：{facts.url}",
    ]
    return "\n".join(lines)


def _places(facts: NoticeFacts) -> str:
    each = f"，每家{facts.party_max}人" if facts.party_max is not None else ""
    return f"{facts.capacity}家企业{each}"


def _day(day: date, today: date) -> str:
    year = f"{day.year}年" if day.year != today.year else ""
    return f"{year}{day.month}月{day.day}日（周{WEEKDAYS[day.weekday()]}）"


def _moment(at: datetime, zone: ZoneInfo, today: date) -> str:
    local = at.astimezone(zone)
    return f"{_day(local.date(), today)}{local:%H:%M}"


def _span(facts: NoticeFacts, zone: ZoneInfo, today: date) -> str:
    start, end = facts.starts_at.astimezone(zone), facts.ends_at.astimezone(zone)
    until = f"{end:%H:%M}" if start.date() == end.date() else _moment(end, zone, today)
    return f"{_moment(start, zone, today)}—{until}"


def poster_png(facts: NoticeFacts, zone: ZoneInfo, today: date, font: Path) -> bytes:
    """The poster as a PNG, drawn with the letters of `font` (a TrueType file that has Chinese)."""
    from PIL import Image, ImageDraw, ImageFont  # here: a worker that draws no poster need not hold it

    sizes = {size: ImageFont.truetype(str(font), size) for size in (34, 40, 46, 68)}
    image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, WIDTH, 210), fill=BRAND)
    head = f"{facts.series}第{facts.edition}期" if facts.edition is not None else facts.district
    draw.text((MARGIN, 44), _fitting(draw, head, sizes[40]), font=sizes[40], fill=PAPER)
    draw.text((MARGIN, 112), _fitting(draw, facts.department, sizes[46]), font=sizes[46], fill=PAPER)
    y = _paragraph(draw, facts.title, sizes[68], y=270, fill=INK, limit=TITLE_LINES) + 30
    for label, text in (
        ("时间", _span(facts, zone, today)),
        ("地点", facts.place),
        ("名额", _places(facts)),
        ("截止", _moment(facts.closes_at, zone, today)),
    ):
        y = _paragraph(draw, f"{label}：{text}", sizes[40], y=y, fill=INK, limit=2) + 10
    top = HEIGHT - MARGIN - CODE_SIZE
    image.paste(_code(facts.url), (MARGIN, top))
    for row, line in enumerate(("长按或扫码", "查看并预约")):
        draw.text((MARGIN + CODE_SIZE + 48, top + 130 + row * 64), line, font=sizes[46], fill=INK)
    draw.text((MARGIN, HEIGHT - 68), _fitting(draw, facts.district, sizes[34]), font=sizes[34], fill=QUIET)
    file = BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


def _code(url: str) -> Any:
    import qrcode
    from PIL import Image

    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, border=4)
    code.add_data(url)
    return code.make_image().get_image().convert("RGB").resize((CODE_SIZE, CODE_SIZE), Image.Resampling.NEAREST)


def _paragraph(draw: ImageDraw, text: str, font: Any, *, y: int, fill: str, limit: int) -> int:
    """Write `text` in at most `limit` lines from `y` down; the height where the next thing may stand."""
    lines = _wrapped(draw, text, font)
    if len(lines) > limit:
        lines = [*lines[: limit - 1], _fitting(draw, lines[limit - 1] + lines[limit], font)]
    for line in lines:
        draw.text((MARGIN, y), line, font=font, fill=fill)
        y += round(font.size * 1.4)
    return y


def _wrapped(draw: ImageDraw, text: str, font: Any) -> Sequence[str]:
    lines, line = [], ""
    for character in text:
        if line and draw.textlength(line + character, font=font) > WIDTH - 2 * MARGIN:
            lines.append(line)
            line = ""
        line += character
    return [*lines, line]


def _fitting(draw: ImageDraw, text: str, font: Any) -> str:
    """`text`, shortened with an ellipsis when one line does not hold it."""
    if draw.textlength(text, font=font) <= WIDTH - 2 * MARGIN:
        return text
    while text and draw.textlength(text + "…", font=font) > WIDTH - 2 * MARGIN:
        text = text[:-1]
    return text + "…"
