"""Commands: exit 0, or one line that says what is wrong and exit 1."""

from __future__ import annotations

import subprocess
import sys
import tarfile

import pytest

from eventsys.accounts.queries import find_person_by_login
from eventsys.app import create_app
from eventsys.bookings.models import SigningKey
from eventsys.cli import COMMANDS
from eventsys.core.audit import AuditEntry
from eventsys.core.db import db
from eventsys.directory.models import Department, District, Membership
from eventsys.directory.queries import get_district, load_token_actor
from tests.cli.conftest import PASSWORD, PEOPLE

pytestmark = pytest.mark.sqlite_only


def refused(done) -> str:
    """The one line of a command that failed."""
    assert done.code == 1
    lines = done.err.splitlines()
    assert len(lines) == 1, done.err
    assert lines[0].startswith("error: ")
    return lines[0]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(eventsys, name):
    done = eventsys(name, "--help")
    assert done.code == 0
    assert "Usage: eventsys" in done.out


def test_help_loads_no_application():
    code = "import sys; from eventsys.cli import run_command; run_command(['--help']); print('flask' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("False\n")
    assert all(name in done.stdout for name in COMMANDS)


def test_the_parent_of_the_server_holds_no_application():
    code = "import sys; import eventsys.cli.serve; print('flask' in sys.modules, 'sqlalchemy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("serve", "--port", "none"),
        ("serve", "--port", "0"),
        ("serve", "--certificate", __file__),
        ("serve", "--certificate", __file__, "--key", __file__),
        ("import", "departments", "/there/is/no/file.xlsx"),
        ("import", "slots-and-more", __file__),
        ("export", "departments", "file.pdf"),
        ("restore", __file__),
        ("worker", "--once"),
        ("user", "add", "某人"),
    ],
)
def test_mistakes_are_told_in_one_line(eventsys, arguments):
    eventsys("db", "upgrade")
    refused(eventsys(*arguments))


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("LOCALE", "fr"),
        ("DATABASE_URL", "mysql://x"),
        ("TIME_ZONE", "Europe/Berlin"),
        ("MAIL_URL", "http://x"),
        ("ANSWERS_URL", "imaps://mail.example"),
        ("ANSWERS_URL", "pop3://a:b@mail.example"),
        ("ANSWERS_URL", "imaps://a:b@mail.example/%E7%AD%94%E5%A4%8D"),
    ],
)
def test_a_wrong_setting_names_itself(eventsys, monkeypatch, variable, value):
    monkeypatch.setenv(f"EVENTSYS_{variable}", value)
    assert f"EVENTSYS_{variable}" in refused(eventsys("doctor"))


def test_before_the_first_upgrade_the_way_is_shown(eventsys):
    assert "db upgrade" in refused(eventsys("export", "departments", "x.csv"))


def test_set_up_makes_a_district_and_its_first_people(district, home):
    app = create_app()
    with app.app_context():
        row = get_district()
        assert (row.id, row.name) == (1, "示范区")
        assert row.uid_host.startswith("eventsys-")
        assert row.uid_host.endswith(".local")
        assert db.session.query(SigningKey).count() == 1
        roles = {m.person.name: m.role.value for m in db.session.query(Membership)}
        assert roles == {"统筹乙": "coordinator", "管理员甲": "administrator"}
        assert find_person_by_login("138 0013 8000").password.startswith("$argon2id$")
        assert db.session.query(AuditEntry).filter_by(action="district.created").one().actor_name == "eventsys"
        db.session.remove()
    assert (home / "secret_key").stat().st_mode & 0o777 == 0o600


def test_the_host_in_ids_is_the_sites_and_stays(eventsys, monkeypatch):
    monkeypatch.setenv("EVENTSYS_BASE_URL", "https://visits.example.com")
    assert eventsys("setup", "--name", "示范区", *PEOPLE).code == 0
    monkeypatch.setenv("EVENTSYS_BASE_URL", "https://other.example.com")
    assert "@visits.example.com" in eventsys("doctor").out


def test_a_second_set_up_is_refused_and_changes_nothing(district):
    refused(district("setup", "--name", "另一区", *PEOPLE))
    with create_app().app_context():
        assert db.session.query(District).one().name == "示范区"
        db.session.remove()


def test_set_up_writes_all_or_nothing(eventsys):
    weak = [*PEOPLE[:-1], "--administrator-password=short"]
    assert "password" in refused(eventsys("setup", "--name", "示范区", *weak))
    with create_app().app_context():
        assert db.session.query(District).count() == 0
        db.session.remove()


def test_a_user_with_a_token(district):
    add = ("user", "add", "审计员", "--email", "auditor@example.com", "--role", "auditor", "--password", PASSWORD)
    assert district(*add).code == 0
    assert "邮箱" in refused(district(*add))
    token = district("token", "add", "auditor@example.com", "--name", "script", "--scope", "slots:read").out.strip()
    assert "nobody" in refused(district("token", "add", "nobody@example.com", "--name", "script"))
    with create_app().app_context():
        actor = load_token_actor(token)
        assert actor.name == "审计员"
        assert actor.scopes == frozenset({"slots:read"})
        db.session.remove()


def test_a_clerk_needs_a_department_that_exists(district):
    add = ("user", "add", "经办", "--email", "clerk@example.com", "--role", "clerk", "--without-password")
    refused(district(*add))
    assert "nope" in refused(district(*add, "--department", "nope"))
    with create_app().app_context():
        assert find_person_by_login("clerk@example.com") is None
        db.session.remove()


def test_what_export_writes_import_reads_back_unchanged(district, tmp_path):
    source = tmp_path / "部门.csv"
    source.write_bytes("部门名称,简称\n示范区税务局,税务局\n示范区科信局,科信局\n".encode("gbk"))
    assert "2 new" in district("import", "departments", str(source), "--dry-run").out
    with create_app().app_context():
        assert db.session.query(Department).count() == 0
        db.session.remove()
    assert "2 new" in district("import", "departments", str(source)).out
    for name in ("out.csv", "out.xlsx"):
        file = tmp_path / name
        assert district("export", "departments", str(file)).code == 0
        assert "0 new, 0 changed, 2 as before" in district("import", "departments", str(file)).out


def test_slots_come_and_go_the_same_way(district, tmp_path):
    departments, source = tmp_path / "部门.csv", tmp_path / "场次.csv"
    departments.write_text("部门名称,简称\n示范区税务局,税务局\n示范区科信局,科信局\n")
    assert district("import", "departments", str(departments)).code == 0
    rows = [
        "部门,名称,时间",
        "税务局,汇算清缴辅导,12月3日下午3点",
        "科信局,申报辅导,12.4 9:00-10:30",
        ",无部门,1月5日9:00",
    ]
    source.write_text("\n".join(rows))
    refused_ = district("import", "slots", str(source))
    assert (refused_.code, "row 4, 部门" in refused_.err) == (1, True)
    source.write_text("\n".join(rows[:3]))
    assert "2 new" in district("import", "slots", str(source), "--dry-run").out
    assert "2 new" in district("import", "slots", str(source)).out
    for name in ("out.csv", "out.xlsx"):
        file = tmp_path / name
        assert "2 slots" in district("export", "slots", str(file)).out
        assert "0 new, 0 changed, 2 as before" in district("import", "slots", str(file)).out


def test_bookings_are_written_and_never_read(district, tmp_path):
    file = tmp_path / "bookings.csv"
    assert "0 bookings" in district("export", "bookings", str(file)).out
    assert file.read_text("utf-8-sig").startswith("预约编号,")
    assert district("import", "bookings", str(file)).code == 1


def test_an_import_with_a_problem_writes_nothing_and_names_the_row(district, tmp_path):
    source = tmp_path / "企业.csv"
    source.write_text("企业名称,统一社会信用代码\n甲公司,91350299MA00000019\n乙公司,nonsense\n")
    done = district("import", "enterprises", str(source))
    assert done.code == 1
    assert "row 3" in done.err
    assert district("export", "enterprises", str(tmp_path / "x.csv")).code == 0
    assert "甲公司" not in (tmp_path / "x.csv").read_text("utf-8-sig")


def test_backup_and_restore(district, home, tmp_path, monkeypatch):
    file = tmp_path / "backup.tar"
    assert district("backup", str(file)).code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    secret = (home / "secret_key").read_text()
    district("user", "add", "后来", "--email", "later@example.com", "--role", "auditor", "--without-password")
    assert "--yes" in refused(district("restore", str(file)))
    assert district("restore", "--yes", str(file)).code == 0
    with create_app().app_context():
        assert find_person_by_login("later@example.com") is None
        assert find_person_by_login("coordinator@example.com") is not None
        db.session.remove()
    monkeypatch.setenv("EVENTSYS_HOME", str(tmp_path / "elsewhere"))
    assert district("restore", str(file)).code == 0  # an empty installation needs no --yes
    assert (tmp_path / "elsewhere/secret_key").read_text() == secret
    assert "示范区" in district("doctor").out


def test_what_is_no_backup_is_not_restored(district, tmp_path):
    archive = tmp_path / "odd.tar"
    with tarfile.open(archive, "w") as odd:
        odd.add(__file__, "../../outside")
    assert "no backup" in refused(district("restore", "--yes", str(archive)))
    assert "示范区" in district("doctor").out


def test_a_backup_is_not_restored_under_another_secret(district, tmp_path, monkeypatch):
    assert district("backup", str(tmp_path / "b.tar")).code == 0
    monkeypatch.setenv("EVENTSYS_SECRET_KEY", "another-" * 6)
    assert "EVENTSYS_SECRET_KEY" in refused(district("restore", "--yes", str(tmp_path / "b.tar")))


def test_doctor_finds_what_is_wrong(district, home, monkeypatch):
    done = district("doctor")
    assert done.code == 1
    assert [line for line in done.out.splitlines() if line.startswith("WRONG")] == [
        "WRONG worker: has never run: start `eventsys worker`"
    ]
    assert district("worker", "--once").code == 0
    assert district("doctor").code == 0
    (home / "secret_key").chmod(0o644)
    assert "WRONG configuration" in district("doctor").out
    (home / "secret_key").chmod(0o600)
    monkeypatch.setenv("EVENTSYS_MAIL_URL", "smtp://127.0.0.1:1")
    assert "WRONG mail" in district("doctor").out
    monkeypatch.setenv("EVENTSYS_ANSWERS_URL", "imap://a:b@127.0.0.1:1/")
    assert "WRONG answers to invitations: no connection" in district("doctor").out


def test_doctor_on_an_empty_database_does_not_stumble(eventsys):
    done = eventsys("doctor")
    assert done.code == 1
    assert "WRONG migrations" in done.out
    assert "Traceback" not in done.err
