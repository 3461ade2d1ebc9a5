"""Identity numbers and telephones: sealed where they lie, masked by role in every answer, shown in full
only for a reason, for ten minutes, on record."""

import base64
import json
import stat
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, make_url, select, text

from admin_app.access.actor import Actor
from admin_app.access.field_keys import FieldKeys, KeyFault, secret_key
from admin_app.access.masking import SIGHTS, Sight, masked
from admin_app.access.permissions import Permission, Role, permits
from admin_app.access.scope import unscoped
from admin_app.changes.ledger import recording
from models.account import Account
from models.base import Privacy, declared, models
from models.guardian import Guardian
from models.household import Household
from models.kinds import Sealed, SealedText, install_cipher
from models.student import Student
from tests.desk import started
from tests.web.staff import STAFF, Person, everything_in, hire_staff, opened, 城区, 康宁

ROLES = list(Role)
# No run of digits that a clock's microseconds and the region code beside it in an index can make.
LI_PHONE, LI_GUARDIAN_PHONE = "19935712460", "19935712480"


def by_role(role: Role) -> str:
    return role.value


@pytest.fixture
def family(app: Flask, district: SimpleNamespace, owner: Engine) -> SimpleNamespace:
    """李明's family; the facts of each kind as they are, and where each is looked at."""
    engine = app.extensions["baoxue"].engine
    hire_staff(engine)
    li = district.李明
    with unscoped(engine, "the rest of the family", writing=True) as session:
        with recording(session, Actor(0, "试", Role.ADMINISTRATOR, 康宁), "edit"):
            child = session.get_one(Student, li.id)
            child.student_number, child.current_address = f"G{li.identity_number}", "某省某市某路某号五楼"
            session.get_one(Household, li.household_id).identity_number = "990101198003010018"
            session.get_one(Guardian, li.guardian_id).workplace = "某省某市某厂宿舍三楼"
    pages = [
        "/admin/student/", f"/admin/student/details/?id={li.id}", f"/admin/student/edit/?id={li.id}",
        "/admin/student/export/", "/admin/student/lookup/?q=李明", f"/admin/student/why/?id={li.id}",
        f"/admin/student/move/?id={li.id}&verb=suspect", f"/admin/student/reveal/?id={li.id}", "/admin/household/",
        f"/admin/household/details/?id={li.household_id}", f"/admin/household/edit/?id={li.household_id}",
        "/admin/household/export/", "/admin/guardian/", f"/admin/guardian/details/?id={li.guardian_id}",
        f"/admin/guardian/edit/?id={li.guardian_id}", "/admin/guardian/export/", "/changes/",
        *(f"/changes/{row[0]}" for row in everything_in(owner)["change"]),
        f"/admin/student/?search={li.identity_number[:7]}", "/admin/household/lookup/?q=李建国",
    ]
    return SimpleNamespace(**vars(li), pages=pages, number=li.identity_number, facts={
        Privacy.IDENTITY: [li.identity_number, "990101198003010018"], Privacy.PHONE: [LI_PHONE, LI_GUARDIAN_PHONE],
        Privacy.BIRTH: ["2016-03-01"], Privacy.ADDRESS: ["某省某市某路某号五楼", "某省某市某厂宿舍三楼"],
        Privacy.NAME: ["李明", "李建国"]})


# --- where they lie ---------------------------------------------------------------------------------


def bytes_of(store_url: str, owner: Engine) -> bytes:
    """The whole database as whoever steals it reads it."""
    if owner.dialect.name == "sqlite":
        path = Path(make_url(store_url).database or "")
        return b"".join(p.read_bytes() for p in path.parent.glob(path.name + "*"))
    return repr(everything_in(owner)).encode()


def test_no_number_lies_in_the_database_in_clear(
        app: Flask, family: SimpleNamespace, owner: Engine, store_url: str) -> None:
    person = Person(app, "康干部")
    form = person.get(f"/admin/household/edit/?id={family.household_id}").form("保存").fields
    assert person.send(f"/admin/household/edit/?id={family.household_id}", {**form, "phone": "19912345678"}).status == 302

    lying = bytes_of(store_url, owner)

    numbers = [*family.facts[Privacy.IDENTITY], *family.facts[Privacy.PHONE], "19912345678"]
    assert [n for n in numbers if n.encode() in lying] == []
    assert [n for n in numbers if base64.b64encode(n.encode()).rstrip(b"=")[:12] in lying] == []
    assert "李明".encode() in lying or b"\\u674e\\u660e" in lying, "the control: what is not sealed is found"


def test_every_sealed_column_is_sealed_for_itself(app: Flask, family: SimpleNamespace, owner: Engine) -> None:
    with owner.connect() as connection:
        phones = connection.execute(text("SELECT phone FROM household UNION ALL SELECT phone FROM guardian")).scalars()
        assert all(p.startswith("k1.") for p in phones)
    sealed = [column for model in models() for column in model.__table__.columns if isinstance(column.type, SealedText)]
    assert len({c.type.context for c in sealed if not c.type.context.startswith("import_row")}) == len(
        [c for c in sealed if c.table.name != "import_row"])
    assert {c.type.context for c in sealed} >= {"student.identity_number", "household.phone"}


def test_equal_numbers_are_sealed_differently_and_found_alike(cipher: FieldKeys) -> None:
    seal = cipher.cipher()
    one, other = (seal.seal("990101201603010018", "student.identity_number") for _ in range(2))
    assert one != other
    assert seal.index("9", "identity") == seal.index("9", "identity") != seal.index("9", "identity.tail")


def test_a_value_moved_to_another_column_does_not_open(app: Flask, family: SimpleNamespace) -> None:
    engine = app.extensions["baoxue"].engine
    with unscoped(engine, "two sealed values") as session:
        phone = session.get_one(Household, family.household_id).phone
        with pytest.raises(KeyFault, match="无法解密"):
            Sealed(phone.stored, "student.identity_number").open()
        with pytest.raises(KeyFault, match="无法解密"):
            Sealed(phone.stored, "guardian.phone").open()
        assert phone.open() == LI_PHONE
        with pytest.raises(ValueError, match="does not fit"):
            Student.__table__.c.identity_number.type.process_bind_param(phone, engine.dialect)


@pytest.mark.parametrize("stored", ["", "k1", "k1.", "k1.!!", "k1.AAAA", "k9.QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=", "plain"])
def test_a_damaged_value_is_said_to_be_so(stored: str, cipher: FieldKeys) -> None:
    with pytest.raises(KeyFault):
        cipher.cipher().open(stored, "household.phone")


def test_another_key_refuses_with_a_sentence(
        app: Flask, family: SimpleNamespace, tmp_path: Path, cipher: FieldKeys) -> None:
    person = Person(app, "康干部")
    address = f"/admin/household/details/?id={family.household_id}"
    assert LI_PHONE in person.get(address).text
    ours = FieldKeys.load_or_make(app.extensions["baoxue"].deployment.field_key_file)
    install_cipher(FieldKeys.load_or_make(tmp_path / "other.keys").cipher())

    page = person.get(address)

    assert (page.status, "密钥文件与数据不匹配" in page.text) == (500, True)
    assert LI_PHONE not in page.text
    install_cipher(ours.cipher())
    assert person.get(address).status == 200


def test_keys_are_the_owners_alone_and_outside_the_database(
        store_url: str, tmp_path: Path, cipher: FieldKeys) -> None:
    with started(store_url, tmp_path / "first start", cipher) as app:
        deployment = app.extensions["baoxue"].deployment
    for path in (deployment.field_key_file, deployment.secret_key_file):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    content = deployment.field_key_file.read_text()
    url = make_url(store_url)
    if url.get_backend_name() == "sqlite":
        lying = Path(url.database or "").read_bytes()
        keys = json.loads(content)
        assert not any(k.encode() in lying or base64.b64decode(k) in lying
                       for k in (*keys["sealing"].values(), keys["indexing"], keys["ledger"]))


def test_a_key_file_that_is_there_is_never_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "field.keys"
    FieldKeys.load_or_make(path)
    first = path.read_bytes()
    FieldKeys.load_or_make(path)
    assert path.read_bytes() == first
    for broken in ("", "{}", first.decode()[:-30], first.decode().replace('"k1"', '"k2"', 1)):
        path.write_text(broken)
        with pytest.raises(KeyFault, match="请从备份恢复"):
            FieldKeys.load_or_make(path)
        assert path.read_text() == broken


def test_a_first_start_that_was_killed_leaves_no_key_that_signs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    path.touch()
    made = secret_key(path)
    assert len(made) > 60 and secret_key(path) == made, "the control: one that is there stays"


def test_a_new_key_seals_and_the_old_one_still_opens(cipher: FieldKeys) -> None:
    old = cipher.cipher().seal(LI_PHONE, "household.phone")
    rotated = FieldKeys("k2", {**cipher.sealing, "k2": b"2" * 32}, cipher.indexing, cipher.ledger).cipher()
    assert rotated.open(old, "household.phone") == LI_PHONE
    assert rotated.seal(LI_PHONE, "household.phone").startswith("k2.")


# --- what a role sees -------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES, ids=by_role)
def test_a_role_sees_of_each_fact_what_the_table_of_sights_says(
        app: Flask, family: SimpleNamespace, role: Role) -> None:
    """In every answer: list, detail, form, move, history, export, look-up, error."""
    person = Person(app, STAFF[role][0])
    said = {address: opened(person.get(address)).decode(errors="replace") for address in family.pages}
    errors = opened(person.send(f"/admin/student/edit/?id={family.id}", {"name": ""})).decode()
    errors += opened(person.send(f"/admin/household/edit/?id={family.household_id}", {"phone": "1"})).decode()
    said["error"] = errors
    for privacy, facts in family.facts.items():
        granted = SIGHTS[role][privacy]
        for fact in facts:
            told = [address for address, answer in said.items() if fact in answer.replace("％", "")]
            if granted is Sight.FULL:
                assert told, f"the control: {privacy} is shown in full"
            else:
                assert told == [], (privacy, granted)
        if granted is Sight.ABSENT and privacy in {Privacy.PHONE, Privacy.IDENTITY}:
            assert not any(masked(facts[0], privacy) in answer for answer in said.values()), privacy
        if granted is Sight.MASKED and privacy is Privacy.IDENTITY:
            assert any("990101************" in answer for answer in said.values())
    assert not any("G99010120160301" in answer for answer in said.values()), "the 学籍号 holds the number"
    assert not any("k1." in answer for answer in said.values()), "nor is the sealed form sent"


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.SYSTEM_ADMIN], ids=by_role)
def test_who_has_no_business_with_children_reads_not_even_a_name(
        app: Flask, family: SimpleNamespace, role: Role, owner: Engine) -> None:
    person = Person(app, STAFF[role][0])
    for address in family.pages:
        page = person.get(address)
        assert "李明" not in opened(page).decode(errors="replace").replace("q=李明", ""), address
        closed = address.startswith("/admin/") or not permits(role, Permission.LEDGER_VIEW)
        assert page.status in ({403} if closed else {200, 404}), address  # an act may lie outside the auditor's area
    if role is Role.AUDITOR:
        change = next(r[1] for r in everything_in(owner)["change_row"] if r[2] == "student")
        page = person.get(f"/changes/{change}")
        assert ("（内容不可见）" in page.text, "身份证号码" in page.text) == (True, True)


def test_a_masked_value_left_alone_stays_and_is_not_sent(
        app: Flask, family: SimpleNamespace, owner: Engine) -> None:
    person, address = Person(app, "康干部"), f"/admin/student/edit/?id={family.id}"
    page = person.get(address)
    form = page.form("保存").fields
    assert form["identity_number"] == "" and "990101************" in page.bytes.decode()
    assert person.send(address, {**form, "class_name": "三班"}).status == 302
    engine = app.extensions["baoxue"].engine
    with unscoped(engine, "what lies there") as session:
        assert session.get_one(Student, family.id).identity_number.open() == family.number
    form = person.get(address).form("保存").fields
    assert person.send(address, {**form, "student_number": "-", "reason": "学籍号录错了"}).status == 302
    with unscoped(engine, "what lies there") as session:
        child = session.get_one(Student, family.id)
        assert (child.student_number, child.identity_number.open()) == (None, family.number)


def test_a_number_that_is_taken_elsewhere_is_not_told_whose(
        app: Flask, family: SimpleNamespace, district: SimpleNamespace) -> None:
    person = Person(app, "康干部")
    values = {"name": "新生", "household_id": family.household_id, "birth_date": "2016-03-02", "sex": "2"}
    page = person.send("/admin/student/new/", {**values, "identity_number": district.王芳.identity_number})
    assert (page.status, "已在他处登记" in page.text, "王芳" in page.text) == (400, True, False)
    own = person.send("/admin/student/new/", {**values, "sex": "1", "birth_date": "2016-03-01",
                                              "identity_number": family.number})
    assert (own.status, "已登记在“李明”名下" in own.text) == (400, True)


# --- looking at it in full --------------------------------------------------------------------------


def reveal(person: Person, family: SimpleNamespace, reason: str = "核对学籍照片") -> Any:
    return person.send(f"/admin/student/reveal/?id={family.id}", {"reason": reason})


def test_looking_at_it_in_full_asks_a_reason_and_is_on_record(
        app: Flask, family: SimpleNamespace, owner: Engine) -> None:
    person, details = Person(app, "康干部"), f"/admin/student/details/?id={family.id}"
    before = everything_in(owner)
    for reason in ("", "   ", "看看"):
        assert (reveal(person, family, reason).status, family.number in person.page.text) == (400, False)
    assert family.number not in person.get(details).text
    assert everything_in(owner) == before, "asking leaves nothing"

    assert reveal(person, family).status == 302
    assert family.number in person.get(details).text

    after = everything_in(owner)
    change, rows = after["change"][-1], after["change_row"][len(before["change_row"]):]
    assert [repr(change).count(w) for w in ("'reveal'", "核对学籍照片", "康干部")] == [1, 1, 1]
    assert len(rows) == 1 and "reveal" in rows[0] and rows[0][-2:] == (None, None)
    assert family.number not in repr(after)
    assert {t: r for t, r in after.items() if t not in {"change", "change_row"}} == {
        t: r for t, r in before.items() if t not in {"change", "change_row"}}

    auditor = Person(app, STAFF[Role.AUDITOR][0])
    page = auditor.get(f"/changes/{change[0]}")
    assert all(words in page.text for words in ("查看完整信息", "康干部", "核对学籍照片", "身份证号码"))
    assert family.number not in page.text


def test_the_auditors_first_page_counts_who_looked_in_full_and_opens_exactly_those(
        app: Flask, family: SimpleNamespace) -> None:
    auditor, said = Person(app, STAFF[Role.AUDITOR][0]), "近七天查看完整信息，请抽查"
    assert said not in auditor.get("/").text
    for name, why in (("康干部", "核对学籍照片"), ("周主任", "补录户口簿")):
        assert reveal(Person(app, name), family, why).status == 302
    page = auditor.get("/")
    [(counted, link)] = [(text, href) for text, href in page.links if said in text]
    assert counted.split()[0].startswith("2")
    listed = auditor.get(link).table("时间")
    assert sorted((row["经办人"], row["原因"]) for row in listed) == [("周主任", "补录户口簿"), ("康干部", "核对学籍照片")]
    assert {row["涉及记录"] for row in listed} == {"1 名学生"}, "whose record it was, the auditor does not learn"
    assert said not in Person(app, "周主任").get("/").text


@pytest.mark.parametrize(("verb", "said"), [
    ("export", "近七天导出"), ("undo", "近七天撤销"), ("revert", "近七天恢复"), ("remove", "近七天移除")])
def test_the_auditors_first_page_counts_who_took_out_or_took_back_for_seven_days(
        app: Flask, family: SimpleNamespace, verb: str, said: str) -> None:
    auditor = Person(app, STAFF[Role.AUDITOR][0])
    assert said not in auditor.get("/").text
    with unscoped(app.extensions["baoxue"].engine, "an act of this week", writing=True) as session:
        with recording(session, Actor(0, "周主任", Role.ADMINISTRATOR, 城区), verb, "核对", kept=True):
            pass
    [(counted, link)] = [(text, href) for text, href in auditor.get("/").links if said in text]
    assert counted.split()[0].startswith("1") and len(auditor.get(link).table("时间")) == 1
    assert f"since={date.today() - timedelta(days=6)}" in link, "today is the seventh"


def test_whoever_keeps_accounts_is_told_of_those_that_nobody_has_taken_up(app: Flask, family: SimpleNamespace) -> None:
    engine, said = app.extensions["baoxue"].engine, "账号还没有改过初始密码"
    keeper = Person(app, STAFF[Role.SYSTEM_ADMIN][0])
    before = [text for text, _ in keeper.get("/").links if said in text]
    with unscoped(engine, "an account that was just given out", writing=True) as session:
        with recording(session, Actor(0, "试", Role.SYSTEM_ADMIN, "0" * 12), "edit"):
            session.scalars(select(Account).where(Account.display_name == "康干部")).one().must_change_password = True
    [(counted, link)] = [(text, href) for text, href in keeper.get("/").links if said in text]
    listed = keeper.get(link)
    assert "下次登录须改密码：是" in listed.text
    assert (before, counted.split()[0][:1], [row["姓名"] for row in listed.table("姓名")]) == ([], "1", ["康干部"])
    assert said not in Person(app, STAFF[Role.AUDITOR][0]).get("/").text, "who may only read them has nothing to do"
    with unscoped(engine, "the account is stopped", writing=True) as session:
        with recording(session, Actor(0, "试", Role.SYSTEM_ADMIN, "0" * 12), "disable"):
            session.scalars(select(Account).where(Account.display_name == "康干部")).one().disabled_at = datetime.now(UTC)
    assert said not in keeper.get("/").text, "nobody signs in with one that was stopped"


def test_it_is_shown_for_ten_minutes_to_this_session_and_this_record_alone(
        app: Flask, family: SimpleNamespace, district: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    person, details = Person(app, "周主任"), f"/admin/student/details/?id={family.id}"
    other, same = Person(app, "康干部"), Person(app, "周主任")
    assert reveal(person, family).status == 302

    assert family.number in person.get(details).text
    assert family.number not in other.get(details).text
    same.browser.set_cookie("baoxue_form", person.browser.get_cookie("baoxue_form").value)
    assert family.number not in same.get(details).text, "another session of the same person, with the cookie"
    assert district.王芳.identity_number not in person.get(f"/admin/student/details/?id={district.王芳.id}").text
    assert family.number not in opened(person.get("/admin/student/export/")).decode(errors="replace")
    assert family.number not in person.get("/admin/student/").text

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) + timedelta(minutes=10, seconds=1)

    monkeypatch.setattr("admin_app.web.pages.datetime", Later)
    assert family.number not in person.get(details).text
    monkeypatch.undo()
    assert family.number in person.get(details).text, "the control"


@pytest.mark.parametrize("role", [Role.INSPECTOR, Role.AUDITOR, Role.SYSTEM_ADMIN], ids=by_role)
def test_who_may_not_look_at_it_in_full_is_refused(
        app: Flask, family: SimpleNamespace, owner: Engine, role: Role) -> None:
    person, before = Person(app, STAFF[role][0]), everything_in(owner)
    page = reveal(person, family)
    assert (page.status, "查看完整的" in page.text) == (403, True)
    assert everything_in(owner) == before


def test_looking_is_nothing_that_could_be_undone(
        app: Flask, family: SimpleNamespace, owner: Engine) -> None:
    person = Person(app, "康干部")
    reveal(person, family)
    number = everything_in(owner)["change"][-1][0]
    before = everything_in(owner)
    assert "撤销这次变更" not in person.get(f"/changes/{number}").text
    person.send(f"/changes/{number}/undo")
    assert everything_in(owner) == before


def test_whoever_looks_does_not_stop_whoever_edits(app: Flask, family: SimpleNamespace) -> None:
    """周主任 has the form of 李明 open while 康干部 looks at the number: looking makes no new version. The control: what
    康干部 writes meanwhile does."""
    def save(meanwhile: Any) -> int:
        editor = Person(app, "周主任")
        editor.open(f"/admin/student/edit/?id={family.id}")
        meanwhile()
        form = editor.page.form("保存")
        return editor.send(editor.page.address, {**form.fields, "class_name": "五班"}).status

    assert save(lambda: reveal(Person(app, "康干部"), family)) == 302

    def write() -> None:
        officer = Person(app, "康干部")
        officer.open(f"/admin/student/edit/?id={family.id}")
        officer.press("保存", class_name="六班")

    assert save(write) == 409


def test_every_personal_column_is_declared_as_what_it_is() -> None:
    """Numbers and telephones are sealed, and never of the open kind."""
    for model in models():
        for column in model.__table__.columns:
            field = declared(model, column.name)
            if isinstance(column.type, SealedText) and column.table.name not in {"import_row", "task", "batch_run"}:
                assert field.privacy in {Privacy.IDENTITY, Privacy.PHONE}, column
            if any(word in column.name for word in ("phone", "identity_number", "student_number")):
                assert isinstance(column.type, SealedText), column
