"""The administration in the browser."""

import pytest

from tests import cast

PAGES = [
    "/admin/",
    "/admin/departments",
    "/admin/departments/new",
    f"/admin/departments/{cast.fixed_id('d', 1)}",
    f"/admin/departments/{cast.fixed_id('d', 1)}/services/new",
    f"/admin/services/{cast.fixed_id('s', 1)}",
    "/admin/parks",
    "/admin/parks/new",
    f"/admin/parks/{cast.fixed_id('k', 1)}",
    "/admin/places",
    "/admin/places/new",
    f"/admin/places/{cast.fixed_id('l', 1)}",
    "/admin/enterprises",
    "/admin/enterprises/new",
    f"/admin/enterprises/{cast.fixed_id('e', 1)}",
    "/admin/people",
    "/admin/people/new",
    f"/admin/people/{cast.CLERK.public_id}",
    f"/admin/people/{cast.CLERK.public_id}/roles/new",
    "/admin/audit",
    "/admin/settings",
    f"/admin/departments/{cast.fixed_id('d', 1)}/settings",
    "/admin/imports/departments",
    "/admin/imports/enterprises",
]


@pytest.mark.parametrize("path", PAGES)
def test_the_administrator_sees_every_page(app, client, path):
    answer = client.sign_in(cast.ADMINISTRATOR).get(path)
    assert answer.status_code == 200
    assert answer.text.count("<h1") == 1
