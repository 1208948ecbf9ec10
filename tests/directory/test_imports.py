"""Departments and enterprises imported: all or nothing, with a line a problem; exported and read back unchanged."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from eventsys.core.audit import AuditEntry
from eventsys.core.db import db, unit_of_work
from eventsys.core.errors import Invalid, NotAllowed
from eventsys.directory import services
from eventsys.directory.commands import DepartmentDetails, EnterpriseDetails, ServiceDetails
from eventsys.directory.imports.export import export_rows, write_template
from eventsys.directory.imports.rules import ImportKind
from eventsys.directory.imports.services import run_import
from eventsys.directory.imports.tables import write_csv, write_xlsx
from eventsys.directory.models import Department, Enterprise, ImportMapping
from eventsys.directory.queries import get_department, get_enterprise
from tests import cast
from tests.directory.test_import_files import make_xlsx

ADMIN, COORDINATOR = cast.ADMINISTRATOR.actor, cast.COORDINATOR.actor
GOOD, SECOND = "9135020073786628XK", "91350299MA0000005N"


def bring(kind, text, *, actor=ADMIN, dry_run=False, **options):
    content = text if isinstance(text, bytes) else text.encode()
    with unit_of_work():
        return run_import(kind, content, "file.csv", dry_run=dry_run, actor=actor, **options)


def _counts(report):
    return report.created, report.updated, report.unchanged


def _lines(report):
    return [(problem.row, problem.column, problem.code) for problem in report.problems]


def _enterprises():
    return db.session.scalar(select(func.count()).select_from(Enterprise))


def _audited():
    """Actions on what an import changes."""
    query = select(AuditEntry.action).where(AuditEntry.object_type.in_(["enterprise", "department", "import"]))
    return set(db.session.scalars(query))


def test_enterprises_are_created_updated_and_left_alone(app):
    text = (
        "2026年企业台账\n序号,名称,信用代码,街道,园区,规模,标签\n"
        f"1,新企业,{GOOD},筼筜街道,软件园,小型企业,专精特新、高新\n"
        "2,甲公司新名,９１３５０２９９ＭＡ００００００１９,,,,\n"
        "3,乙网络公司,91350299ma00000027,筼筜街道,山海园,small,\n"
    )
    report = bring("enterprises", text, actor=COORDINATOR)
    assert (_lines(report), _counts(report), report.is_applied) == ([], (1, 1, 1), True)
    db.session.rollback()
    db.session.expire_all()
    new, acme = get_enterprise(GOOD), get_enterprise("91350299MA00000019")
    assert (new.park.name, new.size, [t.name for t in new.tags]) == ("软件园", "small", ["专精特新", "高新"])
    assert (acme.name, acme.sub_district, acme.version, acme.feed_revision) == ("甲公司新名", "莲前街道", 2, 2)
    assert _audited() == {"enterprise.created", "enterprise.edited", "import.applied"}
    again = bring("enterprises", text, actor=COORDINATOR)
    assert _counts(again) == (0, 0, 3)


def test_one_problem_stops_everything_and_each_has_its_line(app):
    text = (
        "企业名称,统一社会信用代码,园区,规模,状态\n"
        f"好企业,{GOOD},,,\n"
        f"重复,{GOOD},,,\n"
        "短码,123,,,\n"
        "科学计数,9.13502E+17,,,\n"
        f",{SECOND},,,\n"
        "园区错,91350299MA0000002D,月球园,巨型,也许\n"
        "无码,,,,\n"
    )
    report = bring("enterprises", text)
    assert _lines(report) == [
        (3, "统一社会信用代码", "row_repeats"),
        (4, "统一社会信用代码", "bad_credit_code"),
        (5, "统一社会信用代码", "number_lost_digits"),
        (6, "企业名称", "required"),
        (7, "规模", "cell_size"),
        (7, "园区", "cell_park"),
        (7, "状态", "cell_active"),
        (8, "统一社会信用代码", "required"),
    ]
    assert not report.is_applied
    assert (_enterprises(), _audited()) == (3, set())


def test_a_dry_run_writes_nothing(app):
    report = bring("enterprises", f"名称,代码\n新,{GOOD}\n", dry_run=True)
    assert (_counts(report), report.is_applied, _enterprises()) == ((1, 0, 0), False, 3)
    assert db.session.query(ImportMapping).count() == 0


def test_a_failing_check_digit_is_a_warning(app):
    report = bring("enterprises", "名称,代码\n真,91350211M0000XUF46\n")
    assert ([w.code for w in report.warnings], report.is_applied) == (["check_digit"], True)


def test_missing_columns_are_named(app):
    report = bring("enterprises", "电话,传真\n1,2\n")
    assert [p.fields["columns"] for p in report.problems] == ["统一社会信用代码、企业名称"]


def test_a_mapping_is_given_checked_and_remembered(app):
    text = f"甲列,乙列\n{GOOD},某公司\n"
    report = bring("enterprises", text, mapping={"credit_code": 0, "name": 1})
    assert _counts(report) == (1, 0, 0)
    assert _counts(bring("enterprises", text)) == (0, 0, 1)
    for wrong in ({"credit_code": 0, "name": 0}, {"credit_code": 0, "name": 9}, {"id": 0}):
        with pytest.raises(Invalid):
            bring("enterprises", text, mapping=wrong)


def test_departments_by_code_or_name(app):
    text = "单位,简称,电话\n示范区税务局,,0592-9\n厦门市思明区人力资源和社会保障局,人社局,\n"
    report = bring("departments", text)
    assert (_lines(report), _counts(report)) == ([], (1, 1, 0))
    db.session.rollback()
    db.session.expire_all()
    assert get_department("tax").phone == "0592-9"
    assert get_department("rsj").name == "厦门市思明区人力资源和社会保障局"
    assert _counts(bring("departments", text)) == (0, 0, 2)
    renamed = bring("departments", "代码,名称,状态\nTAX,新税务局,停用\n")
    db.session.rollback()
    db.session.expire_all()
    assert (_counts(renamed), get_department("tax").active) == ((0, 1, 0), False)


def test_services_are_offered_as_listed(app):
    def offered(code):
        db.session.rollback()
        db.session.expire_all()
        return [(item.name, item.active) for item in get_department(code).services]

    text = "代码,名称,服务事项\ntax,示范区税务局,新事项、政策辅导\nnew,新局,甲、乙；丙；\nkxj,示范区科信局,\n"
    assert _counts(bring("departments", text)) == (1, 1, 1)
    assert offered("tax") == [("新事项", True), ("政策辅导", True)]
    assert offered("new") == [("甲、乙", True), ("丙", True)]
    assert offered("kxj") == [("政策辅导", True)]
    assert _counts(bring("departments", text)) == (0, 0, 3)
    for content in (write_csv(export_rows("departments")), write_xlsx(export_rows("departments"))):
        assert _counts(bring("departments", content)) == (0, 0, 3)
    bring("departments", "代码,名称,服务\ntax,示范区税务局,另一项;\n")
    assert offered("tax") == [("另一项", True), ("新事项", False), ("政策辅导", False)]
    bring("departments", "代码,名称,服务\ntax,示范区税务局,政策辅导、另一项\n")
    assert offered("tax") == [("政策辅导", True), ("另一项", True), ("新事项", False)]
    assert {"service.created", "service.edited"} <= set(db.session.scalars(select(AuditEntry.action)))


def test_service_problems(app):
    long, many = "长" * 121, "、".join(str(number) for number in range(101))
    text = f"代码,名称,服务事项\ntax,示范区税务局,好、{long}\nkxj,示范区科信局,{many}\n"
    assert _lines(bring("departments", text)) == [(2, "服务事项", "too_long"), (3, "服务事项", "too_many_items")]
    with pytest.raises(Invalid) as refused, unit_of_work():
        services.add_service(cast.fixed_id("d", 1), ServiceDetails("甲；乙"), actor=ADMIN)
    assert (refused.value.code, refused.value.field) == ("bad_service_name", "name")


def test_department_problems(app):
    text = "代码,名称,颜色,邮箱\ntax,示范区科信局,,\nnew,甲,25,\nnew2,甲二,,x\n9,乙,,\nn3,丙,,\nn4,丙,,\n"
    report = bring("departments", text)
    assert [(row, code) for row, _column, code in _lines(report)] == [
        (2, "name_taken"),
        (3, "cell_colour"),
        (4, "bad_email"),
        (5, "bad_code"),
        (7, "row_repeats"),
    ]


@pytest.mark.parametrize("member", [cast.CLERK, cast.CONTACT, cast.AUDITOR], ids=lambda m: m.role)
def test_only_who_may_edit_imports(app, member):
    for kind in ImportKind:
        with pytest.raises(NotAllowed):
            bring(kind, f"名称,代码\n新,{GOOD}\n", actor=member.actor)
    with pytest.raises(NotAllowed):
        bring("departments", "名称\n新\n", actor=COORDINATOR)


def test_a_workbook_with_a_number_for_a_code_says_so(app):
    report = bring("enterprises", make_xlsx([["名称", "代码"], ["甲", 913502001234567890]]))
    assert [code for _row, _column, code in _lines(report)] == ["number_lost_digits"]


@pytest.mark.parametrize("kind", list(ImportKind))
def test_the_template_can_be_sent_back_as_it_is(app, kind):
    report = bring(kind, write_template(kind))
    assert (_lines(report), _counts(report)) == ([], (0, 0, 0))


NAMES = st.one_of(
    st.sampled_from(
        ["=1+1", "＝cmd", "-甲", "@a", "\u200b=1", "𠮷😀", 'a"b,c;d', "_x0041_", "'x", "\xa0=1", "0012", "1E5"]
    ),
    st.text(
        alphabet=st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029\ufffe\uffff"),
        min_size=1,
        max_size=20,
    ),
).filter(lambda name: bool(name.strip(" \n\t\u3000")))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=NAMES, other=NAMES, note=st.text(alphabet="=+-@ab中\n,;\"'\u200b 😀", max_size=20))
def test_what_is_exported_is_imported_without_a_change(app, name, other, note):
    enterprise = EnterpriseDetails(GOOD, name, other, other, other, address=other, note=note, tags=("高新",))
    with unit_of_work():
        row = db.session.scalars(select(Enterprise).where(Enterprise.credit_code == GOOD)).first()
        if row is None:
            services.create_enterprise(enterprise, actor=ADMIN)
        else:
            services.edit_enterprise(row.public_id, enterprise, None, actor=ADMIN)
        services.edit_department(
            cast.fixed_id("d", 1), DepartmentDetails(f"{name}局", other, name_en=name, phone=other), None, actor=ADMIN
        )
        offered = ServiceDetails(name.replace(";", "、"), topic="care")
        services.edit_service(cast.fixed_id("s", 1), offered, actor=ADMIN)
    db.session.rollback()
    db.session.expire_all()
    for kind, count in ((ImportKind.ENTERPRISES, 4), (ImportKind.DEPARTMENTS, 2)):
        exported = export_rows(kind)
        for content in (write_csv(exported), write_xlsx(exported)):
            report = bring(kind, content)
            assert (_lines(report), _counts(report)) == ([], (0, 0, count))


def test_twenty_thousand_rows_are_planned(app):
    rows = "".join(f"企业{number},91350299MA{number:07d}X\n" for number in range(2_000))
    report = bring("enterprises", f"名称,代码\n{rows}", dry_run=True)
    assert report.created == 2_000


def _upload(client, kind, content, name="台账.csv"):
    import io

    return client.post(f"/admin/imports/{kind}", data={"file": (io.BytesIO(content), name)})


def test_the_browser_previews_corrects_and_imports(app, client):
    client.sign_in(cast.COORDINATOR)
    sent = _upload(client, "enterprises", f"甲列,名称\n{GOOD},𠮷企业\n".encode("gb18030"))
    assert sent.status_code == 303
    path = sent.location
    assert "统一社会信用代码" in client.get(path).text
    assert client.post(path).status_code == 409
    assert client.post(f"{path}/columns", data={"column-credit_code": "1", "column-name": "1"}).status_code == 422
    assert client.post(f"{path}/columns", data={"column-credit_code": "0", "column-name": "1"}).status_code == 303
    assert "𠮷企业" in client.get(path).text
    db.session.rollback()
    db.session.expire_all()
    assert _enterprises() == 3
    assert client.post(path).status_code == 303
    db.session.rollback()
    db.session.expire_all()
    assert get_enterprise(GOOD).name == "𠮷企业"
    assert client.post(path).status_code == 404


def test_an_upload_belongs_to_who_sent_it(app, client):
    other = app.test_client().sign_in(cast.ADMINISTRATOR)
    path = _upload(client.sign_in(cast.COORDINATOR), "enterprises", f"名称,代码\n新,{GOOD}\n".encode()).location
    assert other.get(path).status_code == 404
    assert other.post(path).status_code == 404
    assert other.get("/admin/imports/enterprises/..%2f..%2fsecret_key").status_code == 404
    assert client.get(path.replace("enterprises", "departments")).status_code == 403


def test_a_hostile_upload_is_refused_with_its_cause(app, client):
    client.sign_in(cast.COORDINATOR)
    refused = _upload(client, "enterprises", b"PK\x03\x04" + bytes(1_000), "a.xlsx")
    assert refused.status_code == 422
    assert "error-summary" in refused.text
    assert client.post("/admin/imports/enterprises", data={}).status_code == 422


def test_an_upload_may_be_larger_than_other_bodies_and_no_more(app, client):
    client.sign_in(cast.COORDINATOR)
    app.config["WTF_CSRF_ENABLED"] = True  # the check reads the body before the view
    try:
        assert _upload(client, "enterprises", b"a," * 2_000_000).status_code == 400
        assert _upload(client, "enterprises", b"a," * 6_000_000).status_code == 413
        assert client.post("/admin/parks/new", data={"name": "x" * 3_000_000}).status_code == 413
    finally:
        app.config["WTF_CSRF_ENABLED"] = False


def test_files_to_take_along(app, client):
    client.sign_in(cast.COORDINATOR)
    for path in ("imports/enterprises/template.xlsx", "exports/enterprises.xlsx", "exports/enterprises.csv"):
        answer = client.get(f"/admin/{path}")
        assert answer.status_code == 200
        assert answer.headers["Content-Disposition"].startswith("attachment")
    assert client.get("/admin/exports/departments.csv").status_code == 403
    assert db.session.query(Department).count() == 2
