"""Undo, redo and revert; and the seals: whatever is altered in the ledger, the first record is named."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select, text, update

from admin_app.access.actor import Actor
from admin_app.access.field_keys import FieldKeys
from admin_app.access.permissions import Role
from admin_app.access.scope import ScopedSession, unscoped
from admin_app.changes.ledger import recording
from admin_app.changes.seal import fingerprint, seal, verify
from admin_app.changes.undo import Undone, outcome, undo, undone_of
from admin_app.errors import Conflict, Invalid, NotFound, Refused
from admin_app.services import records
from models.account import Account
from models.change import Change, ChangeRow
from models.guardian import Guardian
from models.household import Household
from models.school import School
from models.student import Student
from seed import makers

康宁, 牧童, 城区 = "990101400001", "990101400002", "990101400000"


@pytest.fixture
def people(engine: Engine, district: SimpleNamespace) -> SimpleNamespace:
    """The officers of 康宁 (two of them) and the director of 城区, each with an account."""
    machine = Actor(0, "试", Role.SYSTEM_ADMIN, "0" * 12)
    found = {}
    with unscoped(engine, "accounts", writing=True) as session, recording(session, machine, "load"):
        for name, role, region in (("康大姐", Role.VILLAGE_OFFICER, 康宁), ("康小弟", Role.VILLAGE_OFFICER, 康宁),
                                   ("周主任", Role.ADMINISTRATOR, 城区), ("督导", Role.INSPECTOR, 城区)):
            number = makers.account(session, region, name).id
            found[name] = Actor(number, name, role, region, request_id=name)
    return SimpleNamespace(**found)


@pytest.fixture
def act(engine: Engine) -> Callable[..., int]:
    """Does something as somebody, in one change; gives its number."""

    def do(actor: Actor, what: Callable[[ScopedSession], Any], verb: str = "edit") -> int:
        with ScopedSession(engine, actor.scope, writing=True) as session:
            with recording(session, actor, verb) as change:
                what(session)
                session.flush()
                number = change.id
        return number

    return do


@pytest.fixture
def undone(engine: Engine) -> Callable[..., tuple[int, Undone]]:
    """Undoes a change as somebody; gives the number of the undo, and what came of it."""

    def do(actor: Actor, change_id: int, rows: list[int] | None = None,
           why: str = "核对后撤销") -> tuple[int, Undone]:
        with ScopedSession(engine, actor.scope, writing=True) as session:
            with recording(session, actor, "undo" if rows is None else "revert", why,
                           undoes_id=change_id if rows is None else None) as undoing:
                number = undoing.id
                done = undo(session, actor, change_id, undoing, rows)
        return number, done

    return do


def edit(id: int, **values: Any) -> Callable[[ScopedSession], None]:
    def do(session: ScopedSession) -> None:
        for name, value in values.items():
            setattr(session.get_one(Student, id), name, value)
    return do


def child(engine: Engine, id: int) -> Any:
    with unscoped(engine, "how a child stands") as session:
        found = session.get(Student, id)
        session.expunge_all()
        return found


# --- undo -------------------------------------------------------------------------------------------


def test_an_undo_puts_back_what_was_and_is_a_change_itself(
        engine: Engine, people: Any, district: Any, act: Any, undone: Any) -> None:
    li = district.李明.id
    change = act(people.康大姐, edit(li, class_name="三班", note=None, identity_number="990101201603019995"))
    number, done = undone(people.康大姐, change)

    stands = child(engine, li)
    assert (stands.class_name, stands.note, stands.identity_number.open()) == (
        None, "李明的备注", district.李明.identity_number)
    assert (done.restored, done.kept) == (1, [])
    with unscoped(engine, "the ledger") as session:
        of_undo = session.get_one(Change, number)
        assert (of_undo.undoes_id, of_undo.actor) == (change, "康大姐")
        assert session.scalars(select(ChangeRow.pk).where(ChangeRow.change_id == number)).all() == [li]
    index = {c.identity_index for c in (stands, child(engine, li))}
    assert len(index) == 1


def test_an_undo_is_undone_and_a_change_only_once(
        engine: Engine, people: Any, district: Any, act: Any, undone: Any) -> None:
    li = district.李明.id
    change = act(people.康大姐, edit(li, class_name="三班"))
    number, _ = undone(people.康大姐, change)
    with pytest.raises(Conflict, match="已经撤销过"):
        undone(people.康大姐, change)
    again, _ = undone(people.康大姐, number)
    assert child(engine, li).class_name == "三班"

    with unscoped(engine, "what stands") as session:
        assert undone_of(session, [change, number, again]) == {number: again}, "the first act stands again"
    last, done = undone(people.康大姐, change)
    assert (done.restored, child(engine, li).class_name) == (1, None)
    with unscoped(engine, "what stands") as session:
        assert undone_of(session, [change]) == {change: last}


def test_who_takes_back_what_another_did_says_why(
        engine: Engine, people: Any, district: Any, act: Any, undone: Any) -> None:
    li = district.李明.id
    change, mine = act(people.康大姐, edit(li, class_name="三班")), act(people.周主任, edit(li, study_place="省城"))
    with pytest.raises(Invalid, match="撤销“康大姐”所做的变更须写明原因"):
        undone(people.周主任, change, why="")
    assert child(engine, li).class_name == "三班"
    undone(people.周主任, mine, why="")
    assert child(engine, li).study_place is None, "one's own act needs none"

    number, _ = undone(people.周主任, change, why="班级登记有误")

    assert child(engine, li).class_name is None
    with unscoped(engine, "the ledger") as session:
        assert session.get_one(Change, number).reason == "班级登记有误"


def test_what_an_undo_left_is_told_days_later_as_it_was_then(
        engine: Engine, people: Any, district: Any, act: Any, undone: Any) -> None:
    li, wang = district.李明.id, district.王芳.id
    change = act(people.周主任, lambda s: [edit(id, class_name="三班")(s) for id in (li, wang)])
    act(people.康小弟, edit(li, class_name="四班"))
    number, then = undone(people.周主任, change)
    act(people.周主任, edit(li, class_name="五班"))

    with ScopedSession(engine, people.周主任.scope) as session:
        later = outcome(session, change, number)

    assert [(k.pk, k.who, k.why) for k in then.kept] == [(li, "康小弟", "之后又被修改")]
    assert (later.restored, later.kept) == (1, then.kept)


def test_what_was_changed_since_is_kept_with_who_and_when(
        engine: Engine, people: Any, district: Any, act: Any, undone: Any) -> None:
    with unscoped(engine, "a second child of 康宁", writing=True) as session:
        with recording(session, people.周主任, "试"):
            second = makers.student(session, 康宁, "周小舟").id
    li, started = district.李明.id, datetime.now(UTC)

    def both(session: ScopedSession) -> None:
        for id in (li, second):
            edit(id, class_name="三班", study_place="省城")(session)

    change = act(people.康大姐, both)
    act(people.康小弟, edit(li, class_name="四班"))
    act(people.康小弟, edit(second, note="与那次无关的字段"))

    _, done = undone(people.康大姐, change)

    assert done.restored == 1
    (kept,) = done.kept
    assert (kept.table, kept.pk, kept.who, kept.why) == ("student", li, "康小弟", "之后又被修改")
    assert kept.when is not None and started <= kept.when <= datetime.now(UTC)
    one, other = child(engine, li), child(engine, second)
    assert (one.class_name, one.study_place) == ("四班", "省城")
    assert (other.class_name, other.study_place, other.note) == (None, None, "与那次无关的字段")


def test_an_undone_import_leaves_what_got_children_of_its_own(
        engine: Engine, people: Any, district: Any, act: Any, undone: Any) -> None:
    made: dict[str, int] = {}

    def load(session: ScopedSession) -> None:
        for name in ("甲", "乙", "丙"):
            home = makers.household(session, 康宁, head_name=f"{name}家长")
            made[name] = home.id
            made[f"{name}娃"] = makers.student(session, home, f"{name}娃").id
            session.add(Guardian(region_code=康宁, student_id=made[f"{name}娃"], name=f"{name}娘"))

    change = act(people.周主任, load, "import")
    act(people.康大姐, lambda s: s.add(Guardian(region_code=康宁, student_id=made["乙娃"], name="乙奶奶")))
    act(people.康小弟, edit(made["丙娃"], class_name="五班"))

    _, done = undone(people.周主任, change)

    with unscoped(engine, "what is left") as session:
        left = {n for n, id in made.items() if session.get(Student if "娃" in n else Household, id) is not None}
        guardians = set(session.scalars(select(Guardian.name).where(Guardian.name.in_(("甲娘", "乙娘", "丙娘", "乙奶奶")))))
    assert left == {"乙", "乙娃", "丙", "丙娃"}
    assert guardians == {"乙奶奶", "乙娘", "丙娘"}, "a child that stays keeps who looks after it"
    assert (done.restored, done.removed) == (0, 3), "what it had added goes; nothing had stood before it"
    assert {(k.table, k.pk) for k in done.kept if k.table != "guardian"} == {
        ("household", made["乙"]), ("student", made["乙娃"]), ("household", made["丙"]), ("student", made["丙娃"])}
    assert [k.why for k in done.kept if k.table == "guardian"] == ["所属的记录保留了，一并保留"] * 2
    why = {(k.table, k.pk): (k.why, k.who) for k in done.kept}
    assert why["student", made["丙娃"]] == ("之后又被修改", "康小弟")
    assert why["student", made["乙娃"]][0] == "其下还有监护人"


def test_what_was_removed_comes_back_under_its_own_number(
        engine: Engine, people: Any, district: Any, act: Any, undone: Any, what_lies_there: Any) -> None:
    before = what_lies_there("SELECT * FROM guardian ORDER BY id")

    def remove(session: ScopedSession) -> None:
        session.delete(session.get_one(Guardian, district.李明.guardian_id))

    change = act(people.康大姐, remove)
    assert len(what_lies_there("SELECT * FROM guardian")) == len(before) - 1
    _, done = undone(people.康大姐, change)
    assert done.restored == 1
    assert what_lies_there("SELECT * FROM guardian ORDER BY id") == before


def test_one_record_of_many_is_put_back_alone(
        engine: Engine, people: Any, district: Any, act: Any, undone: Any) -> None:
    li, wang = district.李明.id, district.王芳.id
    change = act(people.周主任, lambda s: s.execute(
        update(Student).where(Student.region_code.startswith("990101400")).values(class_name="三班")), "batch")
    with unscoped(engine, "the row") as session:
        row = session.scalars(select(ChangeRow.id).where(ChangeRow.change_id == change, ChangeRow.pk == li)).one()

    _, done = undone(people.周主任, change, [row])

    assert (done.restored, child(engine, li).class_name, child(engine, wang).class_name) == (1, None, "三班")
    _, done = undone(people.周主任, change)
    assert (done.restored, child(engine, wang).class_name) == (1, None)
    assert [(k.pk, k.who) for k in done.kept] == [(li, "周主任")]


def test_an_officer_undoes_only_what_they_did_themselves(
        engine: Engine, people: Any, district: Any, act: Any, undone: Any) -> None:
    li = district.李明.id
    change = act(people.康大姐, edit(li, class_name="三班"))
    from_above = act(people.周主任, edit(li, study_place="省城"))
    for actor, number in ((people.康小弟, change), (people.康大姐, from_above), (people.督导, change)):
        with pytest.raises(Refused):
            undone(actor, number)
    assert (child(engine, li).class_name, child(engine, li).study_place) == ("三班", "省城")

    undone(people.周主任, change)
    assert child(engine, li).class_name is None


def test_an_undo_stays_inside_the_wall(
        engine: Engine, people: Any, district: Any, act: Any, undone: Any) -> None:
    outside = Actor(0, "东山乡", Role.ADMINISTRATOR, "990101100000")
    theirs = act(outside, edit(district.赵强.id, class_name="八班"))
    for actor in (people.周主任, people.康大姐):
        with pytest.raises(NotFound):
            undone(actor, theirs)

    county = Actor(people.周主任.account_id, "周主任", Role.ADMINISTRATOR, "990101000000")
    both = act(county, lambda s: s.execute(update(Student).values(study_place="省城")
                                           .where(Student.region_code >= "99")))
    undone(people.周主任, both)
    assert child(engine, district.李明.id).study_place is None
    assert child(engine, district.赵强.id).study_place == "省城"


def test_an_edit_and_its_undo_meet_a_stale_form(
        engine: Engine, people: Any, district: Any, act: Any, undone: Any) -> None:
    """An undo is an act like others: who edits a form from before it is told."""
    li = district.李明.id
    change = act(people.康大姐, edit(li, class_name="三班"))
    with unscoped(engine, "the version of the form") as session:
        as_of = max(session.scalars(select(ChangeRow.id)))
    undone(people.康大姐, change)
    with ScopedSession(engine, people.康小弟.scope, writing=True) as session:
        with pytest.raises(Conflict):
            with recording(session, people.康小弟, "edit"):
                records.edit(session, people.康小弟, session.get_one(Student, li), {"class_name": "六班"}, as_of=as_of)


def test_nobody_undoes_in_a_role_that_undoes_nothing(
        engine: Engine, people: Any, district: Any, act: Any, undone: Any) -> None:
    machine = Actor(people.康大姐.account_id, "康大姐", Role.SYSTEM_ADMIN, "0" * 12)
    change = act(machine, lambda s: setattr(s.get_one(School, district.school_id), "name", "示范第一小学"))
    with pytest.raises(Refused, match="不能撤销变更台账"):
        undone(machine, change)
    assert undone(people.周主任, change)[1].restored == 1, "the control"


def test_what_was_added_and_changed_since_stays_also_where_nothing_hangs_on_it(
        engine: Engine, people: Any, district: Any, act: Any, undone: Any) -> None:
    home = [Guardian(region_code=康宁, student_id=district.李明.id, name=name) for name in ("李奶奶", "李爷爷")]
    change = act(people.康大姐, lambda s: s.add_all(home), "create")
    with unscoped(engine, "their numbers") as session:
        keys = dict(session.execute(select(Guardian.name, Guardian.id).where(Guardian.name.in_(("李奶奶", "李爷爷")))).all())
    act(people.康小弟, lambda s: setattr(s.get_one(Guardian, keys["李奶奶"]), "phone", "19935710768"))

    _, done = undone(people.康大姐, change)

    with unscoped(engine, "who is left") as session:
        assert session.get_one(Guardian, keys["李奶奶"]).phone.open() == "19935710768"
        assert session.get(Guardian, keys["李爷爷"]) is None, "the control"
    assert [(k.pk, k.who, k.why) for k in done.kept] == [(keys["李奶奶"], "康小弟", "之后又被修改")]


@pytest.mark.parametrize("table", ["account", "grant"])
def test_rights_are_not_restored_by_an_undo(
        engine: Engine, people: Any, district: Any, act: Any, undone: Any, table: str) -> None:
    change = act(people.周主任, lambda s: setattr(s.get_one(Account, people.康大姐.account_id), "disabled_at",
                                             datetime.now(UTC)), "disable")
    with pytest.raises(Refused, match="不能撤销"):
        undone(people.周主任, change)
    assert table


# --- seals ------------------------------------------------------------------------------------------


@pytest.fixture
def ledger(engine: Engine, cipher: FieldKeys, people: Any, district: Any, act: Any) -> SimpleNamespace:
    """Sealed in two blocks; the first change and the last one are the officer's."""
    first = act(people.康大姐, edit(district.李明.id, class_name="三班"))
    seal(engine, cipher)
    second = act(people.康小弟, edit(district.李明.id, class_name="四班"))
    last = act(people.康大姐, edit(district.李明.id, class_name="五班"))
    seal(engine, cipher)
    return SimpleNamespace(first=first, second=second, last=last)


@pytest.fixture
def tamper(owner: Engine) -> Callable[..., None]:
    """Writes around every guard: as the owner, with the triggers taken off."""

    @contextmanager
    def unguarded() -> Iterator[Connection]:
        with owner.execution_options(writing=True).begin() as connection:
            if connection.dialect.name == "postgresql":
                for table in ("change", "change_row", "change_seal"):
                    connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
                    connection.exec_driver_sql(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
            else:
                for (name,) in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").all():
                    connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
            yield connection

    def do(*statements: str, touched: int | None = 1) -> None:
        with unguarded() as connection:
            for statement in statements:
                done = connection.execute(text(statement))
                assert touched is None or done.rowcount == touched, statement

    return do


def test_an_untouched_ledger_is_whole(engine: Engine, cipher: FieldKeys, ledger: SimpleNamespace, people: Any,
                                      district: Any, act: Any) -> None:
    verdict = verify(engine, cipher)
    assert (verdict.whole, verdict.seals, verdict.unsealed) == (True, 2, 0)
    with unscoped(engine, "the count") as session:
        assert verdict.changes == len(session.scalars(select(Change.id)).all())
        assert verdict.rows == len(session.scalars(select(ChangeRow.id)).all())
    act(people.康大姐, edit(district.李明.id, class_name="六班"))
    assert (verify(engine, cipher).whole, verify(engine, cipher).unsealed) == (True, 1)
    assert seal(engine, cipher) == 1 and seal(engine, cipher) == 0
    assert verify(engine, cipher).whole


ALTERED = {
    "actor": ("UPDATE change SET actor = '康小妹' WHERE id = {first}", "变更 {first}与封存时不同"),
    "reason": ("UPDATE change SET reason = '补写的原因' WHERE id = {second}", "变更 {second}与封存时不同"),
    "time": ("UPDATE change SET at = '2020-01-01 00:00:00' WHERE id = {last}", "变更 {last}与封存时不同"),
    "place": ("UPDATE change SET region_code = '990101400002' WHERE id = {last}", "变更 {last}与封存时不同"),
    "before": ("UPDATE change_row SET before = '{{\"class_name\":\"一班\"}}' WHERE change_id = {second}",
               "变更 {second} 的明细"),
    "one byte": ("UPDATE change_row SET after = replace(after, '三班', '二班') WHERE change_id = {first}",
                 "变更 {first} 的明细"),
    "moved row": ("UPDATE change_row SET change_id = {last} WHERE change_id = {second}", "变更 {second}"),
    "deleted row": ("DELETE FROM change_row WHERE change_id = {second}", "变更 {second}"),
    "deleted last row": ("DELETE FROM change_row WHERE change_id = {last}", "变更 {last}"),
    "inserted row": ("INSERT INTO change_row (change_id, table_name, pk, region_code, operation, columns) "
                     "VALUES ({second}, 'student', 1, '990101400001', 'reveal', 'name')", "变更 {second} 的明细"),
}


@pytest.mark.parametrize("how", ALTERED)
def test_what_is_altered_is_named(
        engine: Engine, cipher: FieldKeys, ledger: SimpleNamespace, tamper: Any, how: str) -> None:
    statement, named = (words.format(**vars(ledger)) for words in ALTERED[how])
    tamper(statement)

    verdict = verify(engine, cipher)

    assert not verdict.whole
    if how.startswith(("deleted", "moved")):
        assert re.search(r"变更 \d+", verdict.fault or ""), verdict.fault
    else:
        assert named in (verdict.fault or "")


def test_the_first_of_several_is_named(
        engine: Engine, cipher: FieldKeys, ledger: SimpleNamespace, tamper: Any) -> None:
    tamper(*(f"UPDATE change SET actor = '某' WHERE id = {n}" for n in (ledger.last, ledger.first, ledger.second)))
    assert verify(engine, cipher).fault == f"变更 {ledger.first}与封存时不同"


def test_a_change_slipped_in_between_two_seals_is_named(
        engine: Engine, cipher: FieldKeys, people: Any, district: Any, act: Any, tamper: Any) -> None:
    """PostgreSQL loses the number of what was rolled back, so there is room; SQLite gives it anew, and there is none."""
    first = act(people.康大姐, edit(district.李明.id, class_name="三班"))
    seal(engine, cipher)
    with ScopedSession(engine, people.康大姐.scope, writing=True) as session:
        with pytest.raises(RuntimeError, match="别的原因"):
            with recording(session, people.康大姐, "试"):
                raise RuntimeError("别的原因")
    last = act(people.康大姐, edit(district.李明.id, class_name="四班"))
    seal(engine, cipher)
    assert verify(engine, cipher).whole
    room = last - first - 1
    assert room == (0 if engine.dialect.name == "sqlite" else 1)
    tamper(f"INSERT INTO change (id, at, actor, role, origin, verb, request_id, region_code) VALUES "
           f"({last - 1 if room else last + 7}, '2026-01-01 00:00:00', '某', 'administrator', 'page', 'edit', 'x', "
           "'990101400001')")
    verdict = verify(engine, cipher)
    if room:
        assert verdict.fault == f"变更 {last - 1}：插入在两次封存之间"
    else:
        assert verdict.unsealed == 1, "at the end it waits for its seal"


@pytest.mark.parametrize(("statement", "why"), [
    ("UPDATE change_seal SET digests = replace(digests, 'a', 'b') WHERE id = (SELECT min(id) FROM change_seal)", "封存"),
    ("UPDATE change_seal SET mac = '0' WHERE id = (SELECT max(id) FROM change_seal)", "封存"),
    ("UPDATE change_seal SET previous = digest WHERE id = (SELECT max(id) FROM change_seal)", "封存"),
    ("DELETE FROM change_seal WHERE id = (SELECT min(id) FROM change_seal)", "前一封存缺失"),
], ids=["digests", "mac", "previous", "first cut"])
def test_an_altered_or_missing_seal_is_found(
        engine: Engine, cipher: FieldKeys, ledger: SimpleNamespace, tamper: Any, statement: str, why: str) -> None:
    tamper(statement)
    verdict = verify(engine, cipher)
    assert why in (verdict.fault or "")


def test_a_cut_tail_is_found_by_the_paper_that_tells_of_it(
        engine: Engine, cipher: FieldKeys, ledger: SimpleNamespace, tamper: Any) -> None:
    """SQLite has numbered what is gone. Whoever sets the numbers back as well, and on PostgreSQL anyhow: the paper in
    another office is the anchor."""
    with unscoped(engine, "what was printed") as session:
        printed = fingerprint(session)
        older = session.execute(text("SELECT id, digest FROM change_seal ORDER BY id")).first()
    assert printed and older
    assert verify(engine, cipher, paper=printed).whole
    assert verify(engine, cipher, paper=f"{older.id}-{older.digest[:10]}").whole
    assert "没有指纹为" in (verify(engine, cipher, paper="1-0000000000").fault or "")

    tamper("DELETE FROM change_seal WHERE id = (SELECT max(id) FROM change_seal)")
    tamper(f"DELETE FROM change_row WHERE change_id >= {ledger.second}",
           f"DELETE FROM change WHERE id >= {ledger.second}", touched=None)

    if engine.dialect.name == "sqlite":
        assert "有记录被删去，或末尾被截去" in (verify(engine, cipher).fault or "")
        for table in ("change", "change_row", "change_seal"):
            tamper(f"UPDATE sqlite_sequence SET seq = (SELECT max(id) FROM {table}) WHERE name = '{table}'", touched=None)
    assert verify(engine, cipher).whole
    assert "可能被截去" in (verify(engine, cipher, paper=printed).fault or "")


def test_who_writes_the_database_writes_no_seal(
        engine: Engine, cipher: FieldKeys, ledger: SimpleNamespace, tamper: Any) -> None:
    """A whole chain made anew without the key outside is not the chain."""
    forger = FieldKeys(cipher.current, cipher.sealing, cipher.indexing, b"another key of thirty-two bytes!")
    tamper(f"UPDATE change SET actor = '某' WHERE id = {ledger.first}")
    tamper("DELETE FROM change_seal", touched=None)
    assert seal(engine, forger) > 0
    tamper("UPDATE sqlite_sequence SET seq = 1 WHERE name = 'change_seal'" if engine.dialect.name == "sqlite" else "SELECT 1",
           touched=None)
    assert verify(engine, forger).whole, "the control: by the forger's own key it is"

    assert "封存" in (verify(engine, cipher).fault or "")


def test_the_ledger_is_not_rewritten_through_the_application(
        engine: Engine, ledger: SimpleNamespace, people: Any, cipher: FieldKeys) -> None:
    for statement in (f"UPDATE change SET actor = '某' WHERE id = {ledger.first}", "DELETE FROM change_row",
                      "UPDATE change_seal SET mac = '0'"):
        with pytest.raises(Exception, match=r"not rewritten|permission denied|not authorized"):
            with unscoped(engine, "trying", writing=True) as session:
                session.execute(text(statement))
                session.commit()
    assert verify(engine, cipher).whole
