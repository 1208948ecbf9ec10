"""Documents of a slot in the browser."""

import io

import pytest

from eventsys.core.db import db
from eventsys.slots.documents import FILE_BYTES_MAX
from eventsys.slots.models import Document
from eventsys.slots.rules import Audience, AudienceKind
from tests import cast
from tests.factories import make_booking, make_slot

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 5_000


@pytest.fixture
def clerk(client):
    return client.sign_in(cast.CLERK)


def upload(browser, slot, content=PDF, name="办事指南.pdf", title=""):
    data = {"caption": title, "file": (io.BytesIO(content), name)}
    return browser.post(f"/slots/{slot.public_id}/documents/files", data=data, content_type="multipart/form-data")


def only():
    db.session.rollback()
    return db.session.query(Document).one()


def test_uploaded_read_and_removed(app, clerk):
    slot = make_slot()
    listing = f"/slots/{slot.public_id}/documents"
    assert clerk.get(listing).status_code == 200
    answer = upload(clerk, slot)
    assert (answer.status_code, answer.location) == (303, listing)
    path = f"{listing}/{only().public_id}"
    assert path in clerk.get(listing).text
    visitor = app.test_client()
    assert path in visitor.get(f"/slots/{slot.public_id}").text
    answer = visitor.get(path)
    assert (answer.status_code, answer.data) == (200, PDF)
    headers = answer.headers
    assert headers["Content-Type"] == "application/pdf"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]
    assert headers["Content-Disposition"].startswith("attachment")
    assert "filename*=UTF-8''%E5%8A%9E" in headers["Content-Disposition"]
    assert int(headers["Content-Length"]) == len(PDF)
    again = visitor.get(path, headers={"If-None-Match": headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    head = visitor.head(path)
    assert (head.status_code, head.data, int(head.headers["Content-Length"])) == (200, b"", len(PDF))
    booking = make_booking(slot)
    assert path in app.test_client().sign_in(cast.CONTACT).get(f"/bookings/{booking.public_id}").text
    for _time in range(2):
        assert clerk.post(f"{path}/remove").status_code == 303
    assert visitor.get(path).status_code == 404


def test_a_link(clerk):
    slot = make_slot()
    address = f"/slots/{slot.public_id}/documents/links"
    assert clerk.post(address, data={"title": "原文", "url": "http://gov.example"}).status_code == 422
    assert clerk.post(address, data={"title": "", "url": "https://gov.example"}).status_code == 422
    assert clerk.post(address, data={"title": "原文", "url": "https://gov.example/a?b=1"}).status_code == 303
    page = clerk.get(f"/slots/{slot.public_id}").text
    assert 'href="https://gov.example/a?b=1"' in page
    assert "gov.example</span>" in page
    assert clerk.get(f"/slots/{slot.public_id}/documents/{only().public_id}").status_code == 404  # no file


def test_what_is_no_file_we_take_is_refused_in_words(clerk):
    slot = make_slot()
    for content in (b"MZ\x90", b"", b"<html>"):
        answer = upload(clerk, slot, content)
        assert answer.status_code == 422
        assert "error-summary" in answer.text
    assert clerk.post(f"/slots/{slot.public_id}/documents/files", data={}).status_code == 422
    assert db.session.query(Document).count() == 0


def test_a_body_of_ten_megabytes_is_taken_and_a_larger_one_not(clerk):
    slot = make_slot()
    assert upload(clerk, slot, b"%PDF-" + b"x" * (FILE_BYTES_MAX - 5)).status_code == 303
    assert upload(clerk, slot, b"%PDF-" + b"x" * (FILE_BYTES_MAX + 100_000)).status_code == 413
    links = f"/slots/{slot.public_id}/documents/links"
    assert clerk.post(links, data={"title": "x" * 3_000_000, "url": "https://a.example"}).status_code == 413


def test_a_hidden_slots_document_does_not_exist_for_others(app, clerk):
    slot = make_slot(audience=Audience(AudienceKind.NAMED, enterprises=(cast.ACME,)))
    draft = make_slot(publish=False)
    upload(clerk, slot)
    path = f"/slots/{slot.public_id}/documents/{only().public_id}"
    contact, stranger = app.test_client().sign_in(cast.CONTACT), app.test_client().sign_in(cast.STRANGER)
    assert contact.get(path).status_code == 200
    assert [browser.get(path).status_code for browser in (stranger, app.test_client())] == [404, 404]
    assert clerk.get(path.replace(slot.public_id, draft.public_id)).status_code == 404  # of another slot


def test_only_the_department_adds(app):
    slot = make_slot()
    for who, status in ((cast.STRANGER_CLERK, 404), (cast.CONTACT, 403), (cast.AUDITOR, 403)):
        assert upload(app.test_client().sign_in(who), slot).status_code == status
