"""Documents of a slot: what is taken is told by the content, names are made harmless, files come whole or not."""

import io
import threading
import zipfile

import pytest
from sqlalchemy import func, select

from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotFound
from eventsys.slots.documents import (
    DOCUMENTS_MAX,
    FILE_BYTES_MAX,
    FILE_NAME_MAX,
    PART_BYTES,
    DocumentKind,
    clean_document_url,
    clean_file_name,
)
from eventsys.slots.models import Document, DocumentPart
from eventsys.slots.queries.documents import list_documents, read_part
from eventsys.slots.services import delete_draft
from eventsys.slots.services.documents import add_file, add_link, inspect_file, remove_document
from tests import cast
from tests.factories import make_slot

CLERK = cast.CLERK.actor
PDF = b"%PDF-1.7\n" + b"x" * 100


def zipped(*names):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return stream.getvalue()


def word(*more):
    return zipped("[Content_Types].xml", "word/document.xml", *more)


def add(slot, content=PDF, name="指南.pdf", title="", actor=CLERK):
    stream = io.BytesIO(content)
    with unit_of_work():
        return add_file(slot.public_id, title, name, inspect_file(stream), stream, actor=actor)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PDF, "pdf"),
        (b"\xff\xd8\xff\xe0 jfif", "jpg"),
        (b"\x89PNG\r\n\x1a\n...", "png"),
        (word(), "docx"),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), "xlsx"),
        (zipped("[Content_Types].xml", "ppt/presentation.xml"), "pptx"),
        ("请携带营业执照𠮷🙂\n".encode(), "txt"),
        (b"\xef\xbb\xbfwith a mark", "txt"),
        ("一".encode() * 400_000, "txt"),  # characters across pieces
    ],
)
def test_taken_by_content(content, kind):
    assert inspect_file(io.BytesIO(content)).kind == kind


@pytest.mark.parametrize(
    "content",
    [
        b"MZ\x90\x00",
        b"\x7fELF",
        b"<html><script>alert(1)</script>",
        b"  \n<svg onload=alert(1)>",
        b"hello <!DOCTYPE html><body>",
        b"text\x00more",
        b"\x1b[31m",
        "中文".encode("gb18030"),
        zipped("a.txt"),
        zipped("word/document.xml"),
        word("word/vbaProject.bin"),
        word("word/VBAPROJECT.BIN"),
        word()[:-10],
        b"PK\x03\x04" + b"\x00" * 100,
        b"PK\x03\x04" + b"PK\x05\x06" + b"\xff" * 18,
        b"GIF89a\x01\x00",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    ],
)
def test_refused_by_content_whatever_it_is_called(content):
    with pytest.raises(Invalid, match="document_kind") as refused:
        inspect_file(io.BytesIO(content))
    assert refused.value.field == "file"


def test_size_is_checked():
    with pytest.raises(Invalid, match="document_empty"):
        inspect_file(io.BytesIO(b""))
    inspect_file(io.BytesIO(b"%PDF-" + b"x" * (FILE_BYTES_MAX - 5)))
    with pytest.raises(Invalid, match="document_too_large"):
        inspect_file(io.BytesIO(b"%PDF-" + b"x" * (FILE_BYTES_MAX - 4)))


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("办事指南.pdf", "办事指南.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\x\\表.exe", "表.pdf"),
        ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie_ x.pdf"),
        ("evil\u202efdp.exe", "evilfdp.pdf"),
        ("zero\u200bwidth\ufeff.pdf", "zerowidth.pdf"),
        ("", "document.pdf"),
        (".pdf", "document.pdf"),
        ("...", "document.pdf"),
        ("con<>|?*.pdf", "con_____.pdf"),
        ("a.tar.gz", "a.tar.pdf"),
        ("𠮷🙂.docx", "𠮷🙂.pdf"),
    ],
)
def test_names_are_made_harmless(name, clean):
    assert clean_file_name(name, DocumentKind.PDF) == clean


def test_a_long_name_keeps_its_extension():
    name = clean_file_name("长" * 300 + ".pdf", DocumentKind.PDF)
    assert len(name) == FILE_NAME_MAX
    assert name.endswith(".pdf")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://a.example/x",
        "javascript:alert(1)",
        "data:text/html,x",
        "//a.example",
        "https://",
        "https://u@h/",
        "https://a.example/ x",
        "https://[::1",
        "https://a/" + "x" * 500,
    ],
)
def test_only_plain_https_links(url):
    with pytest.raises(Invalid):
        clean_document_url(url)


def test_a_file_is_kept_in_pieces_and_goes_whole(app):
    slot = make_slot(publish=False)
    content = b"%PDF-" + bytes(range(256)) * 8_000
    document = add(slot, content, "报告.PDF")
    assert (document.title, document.file_name, document.size) == ("报告", "报告.pdf", len(content))
    pieces = [read_part(document.id, n) for n in range(5)]
    assert b"".join(piece or b"" for piece in pieces) == content
    assert max(len(piece or b"") for piece in pieces) == PART_BYTES
    assert pieces[4] is None
    with unit_of_work():
        delete_draft(slot.public_id, actor=CLERK)
    assert db.session.scalar(select(func.count()).select_from(DocumentPart)) == 0


def test_the_same_again_is_the_one_that_is_there(app):
    slot, other = make_slot(), make_slot()
    assert add(slot).id == add(slot, name="别名.pdf").id != add(other).id
    with unit_of_work():
        first = add_link(slot.public_id, "政策原文", "https://gov.example/a", actor=CLERK)
        assert add_link(slot.public_id, "again", "https://gov.example/a", actor=CLERK).id == first.id
    assert len(list_documents(slot)) == 2


def test_removed_for_good_and_twice_is_once(app):
    slot = make_slot()
    document = add(slot)
    for _time in range(2):
        with unit_of_work():
            remove_document(slot.public_id, document.public_id, actor=CLERK)
    assert db.session.scalar(select(func.count()).select_from(DocumentPart)) == 0


def test_another_departments_slot_does_not_exist(app):
    slot = make_slot()
    document = add(slot)
    for actor in (cast.STRANGER_CLERK.actor, cast.STEWARD.actor, cast.CONTACT.actor):
        with pytest.raises(NotFound):
            add(slot, actor=actor)
        with pytest.raises(NotFound), unit_of_work():
            add_link(slot.public_id, "x", "https://a.example", actor=actor)
        with pytest.raises(NotFound), unit_of_work():
            remove_document(slot.public_id, document.public_id, actor=actor)
    other = make_slot()
    with unit_of_work():  # by way of another slot of the own
        remove_document(other.public_id, document.public_id, actor=CLERK)
    assert len(list_documents(slot)) == 1


def test_ten_of_a_slot_also_when_two_come_at_once(app):
    slot = make_slot()
    for number in range(DOCUMENTS_MAX - 1):
        add(slot, PDF + bytes([65 + number]))
    public_id, outcomes, start = slot.public_id, [], threading.Barrier(2)

    def upload(content):
        with app.app_context():
            stream = io.BytesIO(content)
            facts = inspect_file(stream)
            start.wait()
            try:
                with unit_of_work():
                    add_file(public_id, "", "x.pdf", facts, stream, actor=CLERK)
                outcomes.append("added")
            except Conflict as error:
                outcomes.append(error.code)

    db.session.remove()
    threads = [threading.Thread(target=upload, args=(PDF + letter,)) for letter in (b"Y", b"Z")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["added", "too_many_documents"]
    assert db.session.scalar(select(func.count(Document.id))) == DOCUMENTS_MAX
