"""A picture as Chromium's fake camera sees it: a Y4M film of one still."""

from __future__ import annotations

from pathlib import Path
from random import Random

from PIL import Image, ImageDraw

WIDTH, HEIGHT = 640, 480


def write_film(
    picture: Path,
    film: Path,
    size: int = 360,
    tilt: float = 6.0,
    light: float = 1.0,
    cracks: int = 0,
    frames: int = 15,
) -> None:
    """Show the picture, slightly tilted, in the middle of a grey frame (luma only; the colour planes are grey). `light`
    1 is daylight, 0 is black; `cracks` are lines across it, as of a broken screen; `frames` a second."""
    code = Image.open(picture).convert("L").resize((size, size), Image.Resampling.LANCZOS)
    _crack(code, cracks)
    code = code.rotate(tilt, expand=True, fillcolor=150, resample=Image.Resampling.BICUBIC)
    frame = Image.new("L", (WIDTH, HEIGHT), 150)
    frame.paste(code, ((WIDTH - code.width) // 2, (HEIGHT - code.height) // 2))
    frame = frame.point([round(16 + value * light) if light < 1 else value for value in range(256)])
    with film.open("wb") as out:
        out.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{frames}:1 Ip A1:1 C420jpeg\n".encode())
        for _ in range(frames):
            out.write(b"FRAME\n" + frame.tobytes() + b"\x80" * (WIDTH * HEIGHT // 2))


def _crack(code: Image.Image, cracks: int) -> None:
    """Lines from one point, thin and light, the same each time."""
    random, pen = Random(7), ImageDraw.Draw(code)
    start = (code.width * 0.62, code.height * 0.35)
    for _ in range(cracks):
        pen.line([start, (random.randrange(code.width), random.choice((0, code.height)))], fill=225, width=2)
