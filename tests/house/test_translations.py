"""Every text has its Chinese, with the same placeholders; the catalogue is the one the pages read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from flask_babel import force_locale, gettext

ROOT = Path(__file__).parents[2]
CATALOGUE = ROOT / "eventsys/translations/zh/LC_MESSAGES/messages.po"
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w+\}")
KEYWORDS = {"_": None, "_l": None, "N_": None, "gettext": None, "ngettext": (1, 2), "lazy_gettext": None}


def chinese() -> Catalog:
    with CATALOGUE.open("rb") as stream:
        return read_po(stream, locale="zh_CN")


def used() -> set[str]:
    with (ROOT / "babel.cfg").open() as stream:
        methods, options = parse_mapping_cfg(stream)
    texts: set[str] = set()
    for folder in ("eventsys", "templates"):
        mapping = [(pattern.removeprefix(f"{folder}/"), method) for pattern, method in methods]
        chosen = {pattern.removeprefix(f"{folder}/"): value for pattern, value in options.items()}
        for _, _, message, _, _ in extract_from_dir(ROOT / folder, mapping, chosen, KEYWORDS, directory_filter=bool):
            texts.add(message if isinstance(message, str) else message[0])
    return texts


def test_every_text_is_translated():
    catalogue = chinese()
    untranslated = sorted(text for text in used() if not catalogue.get(text) or not catalogue.get(text).string)
    assert len(used()) > 500
    assert untranslated == []


def test_placeholders_survive():
    for message in chinese():
        if message.id:
            text, translated = ((item if isinstance(item, str) else item[0]) for item in (message.id, message.string))
            assert set(PLACEHOLDER.findall(translated)) <= set(PLACEHOLDER.findall(text)), text


@pytest.mark.sqlite_only
@pytest.mark.parametrize("locale", ["zh_CN", "zh"])
def test_pages_and_mails_read_it(app, locale):
    with app.test_request_context("/", headers={"Accept-Language": "zh-CN"}):
        assert gettext("Help") == "帮助"
    with force_locale(locale):
        assert gettext("Help") == "帮助"
