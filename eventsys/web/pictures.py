"""Photos as they are kept: small, upright, without what the camera wrote into them (where, when, by which phone)."""

from __future__ import annotations

import struct
import sys
from io import BytesIO

from eventsys.core.errors import Invalid
from eventsys.web.apart import run_apart

LONGEST_SIDE = 1600
QUALITY = 80
PIXELS_MAX = 100_000_000
KINDS = ("JPEG", "PNG", "WEBP")
_SIZE = struct.Struct(">II")


def shrink(photo: bytes, field: str) -> tuple[int, int, bytes]:
    """(width, height, JPEG) of a photo, its longer side at most 1600 pixels; Invalid names the field when it is none
    that can be read."""
    answer = run_apart("eventsys.web.pictures", photo)
    if not answer:
        raise Invalid("photo_unreadable", field=field)
    width, height = _SIZE.unpack(answer[: _SIZE.size])
    return width, height, answer[_SIZE.size :]


def _shrunk(photo: bytes) -> bytes:
    from PIL import Image, ImageOps, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = PIXELS_MAX
    try:
        with Image.open(BytesIO(photo), formats=KINDS) as opened:
            opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a JPEG need not be decoded whole
            picture = ImageOps.exif_transpose(opened)
            if picture.mode in {"RGBA", "LA", "P"}:
                picture = picture.convert("RGBA")
                white = Image.new("RGBA", picture.size, "white")
                picture = Image.alpha_composite(white, picture)
            picture = picture.convert("RGB")
            picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return b""
    kept = BytesIO()
    picture.save(kept, "JPEG", quality=QUALITY, optimize=True)
    return _SIZE.pack(*picture.size) + kept.getvalue()


if __name__ == "__main__":
    sys.stdout.buffer.write(_shrunk(sys.stdin.buffer.read()))
