"""PDF by typst, made in a process of its own: typst and the fonts take 100 MB that a worker would keep."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from eventsys.web.apart import run_apart


def typeset(template: str, about: dict[str, Any], fonts: Sequence[Path]) -> bytes:
    """The PDF of a typst template, which reads `about` from `sys.inputs.about` (JSON) beside what is added here.

    `about["codes"]` (texts) come as QR codes, SVG texts in the same order. `missing` tells the template of the
    characters (in any text of `about`) that none of the fonts has: the code point in hexadecimal by character.
    RuntimeError when typst refuses the template.
    """
    asked = json.dumps({"template": template, "about": about, "fonts": [str(path) for path in fonts]})
    return run_apart("eventsys.web.typesetting", asked.encode())


def characters_missing(texts: Iterable[str], fonts: Sequence[Path]) -> set[str]:
    """The characters that none of the fonts has a glyph for: they draw the same box as one that cannot exist."""
    from PIL import ImageFont  # here: few requests need it

    faces = [ImageFont.truetype(str(path), 16) for path in fonts]
    boxes = [bytes(face.getmask("\U0010ffff")) for face in faces]
    letters = {letter for text in texts for letter in text if letter > "~"}
    return {
        letter
        for letter in letters
        if all(bytes(face.getmask(letter)) == box for face, box in zip(faces, boxes, strict=True))
    }


def _texts(value: Any) -> Iterator[str]:
    """Every text within JSON values."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _main() -> None:
    import typst

    from eventsys.web.qr import plain_svg

    asked = json.load(sys.stdin)
    about, fonts = asked["about"], [Path(name) for name in asked["fonts"]]
    about["codes"] = [plain_svg(code) for code in about.get("codes", ())]
    missing = characters_missing(_texts({name: about[name] for name in about if name != "codes"}), fonts)
    about["missing"] = {letter: f"{ord(letter):X}" for letter in missing}
    pdf = typst.compile(
        asked["template"].encode(),
        font_paths=sorted({str(path.parent) for path in fonts}),
        ignore_system_fonts=True,
        sys_inputs={"about": json.dumps(about)},
        pdf_standards="ua-1",  # tagged, so that it can be read aloud (ISO 14289-1)
    )
    sys.stdout.buffer.write(pdf)


if __name__ == "__main__":
    _main()
