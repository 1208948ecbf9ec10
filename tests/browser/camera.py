"""A picture as Chromium's fake camera sees it: a Y4M film of one still."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

WIDTH, HEIGHT = 640, 480


def write_film(picture: Path, film: Path, size: int = 360, tilt: float = 6.0) -> None:
    """Show the picture, slightly tilted, in the middle of a grey frame (luma only; the colour planes are grey)."""
    code = Image.open(picture).convert("L").resize((size, size), Image.Resampling.LANCZOS)
    code = code.rotate(tilt, expand=True, fillcolor=150, resample=Image.Resampling.BICUBIC)
    frame = Image.new("L", (WIDTH, HEIGHT), 150)
    frame.paste(code, ((WIDTH - code.width) // 2, (HEIGHT - code.height) // 2))
    with film.open("wb") as out:
        out.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F15:1 Ip A1:1 C420jpeg\n".encode())
        for _ in range(15):
            out.write(b"FRAME\n" + frame.tobytes() + b"\x80" * (WIDTH * HEIGHT // 2))
