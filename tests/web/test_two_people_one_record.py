"""Two people at one record: stale forms, moves, evidence, grants, and why one sees what one sees."""

import io
from collections.abc import Callable
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, update

from admin_app.access.actor import Actor
from admin_app.access.permissions import MAY_GRANT, Role, permits
from admin_app.access.scope import ScopedSession, unscoped
from admin_app.changes.ledger import recording
from admin_app.errors import Invalid, Refused
from admin_app.services import accounts, attachments, moves as move_service
from admin_app.services.attachments import FileStore
from models.account import Grant
from models.base import Base, models
from models.guardian import Guardian
from models.moves import Move
from models.setting import Setting
from models.student import Student
from seed import makers
from tests.desk import PASSWORD, Page
from tests.web.staff import (
    JPEG, STAFF, Person, by_the_machine, everything_in, hire, hire_staff, settle, 东山村, 城区, 康宁, 牧童,
)

PNG, PDF = b"\x89PNG\r\n\x1a\n" + b"0" * 40, b"%PDF-1.7\n" + b"0" * 40
HTML = b"<!doctype html><script>alert(document.cookie)</script>"
MACHINE = Actor(0, "机房", Role.SYSTEM_ADMIN, "0" * 12)


@pytest.fixture
def staff(app: Flask, district: SimpleNamespace) -> SimpleNamespace:
    engine = app.extensions["baoxue"].engine
    hire_staff(engine)
    return SimpleNamespace(engine=engine, files=app.extensions["baoxue"].files, **vars(district))


def whole(engine: Engine, model: type[Base], id: int) -> Any:
    with unscoped(engine, "how a record stands") as session:
        record = session.get_one(model, id)
        session.expunge_all()
        return record


# --- a stale form -----------------------------------------------------------------------------------


def test_a_stale_form_shows_all_three_and_loses_nothing(app: Flask, staff: SimpleNamespace) -> None:
    li, address = staff.李明, f"/admin/student/edit/?id={staff.李明.id}"
    officer, director = Person(app, "康干部"), Person(app, "周主任")
    officer.get(address)
    mine = officer.page.form("保存").fields
    director.get(address)
    theirs = director.page.form("保存").fields
    assert director.send(address, {**theirs, "class_name": "三班", "current_address": "新街9号"}).status == 302

    page = officer.send(address, {**mine, "class_name": "四班", "study_place": "省城"})

    assert page.status == 409
    rows = {row["字段"]: row for row in page.table("原值")}
    assert (rows["班级"]["原值"], rows["班级"]["对方"], rows["班级"]["我的"]) == ("空", "三班", "四班")
    assert (rows["现居住地"]["对方"], rows["现居住地"]["我的"]) == ("新街9号", "没有改")
    assert {rows[name]["修改人"] for name in ("班级", "现居住地")} == {"周主任"}
    assert (rows["外地就读地"]["对方"], rows["外地就读地"]["修改人"]) == ("没有改", ""), "what I alone typed is nobody else's"
    assert whole(staff.engine, Student, li.id).class_name == "三班", "nothing was overwritten"
    kept = page.form("保存").fields
    assert (kept["class_name"], kept["study_place"], kept["current_address"]) == ("四班", "省城", "新街9号")

    assert officer.send(address, kept).status == 302
    child = whole(staff.engine, Student, li.id)
    assert (child.class_name, child.study_place, child.current_address) == ("四班", "省城", "新街9号")


def test_a_no_that_somebody_put_where_nothing_stood_is_told_and_kept(app: Flask, staff: SimpleNamespace) -> None:
    guardian = staff.李明.guardian_id
    address = f"/admin/guardian/edit/?id={guardian}"
    with by_the_machine(staff.engine, "nobody has asked yet") as session:
        session.get_one(Guardian, guardian).away = None
    officer, director = Person(app, "康干部"), Person(app, "周主任")
    mine, theirs = officer.get(address).form("保存").fields, director.get(address).form("保存").fields
    assert director.send(address, {**theirs, "away": "0"}).status == 302

    page = officer.send(address, {**mine, "note": "常在家"})

    rows = {row["字段"]: row for row in page.table("原值")}
    assert page.status == 409 and (rows["是否外出务工"]["原值"], rows["是否外出务工"]["对方"]) == ("空", "否")
    assert officer.send(address, page.form("保存").fields).status == 302
    stands = whole(staff.engine, Guardian, guardian)
    assert (stands.away, stands.note) == (False, "常在家")


def test_what_stood_when_a_form_was_opened_is_what_the_last_edit_had_left(app: Flask, staff: SimpleNamespace) -> None:
    address, director = f"/admin/student/edit/?id={staff.李明.id}", Person(app, "周主任")
    for name in ("一班", "二班"):
        assert director.send(address, {**director.get(address).form("保存").fields, "class_name": name}).status == 302
    officer = Person(app, "康干部")
    mine = officer.get(address).form("保存").fields
    for name in ("三班", "四班"):
        assert director.send(address, {**director.get(address).form("保存").fields, "class_name": name}).status == 302

    page = officer.send(address, {**mine, "class_name": "五班"})

    (row,) = page.table("原值")
    assert (row["原值"], row["对方"], row["我的"]) == ("二班", "四班", "五班")


def test_a_form_that_nobody_overtook_is_saved_at_once(app: Flask, staff: SimpleNamespace) -> None:
    address, person = f"/admin/student/edit/?id={staff.李明.id}", Person(app, "康干部")
    form = person.get(address).form("保存").fields
    assert person.send(address, {**form, "class_name": "一班"}).status == 302
    again = person.send(address, {**form, "class_name": "二班"})
    assert again.status == 409, "the same form once more, from the back button"
    assert {row["修改人"] for row in again.table("原值")} == {"您自己（在另一个窗口）"}, "nobody else is looked for"


def test_a_form_from_nowhere_is_a_stale_one(app: Flask, staff: SimpleNamespace) -> None:
    """A position that is missing or forged does not walk past the other's change."""
    address, person = f"/admin/student/edit/?id={staff.李明.id}", Person(app, "康干部")
    form = person.get(address).form("保存").fields
    for as_of in ("", "0", "-1", "x", "²"):
        assert person.send(address, {**form, "as_of": as_of, "class_name": "九班"}).status == 409, as_of
    assert whole(staff.engine, Student, staff.李明.id).class_name is None


# --- moves ------------------------------------------------------------------------------------------


STATEFUL = [model for model in models() if model.__moves__]
PAIRS = [(model, state.code, move) for model in STATEFUL for state in model.__moves__.states for move in model.__moves__.moves]


def test_every_pair_of_state_and_verb_is_allowed_or_refused_as_the_table_says(
        app: Flask, staff: SimpleNamespace) -> None:
    """The state changes where the table has the move, and stays where it has not."""
    village = settle(app, 康宁, staff.李明)
    director, wrong = Actor(0, "试", Role.ADMINISTRATOR, 城区), []
    with unscoped(staff.engine, "every pair", writing=True) as session:
        with recording(session, director, "试"):
            for model, state, move in PAIRS:
                record = _put(session, model, village.rows, state)
                allowed = state in move.sources
                try:
                    move_service.make_move(session, director, record, move.verb, values=_answers(session, model, move),
                                           reason="试一试", new_evidence=1)
                    done = True
                except Refused as refusal:
                    done = False
                    assert model.__moves__.labels[state] in refusal.message
                    assert move.label in refusal.message
                session.refresh(record)
                stands = getattr(record, model.__moves__.column)
                if done != allowed or stands != ((move.target or state) if allowed else state):
                    wrong.append((model.__tablename__, state, move.verb, done, stands))
    assert wrong == []
    assert len(PAIRS) > 150


def _put(session: Any, model: type[Base], rows: dict[str, int], state: str) -> Any:
    record = session.get_one(model, rows[model.__tablename__])
    # Whoever leaves school has been in its last grade; a day is noted but once.
    as_needed = {"grade": "g9", "note": "学校附设九年级", "checked_on": None} if model is Student else {}
    session.execute(update(model).where(model.id == record.id).values({model.__moves__.column: state, **as_needed})
                    .execution_options(synchronize_session=False))
    session.refresh(record)
    return record


def _answers(session: Any, model: type[Base], move: Move) -> dict[str, Any]:
    """What the verb asks for."""
    answers: dict[str, Any] = {}
    for name in move.asks:
        kind = model.__table__.c[name].type.python_type
        ahead = name in move.ahead
        day = date.today() + timedelta(days=30) if ahead else date(2026, 10, 1)
        answers[name] = day if kind is date else 1 if kind is int else "1"
    return answers


@pytest.mark.parametrize("role", list(Role), ids=lambda role: role.value)
def test_a_verb_is_for_the_roles_that_may(app: Flask, staff: SimpleNamespace, owner: Engine, role: Role) -> None:
    """Through the page: the button is not there, and the address says why."""
    village = settle(app, 康宁, staff.李明)
    person, before, tried = Person(app, STAFF[role][0]), everything_in(owner), {True: 0, False: 0}
    for model in STATEFUL:
        table, id = model.__tablename__, village.rows[model.__tablename__]
        state = getattr(whole(staff.engine, model, id), model.__moves__.column)
        leading_on = [move for move in model.__moves__.moves if state in move.sources]
        for move in leading_on:
            address = f"/admin/{table}/move/?id={id}&verb={move.verb}"
            may = permits(role, move_service.permission(model, move))  # type: ignore[arg-type]
            tried[may] += 1
            page = person.get(address)
            assert page.status == (200 if may else 403), (role, address)
            if not may:
                assert person.send(address, {"reason": "试", "school_id": 1}).status == 403
        details = person.get(f"/admin/{table}/details/?id={id}")
        if details.status == 200:
            offered = {href.rpartition("verb=")[2] for _, href in details.links if "/move/" in href}
            assert offered == {m.verb for m in leading_on if m.verb != "graduate"  # of grade three
                               and permits(role, move_service.permission(model, m))}  # type: ignore[arg-type]
    assert everything_in(owner) == before
    assert tried[role is Role.ADMINISTRATOR] > 0


def test_a_move_asks_for_its_fields_its_reason_and_its_evidence(
        app: Flask, staff: SimpleNamespace, owner: Engine) -> None:
    person = Person(app, "周主任")
    with unscoped(staff.engine, "no evidence yet", writing=True) as session:
        with recording(session, MACHINE, "试"):
            home = makers.household(session, 康宁)
            child = makers.student(session, home, "周小舟", schooling_state="suspected").id
            new = makers.student(session, home, "周小帆", schooling_state="unknown").id
    before = everything_in(owner)

    def move(verb: str, values: dict[str, Any], on: int = child) -> Page:
        return person.send(f"/admin/student/move/?id={on}&verb={verb}", values)

    for values, why in (({}, "学校"), ({"school_id": "999"}, "不存在，或不在您的管辖范围内"),
                        ({"school_id": "x"}, "请从提示的列表中选择")):
        page = move("enrol", values, new)
        assert (page.status, why in page.text) == (400, True), (values, page.text[-400:])
        assert everything_in(owner) == before, values
    for verb, values, why in (
        ("study_elsewhere", {"study_place": "省城"}, "佐证"), ("confirm_dropout", {}, "原因"),
        ("clear_suspicion", {"reason": "已复课"}, "佐证"), ("clear_suspicion", {"evidence": _file(JPEG, "照片.jpg")}, "原因"),
        ("study_elsewhere", {"study_place": "省" * 2001, "evidence": _file(JPEG, "照片.jpg")}, "太长"),
        ("confirm_dropout", {"reason": "查" * 2001}, "最多 2,000 个字"),
    ):
        page = move(verb, values)
        assert (page.status, why in page.text) == (400, True), (verb, values, page.text[-400:])
        assert everything_in(owner) == before, (verb, values)
    refused = move("enrol", {"school_id": staff.school_id})
    assert refused.status == 403, "a suspicion is cleared with proof, not passed by"
    assert ("查看这条记录", f"/admin/student/details/?id={child}") in refused.links, "whoever came by the back button goes on"
    assert move("suspect", {"absent_since": "2026-10-01"}).status == 403
    assert move("extend_leave", {"leave_until": "2027-01-01"}).status == 403
    assert move("nonsense", {}).status == 404
    assert everything_in(owner) == before

    done = move("clear_suspicion", {"reason": "已复课", "evidence": _file(JPEG, "复课照片.jpg"),
                                    "school_id": str(staff.school_id)})
    assert done.status == 302
    after = everything_in(owner)
    assert whole(staff.engine, Student, child).schooling_state == "enrolled"
    assert len(after["attachment"]) == len(before["attachment"]) + 1
    assert "已复课" in repr(after["change"][-1]) and "student:clear_suspicion" in after["change"][-1]
    assert "附件等" not in person.get("/").text
    assert "周小舟" in person.get("/").text, "an act on a child is told by the child, with or without a paper"
    assert move("suspect", {"absent_since": "2026-10-01", "schooling_state": "deceased", "name": "改名"}).status == 302
    child_now = whole(staff.engine, Student, child)
    assert (child_now.schooling_state, child_now.name) == ("suspected", "周小舟")


def test_the_second_of_two_who_move_at_once_is_told(app: Flask, staff: SimpleNamespace) -> None:
    """Both have read the same state, one is first: the second is judged by what stands now."""
    officer = Actor(0, "康干部", Role.VILLAGE_OFFICER, 康宁)
    with ScopedSession(staff.engine, officer.scope, writing=True) as session:
        with recording(session, officer, "试"):
            read_before = session.get_one(Student, staff.李明.id)
            assert read_before.schooling_state == "enrolled"
            session.execute(update(Student).where(Student.id == staff.李明.id).values(schooling_state="suspected")
                            .execution_options(synchronize_session=False))  # the other was faster
            with pytest.raises(Refused, match="当前状态是“疑似辍学”，不能“报疑似辍学”"):
                move_service.make_move(session, officer, read_before, "suspect", values={"absent_since": date(2026, 10, 1)})
    assert whole(staff.engine, Student, staff.李明.id).schooling_state == "suspected"
    person = Person(app, "康干部")
    page = person.send(f"/admin/student/move/?id={staff.李明.id}&verb=suspect")
    assert (page.status, "当前状态是“疑似辍学”" in page.text) == (403, True)


def test_only_the_last_grade_leaves_with_a_certificate_and_whoever_comes_back_is_absent_no_more(
        app: Flask, staff: SimpleNamespace) -> None:
    """李明 is in grade three. 赵九 is in the ninth, 钱飞 was suspected of having dropped out, 孙休 was on leave."""
    with unscoped(staff.engine, "three more", writing=True) as session:
        with recording(session, MACHINE, "试"):
            home = makers.household(session, 康宁)
            nine, suspected, away = [makers.student(session, home, name, **values).id for name, values in (
                ("赵九", {"grade": "g9", "schooling_state": "enrolled"}),
                ("钱飞", {"schooling_state": "suspected", "absent_since": date(2026, 10, 8)}),
                ("孙休", {"schooling_state": "on_leave", "leave_until": date(2026, 9, 1)}))]
    officer, director = Person(app, "康干部"), Person(app, "周主任")

    refused = officer.send(f"/admin/student/move/?id={staff.李明.id}&verb=graduate")
    assert (refused.status, "只办九年级的学生" in refused.text) == (400, True)
    assert not [href for _, href in officer.get(f"/admin/student/details/?id={staff.李明.id}").links if "graduate" in href]
    assert officer.send(f"/admin/student/move/?id={nine}&verb=graduate").status == 302
    assert officer.send(f"/admin/student/move/?id={staff.李明.id}&verb=leave_overage").status == 403
    left = {"reason": "已满 17 周岁，外出务工", "evidence": _file(JPEG, "证明.jpg")}
    assert director.send(f"/admin/student/move/?id={staff.李明.id}&verb=leave_overage", left).status == 302
    assert officer.send(f"/admin/student/move/?id={suspected}&verb=clear_suspicion",
                        {"reason": "病假，已返校", "evidence": _file(JPEG, "返校.jpg"),
                         "school_id": str(staff.school_id)}).status == 302
    past = officer.send(f"/admin/student/move/?id={away}&verb=enrol", {})
    assert past.status == 400
    assert officer.send(f"/admin/student/move/?id={away}&verb=enrol", {"school_id": staff.school_id}).status == 302

    found = {key: whole(staff.engine, Student, key) for key in (staff.李明.id, nine, suspected, away)}
    assert [child.schooling_state for child in found.values()] == ["graduated", "graduated", "enrolled", "enrolled"]
    assert (found[suspected].absent_since, found[away].leave_until) == (None, None)


def test_a_leave_ends_after_today_and_a_time_limit_after_its_decision(app: Flask, staff: SimpleNamespace) -> None:
    officer, director = Person(app, "康干部"), Person(app, "周主任")
    leave = f"/admin/student/move/?id={staff.李明.id}&verb=take_leave"
    proof = {"evidence": _file(JPEG, "休学证明.jpg")}
    past = officer.send(leave, {"leave_until": "20200101", **proof})
    assert (past.status, "“休学（延缓）至”不能早于今天" in past.text) == (400, True)
    ahead = (date.today() + timedelta(days=90)).isoformat()
    assert officer.send(leave, {"leave_until": ahead, "evidence": _file(JPEG, "休学证明.jpg")}).status == 302
    record = settle(app, 康宁, staff.李明).rows["accountability_record"]
    decide = f"/admin/accountability_record/move/?id={record}&verb=decide"
    said = {"form": "12", "decided_by": "区教育局", "decided_on": "20261101"}
    early = director.send(decide, {**said, "rectify_by": "20261001"})
    assert (early.status, "“整改期限”不能早于“决定日期”（2026-11-01）" in early.text) == (400, True)
    assert director.send(decide, {**said, "rectify_by": "20261130"}).status == 302


# --- evidence ---------------------------------------------------------------------------------------


def _file(content: bytes, name: str) -> tuple[io.BytesIO, str]:
    return io.BytesIO(content), name


@pytest.fixture
def attach(app: Flask, staff: SimpleNamespace, owner: Engine) -> Callable[..., Page | None]:
    """Upload to 李明, and give the answer to the download; None where it was refused."""
    person, address = Person(app, "康干部"), f"/attachments/student/{staff.李明.id}"

    def upload(content: bytes, name: str) -> Page | None:
        before = len(everything_in(owner)["attachment"])
        assert person.send(address, {"file": _file(content, name)}).status == 302
        person.get(f"/admin/student/details/?id={staff.李明.id}")
        upload.said = person.page.text  # type: ignore[attr-defined]
        rows = everything_in(owner)["attachment"]
        return person.get(f"/attachments/{rows[-1][0]}") if len(rows) > before else None

    return upload


@pytest.mark.parametrize(("content", "name", "why"), [
    (HTML, "照片.jpg", "不接受这种文件"), (HTML, "页面.html", "不接受这种文件"), (b"<svg onload=alert(1)>", "图.svg", "不接受"),
    (JPEG, "照片.html", "内容却不是这种文件"), (JPEG, "照片.png", "内容却不是"), (b"PK\x03\x04", "无后缀", "内容却不是"),
    (b"\x00\x00\x00\x18ftypheic\x00\x00", "IMG_0001.HEIC", "另存为 JPG"),
    (b"MZ\x90\x00", "程序.exe", "不接受"), (b"", "空.jpg", "文件是空的"), (b"PK\x03\x04", "包.zip", "内容却不是"),
    (JPEG, "照片.jpg.html", "内容却不是"), (b"GIF8", "a.jpg", "内容却不是"),
])
@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_file_that_is_not_what_it_says_is_refused(
        app: Flask, staff: SimpleNamespace, attach: Any, content: bytes, name: str, why: str) -> None:
    assert attach(content, name) is None
    assert why in attach.said
    left = [p for p in app.extensions["baoxue"].deployment.data_dir.rglob("*")
            if p.is_file() and "attachments" in p.parts and p.name.startswith("incoming")]
    assert left == []


def test_a_file_is_served_safely_under_its_chinese_name(staff: SimpleNamespace, attach: Any) -> None:
    for content, name, kind, how in (
        (JPEG, "家访照片.jpg", "image/jpeg", "inline"), (PNG, "图.PNG", "image/png", "inline"),
        (PDF, "证明.pdf", "application/pdf", "attachment"),
        (b"PK\x03\x04" + b"0" * 30, "名单.xlsx", "application/vnd.openxmlformats-officedocument", "attachment"),
        (JPEG + HTML, "两面派.jpg", "image/jpeg", "inline"),
    ):
        page = attach(content, name)
        assert page is not None, attach.said
        assert (page.status, page.bytes, page.filename) == (200, content, name)
        assert page.headers["Content-Type"].split(";")[0] == kind
        assert page.headers["Content-Disposition"].split(";")[0] == how
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert page.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert page.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("name", ["../../etc/照片.jpg", "..\\..\\照片.jpg", "C:\\桌面\\照片.jpg", "a/b/照片.jpg",
                                  "照片;filename=x.html.jpg", "\u202e照片.jpg", "长" * 300 + ".jpg"])
@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_files_name_is_only_a_name(staff: SimpleNamespace, attach: Any, name: str) -> None:
    page = attach(JPEG, name)
    assert page is not None, attach.said
    assert page.status == 200
    assert not set(page.filename) & set("/\\\r\n\u202e")
    assert page.filename.endswith(".jpg") and len(page.filename) <= 120
    assert page.headers["Content-Type"] == "image/jpeg"


def test_a_file_is_bounded_and_a_refused_one_leaves_nothing(staff: SimpleNamespace, tmp_path: Any) -> None:
    store = FileStore(tmp_path / "files")
    with pytest.raises(Invalid, match="文件超过 1 MB"):
        store.keep(io.BytesIO(JPEG + b"0" * (1 << 20)), 1 << 20)
    assert [p for p in (tmp_path / "files").rglob("*") if p.is_file()] == []
    sha, size = store.keep(io.BytesIO(b"0" * (1 << 20)), 1 << 20)
    assert (store.path(sha).stat().st_size, size) == (1 << 20, 1 << 20)
    assert store.path(sha).stat().st_mode & 0o077 == 0


def test_the_place_sets_how_big_a_file_may_be(staff: SimpleNamespace) -> None:
    officer = Actor(0, "康干部", Role.VILLAGE_OFFICER, 康宁)
    with unscoped(staff.engine, "a rule", writing=True) as session, recording(session, MACHINE, "试"):
        session.execute(update(Setting).where(Setting.key == "attachment_max_mb").values(value="1"))
    for size, fits in ((2 << 20, False), (1000, True)):
        with ScopedSession(staff.engine, officer.scope, writing=True) as session:
            child = session.get_one(Student, staff.李明.id)
            try:
                with recording(session, officer, "attach"):
                    attachments.attach(session, officer, staff.files, child, stream=io.BytesIO(JPEG + b"0" * size),
                                       filename="照片.jpg")
                assert fits
            except Invalid as why:
                assert not fits and "1 MB" in why.message


def test_a_file_is_reached_only_through_the_wall(app: Flask, staff: SimpleNamespace) -> None:
    village = settle(app, 牧童, staff.王芳)
    address = f"/attachments/{village.rows['attachment']}"
    for name, status in (("周主任", 200), ("督导员", 200), ("康干部", 404), ("审计员老郑", 403), ("机房小吴", 403)):
        page = Person(app, name).get(address)
        assert (page.status, JPEG in page.bytes) == (status, status == 200), name
    assert Person(app).get(address).location.startswith("/login")
    sha = "1" * 64
    for guess in (f"/attachments/{sha}", f"/attachments/11/{sha}", f"/static/../attachments/11/{sha}", f"/data/attachments/11/{sha}"):
        assert Person(app, "周主任").get(guess).status in {404, 405}, guess


# --- grants -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("giver", [Role.ADMINISTRATOR, Role.SYSTEM_ADMIN], ids=lambda r: r.value)
def test_nobody_grants_what_they_do_not_hold(
        app: Flask, staff: SimpleNamespace, owner: Engine, giver: Role) -> None:
    hire(staff.engine, [("新人", Role.VILLAGE_OFFICER, 牧童)])
    person = Person(app, STAFF[giver][0])
    with unscoped(staff.engine, "a number") as session:
        new = accounts.known_as(session, "新人").id
    for role in Role:
        before = everything_in(owner)
        page = person.send("/admin/grant/new/", {"account_id": new, "role": role.value, "region_code": 康宁,
                                                 "since": date.today().isoformat()})
        if role in MAY_GRANT[giver]:
            assert page.status == 302, (role, page.text)
        else:
            assert (page.status, "请从列表中选择一项" in page.text) == (400, True), role
            with unscoped(staff.engine, "around the form", writing=True) as session:
                with pytest.raises(Refused, match="只能授予自己拥有的权限"), recording(session, MACHINE, "试"):
                    accounts.grant_role(session, Actor(0, "试", giver, 城区), account=accounts.known_as(session, "新人"),
                                        role=role.value, region=accounts.region_named(session, 康宁))
            assert everything_in(owner) == before
    for region in ("990101000000", 东山村, "0" * 12):
        before = everything_in(owner)
        page = person.send("/admin/grant/new/", {"account_id": new, "role": "village_officer", "region_code": region,
                                                 "since": date.today().isoformat()})
        assert (page.status, "不在您的管辖范围内" in page.text) == (403, True), region
        assert everything_in(owner) == before


def test_an_account_is_made_with_the_role_that_was_chosen_until_the_day_that_was_typed(
        app: Flask, staff: SimpleNamespace) -> None:
    person = Person(app, "周主任")
    given = {"username": "督导二", "display_name": "督导二", "region_code": 城区}
    page = person.send("/admin/account/new/", given)
    assert (page.status, "请选择角色" in page.text) == (400, True), "nobody becomes an administrator by silence"
    assert "系统管理员" not in page.form("保存").choices["role"], "nor what the maker may not grant"
    assert person.send("/admin/account/new/", {**given, "role": "inspector", "until": "20991231"}).status == 302
    with unscoped(staff.engine, "what was granted") as session:
        grant, = accounts.known_as(session, "督导二").grants
        assert (grant.role, grant.region_code, grant.until) == ("inspector", 城区, date(2099, 12, 31))


def test_an_act_from_above_is_read_where_its_record_lies(app: Flask, staff: SimpleNamespace) -> None:
    hire(staff.engine, [("县里的老郭", Role.ADMINISTRATOR, "990101000000"), ("邻村小牛", Role.VILLAGE_OFFICER, 牧童)])
    county, child = Person(app, "县里的老郭"), staff.李明.id
    form = county.get(f"/admin/student/edit/?id={child}").form("保存").fields
    assert county.send(f"/admin/student/edit/?id={child}", {**form, "class_name": "九班"}).status == 302
    ledger = f"/changes/?table=student&pk={child}"
    for name, seen in (("审计员老郑", True), ("周主任", True), ("邻村小牛", False)):
        for query in (ledger, "/changes/?who=县里的老郭", "/changes/?verb=edit"):
            said = Person(app, name).get(query)
            assert (said.status, "县里的老郭" in said.text.partition("变更台账")[2].replace('value="县里的老郭"', "")) == (
                200, seen), (name, query)
    asked = Person(app, "审计员老郑").get("/changes/?since=昨天").text
    assert "“昨天”看不懂" in asked and "/changes/1" not in asked, "what cannot be read fits nothing"


@pytest.mark.parametrize("role", [Role.VILLAGE_OFFICER, Role.INSPECTOR, Role.AUDITOR], ids=lambda r: r.value)
def test_who_may_not_grant_grants_nothing(
        app: Flask, staff: SimpleNamespace, owner: Engine, role: Role) -> None:
    person, before = Person(app, STAFF[role][0]), everything_in(owner)
    own = next(r[0] for r in before["account"] if STAFF[role][0] in r)
    assert person.send("/admin/grant/new/", {"account_id": own, "role": role.value, "region_code": 康宁,
                                             "since": date.today().isoformat()}).status == 403
    assert person.send("/admin/account/new/", {"username": "又一个", "display_name": "又", "region_code": 康宁}).status == 403
    assert everything_in(owner) == before


def test_a_term_may_lie_ahead_and_what_was_done_may_not(app: Flask, staff: SimpleNamespace) -> None:
    person, child = Person(app, "周主任"), staff.李明.id
    move = f"/admin/student/move/?id={child}&verb=take_leave"
    proof = {"evidence": _file(JPEG, "病历.jpg")}
    ahead = date.today() + timedelta(days=400)
    assert person.send(move, {"leave_until": f"{ahead:%Y%m%d}", **proof}).status == 302
    assert whole(staff.engine, Student, child).leave_until == ahead
    form = person.get(f"/admin/student/edit/?id={child}").form("保存").fields
    page = person.send(f"/admin/student/edit/?id={child}", {**form, "checked_on": "20990101"})
    assert (page.status, "“最近核查日期”不能晚于今天" in page.text) == (400, True)
    page = person.send(f"/admin/student/edit/?id={child}", {**form, "birth_date": "20990101", "note": "出生日期以户口簿为准"})
    assert (page.status, "出生日期不能晚于今天" in page.text) == (400, True)
    letter = person.get(f"/admin/responsibility_letter/edit/?id={staff.李明.letter_id}").form("保存").fields
    assert person.send(f"/admin/responsibility_letter/edit/?id={staff.李明.letter_id}",
                       {**letter, "valid_until": "20990831"}).status == 302


@pytest.fixture
def above(app: Flask, staff: SimpleNamespace) -> SimpleNamespace:
    """县里的老郭 sits in 城区 and holds 示范县; 机房老吴 sits in 城区 and holds the machine."""
    hire(staff.engine, [("老郭", Role.ADMINISTRATOR, 城区), ("老吴", Role.SYSTEM_ADMIN, 城区), ("小李", Role.VILLAGE_OFFICER, 康宁)])
    with unscoped(staff.engine, "their real rights", writing=True) as session, recording(session, MACHINE, "试"):
        for name, region in (("老郭", "990101000000"), ("老吴", "0" * 12)):
            accounts.known_as(session, name).grants[0].region_code = region
        ids = {n: accounts.known_as(session, n).id for n in ("老郭", "老吴", "小李")}
    return SimpleNamespace(**ids)


@pytest.mark.parametrize("whom", ["老郭", "老吴"])
def test_nobody_takes_over_an_account_that_holds_more(
        app: Flask, staff: SimpleNamespace, above: SimpleNamespace, owner: Engine, whom: str) -> None:
    """城区's administrator resets the password of who sits in 城区 and works for the whole county: with
    the new password, the county would be theirs."""
    person, before = Person(app, "周主任"), everything_in(owner)
    for verb in ("reset-password", "disable", "end-sessions"):
        page = person.send(f"/accounts/{getattr(above, whom)}/{verb}")
        assert page.status == 403, (verb, page.status)
    assert everything_in(owner) == before


def test_an_account_below_is_managed(app: Flask, staff: SimpleNamespace, above: SimpleNamespace) -> None:
    person = Person(app, "周主任")
    for verb in ("reset-password", "disable", "enable", "end-sessions"):
        assert person.send(f"/accounts/{above.小李}/{verb}", {"reason": "本人来办"}).status == 302, verb


def test_taking_back_the_grant_of_somebody_from_another_office_works(
        app: Flask, staff: SimpleNamespace) -> None:
    """Their account lies outside, their grant inside."""
    hire(staff.engine, [("外来的", Role.INSPECTOR, "990101000000")])
    with unscoped(staff.engine, "a grant in 城区", writing=True) as session, recording(session, MACHINE, "试"):
        account = accounts.known_as(session, "外来的")
        account.grants[0].region_code = 城区
        grant = account.grants[0].id
    visitor, person = Person(app, "外来的"), Person(app, "周主任")
    assert visitor.get("/").status == 200
    assert person.get(f"/admin/grant/details/?id={grant}").status == 200

    assert person.send(f"/accounts/grants/{grant}/end", {"reason": "不再分管"}).status == 302
    assert visitor.get("/").location.startswith("/login")


def test_a_grant_holds_from_its_first_to_its_last_day(app: Flask, staff: SimpleNamespace) -> None:
    today = date.today()
    for name, since, until, holds in (
        ("昨天到期", today - timedelta(days=9), today - timedelta(days=1), False), ("今天到期", today, today, True),
        ("明天开始", today + timedelta(days=1), None, False), ("长期", today, None, True)):
        hire(staff.engine, [(name, Role.INSPECTOR, 城区)], since=since, until=until)
        assert (Person(app, name).get("/").status == 200) is holds, name
    with unscoped(staff.engine, "a password", writing=True) as session, recording(session, MACHINE, "试"):
        accounts.reset_password(session, MACHINE, accounts.known_as(session, "昨天到期"))
        accounts._set_password(accounts.known_as(session, "昨天到期"), PASSWORD, must_change=False)
    page = Person(app).send("/login", {"username": "昨天到期", "password": PASSWORD})
    assert (page.status, "没有有效的授权" in page.text) == (400, True)


def test_one_works_under_one_grant_at_a_time_and_only_under_ones_own(
        app: Flask, staff: SimpleNamespace, owner: Engine) -> None:
    hire(staff.engine, [("两边跑", Role.VILLAGE_OFFICER, 康宁)])
    with unscoped(staff.engine, "a second grant", writing=True) as session, recording(session, MACHINE, "试"):
        account = accounts.known_as(session, "两边跑")
        second = Grant(account_id=account.id, role="village_officer", region_code=牧童, since=date(2026, 1, 1))
        old = Grant(account_id=account.id, role="administrator", region_code=城区, since=date(2026, 1, 1), until=date(2026, 2, 1))
        session.add_all([second, old])
        session.flush()
        theirs = accounts.known_as(session, "周主任").grants[0].id
        numbers = SimpleNamespace(first=account.grants[0].id, second=second.id, old=old.id, theirs=theirs)
    person, before = Person(app, "两边跑"), everything_in(owner)

    def sees() -> tuple[bool, bool]:
        said = person.get("/admin/student/").text
        return "李明" in said, "王芳" in said

    assert sees() == (True, False)
    for grant in (numbers.theirs, numbers.old, 999, "x", "", "9" * 30):
        page = person.send("/grant", {"grant_id": grant})
        assert page.status == 400, grant
        assert sees() == (True, False)
    assert person.send("/grant", {"grant_id": numbers.second}).status == 302
    assert sees() == (False, True)
    assert person.get(f"/admin/student/details/?id={staff.李明.id}").status == 404
    assert person.send("/grant", {"grant_id": numbers.first}).status == 302
    assert sees() == (True, False)
    assert everything_in(owner) == before


def test_why_one_sees_a_record_is_said(app: Flask, staff: SimpleNamespace) -> None:
    page = Person(app, "康干部").get(f"/admin/student/why/?id={staff.李明.id}")
    for words in ("“村（社区）干部”", "“康宁社区”及其全部下级", "从 2026-01-01 起生效", f"“{康宁}”开头", "证件号码部分遮盖", "姓名完整可见"):
        assert words in page.text, words
    page = Person(app, "督导员").get(f"/admin/household/why/?id={staff.李明.household_id}")
    for words in ("督导检查", "电话不可见", "住址部分遮盖", "您可以：查看、导出"):
        assert words in page.text, words
    page = Person(app, "督导员").get(f"/admin/school/why/?id={staff.school_id}")
    assert "是公共资料，登录后都能查看" in page.text
    assert Person(app, "康干部").get(f"/admin/student/why/?id={staff.王芳.id}").status == 404
