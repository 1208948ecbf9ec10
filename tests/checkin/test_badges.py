"""Badges: what is on them can be read again, by people and by a gate."""

import json
import re
import subprocess
import sys
from io import BytesIO

import pytest
import zxingcpp
from PIL import Image

from eventsys.checkin.badges import Layout, Person, told
from eventsys.checkin.views.badges import FONTS
from eventsys.web.assets import asset_path
from eventsys.web.typesetting import characters_missing
from tests import cast
from tests.factories import code_for, make_booking, make_slot

RARE = ("王𠮷", "欧阳䶮", "龚㛃", "𬭎", "Åse Müller")


@pytest.fixture
def slot(app):
    return make_slot(party_max=None, attendee_capacity=None)


@pytest.fixture
def booking(slot):
    return make_booking(slot, names=RARE)


def pdf_of(client, slot, **options):
    answer = client.get(f"/slots/{slot.public_id}/badges.pdf", query_string=options)
    assert (answer.status_code, answer.content_type) == (200, "application/pdf")
    return answer.data


def test_every_layout_is_a_tagged_pdf(client, slot, booking):
    client.sign_in(cast.CLERK)
    for layout in Layout:
        pdf = pdf_of(client, slot, layout=layout.value)
        assert pdf.startswith(b"%PDF-")
        assert b"/MarkInfo" in pdf
    assert len(re.findall(rb"/Type\s*/Page\b", pdf_of(client, slot, layout="label"))) == len(RARE)


def test_the_fonts_know_the_rare_characters_of_names(app):
    with app.test_request_context():
        fonts = [asset_path(name) for name in FONTS]
    assert characters_missing([*RARE, "厦门网络科技有限公司（集团）·①"], fonts) == set()
    assert characters_missing(["王🙂𤳵"], fonts) == {"🙂", "𤳵"}


def test_a_character_that_no_font_has_is_told_and_printed_as_its_number(client, slot):
    make_booking(slot, names=("王🙂",))
    client.sign_in(cast.CLERK)
    assert "王🙂" in client.get(f"/slots/{slot.public_id}/badges").text
    assert pdf_of(client, slot, layout="card").startswith(b"%PDF-")


def test_the_codes_are_read_from_the_print(app, slot, booking):
    """The very SVG that the PDF holds, drawn as a scanner sees it."""
    code = code_for(booking)
    with app.test_request_context():
        fonts = [str(asset_path(name)) for name in FONTS]
    people = [Person("王𠮷", "甲", code, "K7M2XA")]
    about = told(people, Layout.LABEL, title="专场", lead="", language="zh_CN")
    assert about["codes"] == [code]
    drawn = subprocess.run([sys.executable, "-c", DRAW], input=json.dumps([about, fonts]).encode(), capture_output=True)
    assert drawn.returncode == 0, drawn.stderr.decode()
    with Image.open(BytesIO(drawn.stdout)) as picture:
        (found,) = zxingcpp.read_barcodes(picture.convert("L"))
    assert found.text == code


DRAW = """
import json, sys, typst
from pathlib import Path
from eventsys.web.qr import plain_svg
about, fonts = json.load(sys.stdin)
about |= {"codes": [plain_svg(code) for code in about["codes"]], "missing": {}}
template = Path("templates/checkin/badges.typ").read_bytes()
folders = sorted({str(Path(font).parent) for font in fonts})
png = typst.compile(template, format="png", ppi=200, font_paths=folders, ignore_system_fonts=True,
                    sys_inputs={"about": json.dumps(about)})
sys.stdout.buffer.write(png)
"""


def test_only_one_enterprise_or_nobody(client, slot, booking):
    other = make_booking(slot, cast.STRANGER, names=("外人",))
    client.sign_in(cast.CLERK)
    both, one = pdf_of(client, slot, layout="label"), pdf_of(client, slot, layout="label", enterprise=other.public_id)
    assert len(one) < len(both)
    wrong = client.get(f"/slots/{slot.public_id}/badges.pdf", query_string={"enterprise": "nobody"})
    assert wrong.status_code == 422
    assert client.get(f"/slots/{slot.public_id}/badges.pdf?layout=poster").status_code == 422


def test_not_for_strangers(client, slot, booking):
    for member in (cast.STRANGER_CLERK, cast.CONTACT):
        client.sign_in(member)
        assert client.get(f"/slots/{slot.public_id}/badges.pdf").status_code in {403, 404}
        assert client.get(f"/slots/{slot.public_id}/badges").status_code in {403, 404}
