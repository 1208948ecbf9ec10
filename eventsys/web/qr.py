"""QR codes in pages."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from markupsafe import Markup

_SVG = Markup(
    '<svg class="qr" viewBox="0 0 {0} {0}" width="240" height="240" role="img" aria-label="{1}"'
    ' shape-rendering="crispEdges"><rect width="{0}" height="{0}" fill="#fff"/><path d="{2}" fill="#000"/></svg>'
)


def qr_svg(text: str, label: str) -> Markup:
    """A QR code of `text` as inline SVG, dark on light in every theme; `label` names it for who cannot see it."""
    rows = _matrix(text, 4)
    return _SVG.format(len(rows), label, "".join(_runs(rows)))


def plain_svg(text: str) -> str:
    """A QR code of `text` as an SVG picture with a narrow margin, for white paper."""
    rows = _matrix(text, 1)
    path = "".join(_runs(rows))
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {len(rows)} {len(rows)}"><path d="{path}"/></svg>'


def _matrix(text: str, border: int) -> list[list[bool]]:
    import qrcode  # here: most workers never draw one

    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, border=border)
    code.add_data(text)
    rows: list[list[bool]] = code.get_matrix()
    return rows


def _runs(rows: list[list[bool]]) -> Iterator[str]:
    """The dark modules as a path: one rectangle for each run within a row."""
    for y, row in enumerate(rows):
        x = 0
        for is_dark, modules in groupby(row):
            length = len(list(modules))
            if is_dark:
                yield f"M{x} {y}h{length}v1h-{length}z"
            x += length
