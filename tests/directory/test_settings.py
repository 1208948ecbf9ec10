"""Settings: what is declared, what holds where, who changes it."""

import pytest
from sqlalchemy import select

from eventsys.core.audit import AuditEntry
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Conflict, Invalid, NotAllowed, NotFound
from eventsys.directory import services
from eventsys.directory.forms.settings import CHOICES, label_of, sections_of, shown_value
from eventsys.directory.models import Department, District
from eventsys.directory.queries import district_settings, settings_of
from eventsys.directory.settings import (
    DEPARTMENT_SETTINGS,
    SETTINGS,
    Kind,
    SecondFactor,
    Settings,
    settings_from,
    value_of,
)
from tests import cast

TAX_ID = cast.fixed_id("d", cast.TAX)
TAX_SETTINGS = f"/admin/departments/{TAX_ID}/settings"
ADMINISTRATOR, CLERK = cast.ADMINISTRATOR.actor, cast.CLERK.actor


def stored():
    db.session.rollback()
    db.session.expire_all()
    return db.session.get(District, 1).settings, db.session.get(Department, cast.TAX).settings


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=lambda setting: setting.key)
def test_every_declaration_is_whole(setting):
    assert value_of(Settings(), setting) == setting.default == setting.check(setting.default)
    assert (setting.unit is not None) == (setting.kind is Kind.NUMBER)
    assert setting.minimum <= setting.maximum
    assert not setting.is_limit or setting.minimum == 0


def test_the_built_in_values_are_those_of_the_programme():
    built_in = Settings()
    assert (built_in.quota_month, built_in.quota_edition, built_in.quota_open) == (2, 3, 6)
    assert (built_in.visit.close_days, built_in.visit.cancel_days, built_in.visit.party_max) == (3, 2, 6)
    assert (built_in.session.capacity, built_in.session.attendee_capacity, built_in.session.party_max) == (20, 40, 2)
    assert (built_in.online.minutes, built_in.online.close_minutes) == (60, 120)
    assert built_in.second_factor is SecondFactor.NOBODY


@pytest.mark.parametrize("nonsense", [None, -1, 10**9, 1.5, "3", True, [], {}], ids=repr)
def test_what_cannot_be_counts_as_not_set(nonsense):
    assert settings_from({"quota_month": nonsense}).quota_month == 2
    assert settings_from({"quota_month": 5}, {"quota_month": nonsense, "unknown": 1}).quota_month == 5
    assert settings_from({"second_factor": nonsense}).second_factor is SecondFactor.NOBODY
    assert not settings_from({"no_show_rule": 1 if nonsense is True else nonsense}).no_show_rule


def test_a_department_overrides_only_what_it_may():
    own = {"quota_month": 1, "quota_open": 1, "visit_minutes": 45, "second_factor": "staff"}
    held = settings_from({"quota_month": 5, "visit_minutes": 60}, own)
    assert (held.quota_month, held.quota_open, held.visit.minutes) == (1, 6, 45)
    assert held.second_factor is SecondFactor.NOBODY
    assert "quota_edition" not in DEPARTMENT_SETTINGS


def test_the_administrator_sets_and_takes_back(app):
    with unit_of_work():
        services.change_settings({"quota_month": 4, "second_factor": "staff"}, 1, actor=ADMINISTRATOR)
    with unit_of_work():
        services.change_settings({"quota_month": None, "no_show_rule": True}, 2, actor=ADMINISTRATOR)
    assert stored()[0] == {"second_factor": "staff", "no_show_rule": True}
    assert district_settings().second_factor is SecondFactor.STAFF
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "district.settings_changed")).all()
    assert [(entry.before, entry.after) for entry in entries] == [
        ({"quota_month": None, "second_factor": None}, {"quota_month": 4, "second_factor": "staff"}),
        ({"no_show_rule": None, "quota_month": 4}, {"no_show_rule": True, "quota_month": None}),
    ]


def test_a_clerk_sets_what_the_own_department_may(app):
    with unit_of_work():
        services.change_settings({"visit_minutes": 120, "visit_capacity": 2}, None, actor=ADMINISTRATOR)
        services.change_department_settings(TAX_ID, {"visit_minutes": 45}, 1, actor=CLERK)
    tax, science = settings_of(cast.TAX), settings_of(cast.SCIENCE)
    assert (tax.visit.minutes, tax.visit.capacity) == (45, 2)
    assert (science.visit.minutes, science.visit.capacity) == (120, 2)
    assert settings_of(999).visit.minutes == 120
    with pytest.raises(Invalid) as refused, unit_of_work():
        services.change_department_settings(TAX_ID, {"quota_open": 1}, 2, actor=CLERK)
    assert (refused.value.code, refused.value.field) == ("unknown_setting", "quota_open")


def test_every_wrong_value_is_named_and_nothing_is_stored(app):
    wrong = {"quota_month": 101, "visit_minutes": 4, "hold_minutes": "10", "second_factor": "all", "x": 1}
    with pytest.raises(Invalid) as refused, unit_of_work():
        services.change_settings(wrong | {"quota_open": 9}, 1, actor=ADMINISTRATOR)
    assert {problem.field: problem.code for problem in refused.value.problems} == {
        "quota_month": "out_of_range",
        "visit_minutes": "out_of_range",
        "hold_minutes": "bad_number",
        "second_factor": "bad_choice",
        "x": "unknown_setting",
    }
    assert stored()[0] == {}


@pytest.mark.parametrize(
    "member", [cast.COORDINATOR, cast.CLERK, cast.AUDITOR, cast.STEWARD, cast.CONTACT], ids=lambda member: member.role
)
def test_nobody_else_sets_the_districts(app, client, member):
    with pytest.raises(NotAllowed), unit_of_work():
        services.change_settings({"quota_month": 9}, 1, actor=member.actor)
    client.sign_in(member)
    assert client.get("/admin/settings").status_code == 403
    assert client.post("/admin/settings", data={"quota_month": "9", "version": "1"}).status_code == 403


def test_another_departments_settings_are_not_there(app, client):
    with pytest.raises(NotFound), unit_of_work():
        services.change_department_settings(TAX_ID, {"visit_minutes": 45}, 1, actor=cast.STRANGER_CLERK.actor)
    client.sign_in(cast.STRANGER_CLERK)
    assert client.get(TAX_SETTINGS).status_code == 404
    assert client.post(TAX_SETTINGS, data={"visit_minutes": "45", "version": "1"}).status_code == 404
    for member in (cast.STEWARD, cast.CONTACT, cast.AUDITOR):
        assert app.test_client().sign_in(member).get(TAX_SETTINGS).status_code == 403


def test_a_stale_save_is_refused_and_shows_what_differs(app, client):
    with unit_of_work():
        services.change_settings({"quota_month": 4}, 1, actor=ADMINISTRATOR)
    with pytest.raises(Conflict) as refused, unit_of_work():
        services.change_settings({"quota_month": 5}, 1, actor=ADMINISTRATOR)
    assert refused.value.code == "stale_edit"
    client.sign_in(cast.ADMINISTRATOR)
    answer = client.post("/admin/settings?lang=en", data={"quota_month": "5", "version": "1"})
    assert answer.status_code == 409
    assert "<td>4</td><td>5</td>" in answer.text
    assert 'name="version" type="hidden" value="2"' in answer.text
    assert client.post("/admin/settings", data={"quota_month": "5", "version": "2"}).status_code == 303
    assert stored()[0] == {"quota_month": 5}


def test_the_administrators_page(app, client):
    client.sign_in(cast.ADMINISTRATOR)
    page = client.get("/admin/settings?lang=en").text
    assert "Empty: 2 slots. 0: no limit" in page
    assert "Empty: 90 minutes" in page
    assert "(optional)" not in page
    typed = {"quota_month": "3", "visit_minutes": "", "no_show_rule": "1", "second_factor": "", "version": "1"}
    assert client.post("/admin/settings", data=typed).status_code == 303
    assert stored()[0] == {"quota_month": 3, "no_show_rule": True}
    page = client.get("/admin/settings").text
    assert 'value="3"' in page
    assert '<option selected value="1">' in page
    wrong = client.post("/admin/settings", data={"quota_month": "200", "version": "2"})
    assert wrong.status_code == 422
    assert 'href="#quota_month"' in wrong.text


def test_a_departments_page(app, client):
    with unit_of_work():
        services.change_settings({"visit_minutes": 120}, 1, actor=ADMINISTRATOR)
    client.sign_in(cast.CLERK)
    assert TAX_SETTINGS in client.get("/desk").text
    page = client.get(f"{TAX_SETTINGS}?lang=en").text
    assert "Empty: as in the district, 120 minutes" in page
    assert "quota_open" not in page
    assert client.post(TAX_SETTINGS, data={"visit_minutes": "45", "version": "1"}).status_code == 303
    assert stored()[1] == {"visit_minutes": 45}
    for member in (cast.COORDINATOR, cast.ADMINISTRATOR):
        assert app.test_client().sign_in(member).get(TAX_SETTINGS).status_code == 200
    form = client.get("/desk/slots/new?format=visit").text
    assert 'name="minutes" type="number" value="45"' in form


def test_the_log_tells_settings_by_their_names(app, client):
    with unit_of_work():
        services.change_settings({"quota_month": 4}, 1, actor=ADMINISTRATOR)
    page = client.sign_in(cast.AUDITOR).get("/admin/audit?lang=en").text
    assert "settings changed" in page
    assert "Slots of an enterprise with one department in a month" in page


def test_every_setting_has_its_place_and_words(app):
    shown = [key for section in sections_of(SETTINGS) for key in section.keys]
    assert sorted(shown) == sorted(SETTINGS)
    with app.test_request_context():
        for setting in SETTINGS.values():
            assert label_of(setting)
            assert shown_value(setting, setting.default)
            if setting.options is not None:
                assert set(CHOICES[setting.name]) == set(setting.options)
