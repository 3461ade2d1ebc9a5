"""The wall under the wall: what raw SQL meets, on both stores.

The officer of 康宁 tries; 王芳 and 刘洋 of 牧童 must be neither seen nor touched. 刘洋 has no family
and nothing that hangs on him, so that no foreign key protects him by accident.
"""

import contextlib
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert, make_url, select, text, update
from sqlalchemy.exc import DBAPIError

from admin_app import store
from admin_app.access.actor import Actor
from admin_app.access.postgresql_wall import APPLICATION_ROLE
from admin_app.access.permissions import Role
from admin_app.access.scope import OutsideScope, Scope, ScopedSession, unscoped
from admin_app.changes import history
from admin_app.changes.ledger import recording
from admin_app.display import Display
from models.base import Base, Wall, models, table_of
from models.change import ChangeRow
from models.student import Student
from seed import makers

on_sqlite = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)

WALLED = [model for model in models() if model.__wall__ is not Wall.REFERENCE]
CHILD_DATA = [model for model in models() if model.__wall__ is Wall.CHILD]
LIU_YANG = 4  # the fourth child that is written down
STUDENT = "student (id, region_code, name, identity_kind, schooling_state)"
EVIL_TWIN = f"VALUES ({LIU_YANG}, '990101400001', '替身', '1', 'unknown')"


def by_table(model: type[Base]) -> str:
    return model.__tablename__


@pytest.fixture
def neighbours(engine: Engine, district: SimpleNamespace, 牧童干部: Actor, cipher: Any) -> SimpleNamespace:
    """刘洋 of 牧童, without a family; his identity number."""
    with ScopedSession(engine, 牧童干部.scope, writing=True) as session:
        with recording(session, 牧童干部, "登记"):
            child = makers.student(session, district.牧童, "刘洋", schooling_state="unknown",
                                   identity_number="990101201603090019")
            assert child.id == LIU_YANG
            index = child.identity_index
    return SimpleNamespace(identity_index=index)


@pytest.fixture
def all_children(neighbours: SimpleNamespace, what_lies_there: Callable[[str], Any]) -> Iterator[None]:
    """Around the test, the children of the other villages and the ledger's old rows stay as they
    are."""
    queries = ("SELECT * FROM student WHERE region_code <> '990101400001' ORDER BY id",
               "SELECT * FROM change_row ORDER BY id", "SELECT * FROM change ORDER BY id")
    before = [what_lies_there(query) for query in queries]
    yield
    after = [what_lies_there(query) for query in queries]
    assert after[0] == before[0]
    for old, new in zip(before[1:], after[1:], strict=True):
        assert new[:len(old)] == old


@pytest.fixture
def raw(engine: Engine, all_children: None, 康宁干部: Actor) -> Callable[..., list[Any]]:
    """Runs raw statements as the officer of 康宁, in one transaction, and gives the rows of the last
    of them."""

    def run(*statements: str, commit: bool = True) -> list[Any]:
        rows: list[Any] = []
        with ScopedSession(engine, 康宁干部.scope, writing=True) as session:
            with recording(session, 康宁干部, "试"):
                for statement in statements:
                    result = session.execute(text(statement.replace(":", "\\:")))
                    rows = list(result) if result.returns_rows else []
                if not commit:
                    session.rollback()
        return rows

    return run


# --- what is declared -------------------------------------------------------------------------------


@pytest.mark.parametrize("model", list(models()), ids=by_table)
def test_every_model_names_a_wall_and_the_column_that_places_its_rows(model):
    assert isinstance(model.__wall__, Wall)
    if model.__wall__ in (Wall.CHILD, Wall.OFFICE):
        column = table_of(model).c[model.__region__]
        assert not column.nullable
    if model.__wall__ is Wall.SYSTEM:
        assert model.__region__ is None


def test_only_places_codes_and_settings_are_open_to_everyone():
    open_to_all = {model.__tablename__ for model in models() if model.__wall__ is Wall.REFERENCE}

    assert open_to_all == {"region", "school", "code_item", "setting"}


@pytest.mark.parametrize("scope", [None, "", ("", ":"), "990101400001"], ids=repr)
def test_a_session_without_a_scope_is_a_type_error(engine, scope):
    with pytest.raises(TypeError):
        ScopedSession(engine, scope)
    with pytest.raises(TypeError):
        ScopedSession(engine)


def test_stepping_out_of_scope_wants_a_reason(engine):
    with pytest.raises(ValueError, match="reason"):
        with unscoped(engine, "  "):
            pass


# --- who has no business with children --------------------------------------------------------------


@pytest.fixture
def without_child_data(request: pytest.FixtureRequest) -> Actor:
    return request.getfixturevalue(request.param)


nobody_with_children = pytest.mark.parametrize(
    "without_child_data", ["审计", "系统管理员"], ids=["auditor", "system-admin"], indirect=True
)


@nobody_with_children
def test_tables_about_children_are_empty_for_those_without_child_data(
    engine, district, without_child_data, what_lies_there
):
    filled = {model for model in CHILD_DATA if what_lies_there(f"SELECT 1 FROM {model.__tablename__}")}
    assert {m.__tablename__ for m in filled} >= {"student", "household", "guardian", "attachment"}

    with ScopedSession(engine, without_child_data.scope) as session:
        for model in CHILD_DATA:
            assert session.scalars(select(model)).all() == []
            assert session.execute(select(table_of(model))).all() == []
            assert session.execute(text(f"SELECT * FROM {model.__tablename__}")).all() == []


@nobody_with_children
def test_those_without_child_data_cannot_write_any(engine, district, without_child_data):
    with pytest.raises((OutsideScope, DBAPIError)):
        with ScopedSession(engine, without_child_data.scope, writing=True) as session:
            with recording(session, without_child_data, "试"):
                session.execute(text(
                    "INSERT INTO student (region_code, name, identity_kind, schooling_state) "
                    f"VALUES ('{district.康宁}', '刘洋', '1', 'unknown')"
                ))


@nobody_with_children
def test_the_ledger_shows_those_without_child_data_nothing_about_a_child(
    engine, district, without_child_data
):
    """The rows of the ledger are theirs to read: who, when, which record, which columns. The values
    about children are taken out by `changes.history`, the one reader of them (docs/decisions)."""
    with ScopedSession(engine, without_child_data.scope) as session:
        rows = session.scalars(select(ChangeRow)).all()
        entries = history.entries(session, without_child_data.role, Display(session, without_child_data.role), rows)
        told = str([entry.values for entry in entries])

    assert {"student", "guardian"} <= {entry.row.table_name for entry in entries}
    # The auditor reads which columns; whoever may open neither the ledger of changes nor the children, nothing.
    assert ("姓名" in told) == (without_child_data.role is Role.AUDITOR)
    for fact in ("王芳", "王建国", "2016-03-02", "牧童社区1号"):
        assert fact not in told


# --- connections ------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", WALLED, ids=by_table)
def test_a_connection_without_a_scope_shows_no_rows(engine, district, model):
    with engine.connect() as connection:
        try:
            rows = connection.execute(text(f'SELECT * FROM "{model.__tablename__}"')).all()
        except DBAPIError:
            rows = []
        assert rows == []


def test_the_wall_is_lowered_when_the_connection_returns_to_the_pool(engine, district, 城区管理员):
    used = []
    with ScopedSession(engine, 城区管理员.scope, writing=True) as session:
        with recording(session, 城区管理员, "试"):
            assert len(session.execute(text("SELECT * FROM student")).all()) == 2
            used.append(session.connection().connection.driver_connection)
            session.execute(update(Student).values(note="甲"))

    with engine.connect() as connection:
        assert connection.connection.driver_connection is used[0]
        try:
            assert connection.execute(text("SELECT * FROM student")).all() == []
        except DBAPIError:
            connection.rollback()
        # Neither is a change open any more: not even a row in reach of nobody can be written.
        with pytest.raises(DBAPIError):
            connection.execute(text(
                "INSERT INTO region (code, name, level) VALUES ('990102000000', '邻县', '县')"
            ))


def test_the_wall_is_lowered_when_a_session_fails(engine, district, 城区管理员):
    with pytest.raises(ZeroDivisionError):
        with ScopedSession(engine, 城区管理员.scope, writing=True) as session:
            with recording(session, 城区管理员, "试"):
                session.execute(update(Student).values(note="甲"))
                raise ZeroDivisionError

    with engine.connect() as connection:
        with contextlib.suppress(DBAPIError):
            assert connection.execute(text("SELECT * FROM student")).all() == []


def test_two_sessions_after_each_other_on_one_connection_have_each_their_own_scope(
    engine, district, 康宁干部, 牧童干部
):
    for actor, name in ((康宁干部, "李明"), (牧童干部, "王芳"), (康宁干部, "李明")):
        with ScopedSession(engine, actor.scope) as session:
            assert session.scalars(text("SELECT name FROM student")).all() == [name]
            session.commit()
            assert session.scalars(text("SELECT name FROM student")).all() == [name]


def test_a_session_that_read_who_asks_sees_that_persons_village_alone_from_then_on(engine, district, 康宁干部):
    with unscoped(engine, "who asks is not known yet") as session:
        wang = session.scalars(select(Student).where(Student.name == "王芳")).one()

        session.narrow(康宁干部.scope)

        assert wang not in session
        for _ in range(2):  # in the same transaction, and in the next
            assert session.scalars(text("SELECT name FROM student")).all() == ["李明"]
            assert session.scalars(select(Student.name)).all() == ["李明"]
            assert session.get(Student, wang.id) is None
            session.commit()


def test_a_session_is_narrowed_once_never_widened_and_never_while_it_writes(engine, district, 康宁干部, 城区管理员):
    with ScopedSession(engine, 康宁干部.scope) as session, pytest.raises(OutsideScope):
        session.narrow(城区管理员.scope)
    with unscoped(engine, "一次") as session:
        session.narrow(康宁干部.scope)
        with pytest.raises(OutsideScope):
            session.narrow(城区管理员.scope)
        assert session.scope == 康宁干部.scope
    with unscoped(engine, "要写", writing=True) as session, pytest.raises(OutsideScope):
        session.narrow(康宁干部.scope)


def test_two_sessions_at_once_have_each_their_own_scope(engine, district, 康宁干部, 牧童干部):
    with (ScopedSession(engine, 康宁干部.scope) as one, ScopedSession(engine, 牧童干部.scope) as two):
        for _ in range(2):
            assert one.scalars(text("SELECT name FROM student")).all() == ["李明"]
            assert two.scalars(text("SELECT name FROM student")).all() == ["王芳"]


@pytest.mark.parametrize("below_first", [True, False])
def test_who_reads_works_in_one_transaction_however_it_is_asked(engine, district, 康宁干部, below_first):
    def below() -> list[str]:
        return list(session.connection().execute(text("SELECT name FROM student")).scalars())

    def above() -> list[str]:
        return list(session.scalars(select(Student.name)).all())

    with ScopedSession(engine, 康宁干部.scope) as session:
        for ask in (below, above) if below_first else (above, below):
            assert ask() == ["李明"]
        assert session.connection() is session.connection()
        assert engine.pool.checkedout() == 1
    assert engine.pool.checkedout() == 0, "what was read is let go of at the end"


def test_who_reads_on_after_a_rollback_stands_behind_the_same_wall(engine, district, 康宁干部):
    with ScopedSession(engine, 康宁干部.scope) as session:
        assert session.scalars(select(Student.name)).all() == ["李明"]
        session.rollback()
        assert session.connection().execute(text("SELECT name FROM student")).scalars().all() == ["李明"]
        session.rollback()
        assert session.scalars(text("SELECT name FROM student")).all() == ["李明"]


def test_a_savepoint_keeps_the_scope_and_the_open_change(engine, district, 康宁干部, what_lies_there):
    with ScopedSession(engine, 康宁干部.scope, writing=True) as session:
        with recording(session, 康宁干部, "试"):
            with session.begin_nested():
                session.get(Student, district.李明.id).note = "甲"
            with contextlib.suppress(ZeroDivisionError), session.begin_nested():
                raise ZeroDivisionError
            assert session.scalars(text("SELECT name FROM student")).all() == ["李明"]
            session.get(Student, district.李明.id).class_name = "一班"

    assert what_lies_there("SELECT note, class_name FROM student WHERE name = '李明'") == [("甲", "一班")]


# --- what an error tells ----------------------------------------------------------------------------


@pytest.mark.parametrize("write", [
    pytest.param(lambda name: text(f"UPDATE student SET note = '甲' WHERE name = '{name}'"), id="text-update"),
    pytest.param(lambda name: text(f"DELETE FROM student WHERE name = '{name}'"), id="text-delete"),
    pytest.param(lambda name: text(f"UPDATE student SET region_code = '990101400003' WHERE name = '{name}'"),
                 id="text-move"),
    pytest.param(lambda name: update(table_of(Student)).where(table_of(Student).c.name == name)
                 .values(note="甲"), id="core-update"),
])
def test_a_raw_write_does_not_tell_whether_a_child_is_there(engine, all_children, 康宁干部, write):
    def outcome(name: str) -> str:
        try:
            with ScopedSession(engine, 康宁干部.scope, writing=True) as session:
                with recording(session, 康宁干部, "试"):
                    return f"{session.execute(write(name)).rowcount} rows"
        except (OutsideScope, DBAPIError) as refused:
            return type(refused).__name__

    assert outcome("刘洋") == outcome("查无此人")


def test_no_error_shows_a_value(engine, neighbours, 康宁干部):
    taken = {"region_code": "990101400001", "name": "张三", "schooling_state": "unknown",
             "identity_kind": "1", "identity_index": neighbours.identity_index}

    with pytest.raises(DBAPIError) as refused:
        with ScopedSession(engine, 康宁干部.scope, writing=True) as session:
            with recording(session, 康宁干部, "试"):
                session.execute(insert(Student).values(**taken))

    assert neighbours.identity_index not in str(refused.value)
    assert "张三" not in str(refused.value)


# --- PostgreSQL -------------------------------------------------------------------------------------


@on_postgresql
@pytest.mark.parametrize("model", WALLED, ids=by_table)
def test_postgresql_forces_the_policy_on_every_walled_table(what_lies_there, model):
    table = model.__tablename__

    assert what_lies_there(
        "SELECT relrowsecurity, relforcerowsecurity FROM pg_class "
        f"WHERE oid = '\"{table}\"'::regclass"
    ) == [(True, True)]
    policies = what_lies_there(
        f"SELECT policyname, permissive, cmd, qual = with_check FROM pg_policies WHERE tablename = '{table}'"
    )
    assert policies == [("wall", "PERMISSIVE", "ALL", True)]


@on_postgresql
def test_postgresql_the_role_of_the_application_owns_nothing_and_bypasses_nothing(what_lies_there):
    role = f"(SELECT oid FROM pg_roles WHERE rolname = '{APPLICATION_ROLE}')"

    assert what_lies_there(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication "
        f"FROM pg_roles WHERE oid = {role}"
    ) == [(False,) * 6]
    assert what_lies_there(f"SELECT relname FROM pg_class WHERE relowner = {role}") == []
    assert what_lies_there(f"SELECT proname FROM pg_proc WHERE proowner = {role}") == []
    assert what_lies_there(
        f"SELECT has_schema_privilege('{APPLICATION_ROLE}', 'public', 'CREATE')"
    ) == [(False,)]


@on_postgresql
def test_postgresql_the_role_may_only_add_to_the_ledger(what_lies_there):
    rights = what_lies_there(
        "SELECT table_name, privilege_type FROM information_schema.table_privileges "
        f"WHERE grantee = '{APPLICATION_ROLE}' AND table_name IN ('change', 'change_row', 'change_seal')"
    )

    assert sorted(rights) == sorted(
        (table, right) for table in ("change", "change_row", "change_seal")
        for right in ("INSERT", "SELECT")
    )


@on_postgresql
def test_postgresql_no_session_works_as_the_owner(engine, district, 康宁干部, store_url):
    with ScopedSession(engine, 康宁干部.scope) as session:
        assert session.scalar(text("SELECT current_user")) == APPLICATION_ROLE
        assert session.scalar(text("SELECT session_user")) == make_url(store_url).username


@on_postgresql
def test_postgresql_a_session_that_reads_writes_nothing(engine, district, 康宁干部, what_lies_there):
    note = text("UPDATE student SET note = '甲' WHERE id = :id")
    with ScopedSession(engine, 康宁干部.scope) as session:
        with pytest.raises(DBAPIError, match="read-only"):
            session.execute(note, {"id": district.李明.id})
    with unscoped(engine, "also over all rows") as session:
        session.narrow(康宁干部.scope)
        with pytest.raises(DBAPIError, match="read-only"):
            session.execute(note, {"id": district.李明.id})
    with ScopedSession(engine, 康宁干部.scope, writing=True) as session, recording(session, 康宁干部, "control"):
        session.execute(note, {"id": district.李明.id})
    assert what_lies_there(f"SELECT note FROM student WHERE id = {district.李明.id}") == [("甲",)]


@on_postgresql
def test_postgresql_a_kept_plan_shows_each_village_its_own_children(engine, district, 康宁干部, 牧童干部):
    """One connection, one statement, asked often enough to be prepared, by turns behind two walls."""
    for turn in range(12):
        for officer, children in ((康宁干部, ["李明"]), (牧童干部, ["王芳"])):
            with unscoped(engine, "who asks is not known yet") as session:
                assert len(session.scalars(text("SELECT name FROM student ORDER BY id")).all()) > 2, turn
                session.narrow(officer.scope)
                assert session.scalars(text("SELECT name FROM student ORDER BY id")).all() == children, turn


@on_postgresql
def test_postgresql_a_plan_that_no_longer_fits_fails_once_and_is_made_anew(engine, district, 康宁干部, owner):
    def children() -> Any:
        with ScopedSession(engine, 康宁干部.scope) as session:
            return session.scalars(text("SELECT grade FROM student WHERE name = '李明'")).all()

    for _ in range(8):
        assert len(children()) == 1
    with owner.begin() as connection:
        connection.execute(text("ALTER TABLE student ALTER COLUMN grade TYPE varchar(77)"))
    with pytest.raises(DBAPIError, match="cached plan"):
        children()
    assert len(children()) == 1


@on_postgresql
def test_postgresql_a_connection_lost_while_reading_is_no_second_fault(engine, district, 康宁干部, owner):
    with pytest.raises(DBAPIError) as lost:
        with ScopedSession(engine, 康宁干部.scope) as session:
            mine = session.scalar(text("SELECT pg_backend_pid()"))
            with owner.connect() as connection:
                connection.scalar(text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})
            session.scalar(text("SELECT 1"))
    assert lost.value.connection_invalidated
    with ScopedSession(engine, 康宁干部.scope) as session:
        assert session.scalar(text("SELECT count(*) FROM student")) == 1


@on_postgresql
def test_postgresql_a_connection_that_died_while_it_lay_idle_is_replaced(engine, district, 康宁干部, monkeypatch, owner):
    def backend() -> Any:
        with ScopedSession(engine, 康宁干部.scope) as session:
            return session.scalar(text("SELECT pg_backend_pid()"))

    first = backend()
    assert backend() == first, "the control: the connection is kept"
    monkeypatch.setattr(store, "IDLE_SECONDS", -1)
    assert backend() == first, "asked, it lives"
    with owner.connect() as connection:
        assert connection.scalar(text("SELECT pg_terminate_backend(:pid)"), {"pid": first})
    assert backend() != first


@on_postgresql
def test_postgresql_a_connection_that_died_just_now_is_told_as_lost_and_let_go_of(engine, district, 康宁干部, owner):
    def backend() -> Any:
        with ScopedSession(engine, 康宁干部.scope) as session:
            return session.scalar(text("SELECT pg_backend_pid()"))

    first = backend()
    with owner.connect() as connection:
        assert connection.scalar(text("SELECT pg_terminate_backend(:pid)"), {"pid": first})
    with pytest.raises(DBAPIError) as lost:
        backend()
    assert lost.value.connection_invalidated, "the page says that the connection was lost"
    assert backend() != first


POSTGRESQL_WAYS = {
    "row-security-off": ["SET LOCAL row_security = off", "SELECT name FROM student"],
    "drop-the-policy": ["DROP POLICY wall ON student", "SELECT name FROM student"],
    "disable-row-security": ["ALTER TABLE student DISABLE ROW LEVEL SECURITY", "SELECT name FROM student"],
    "temporary-view": ["CREATE TEMP VIEW v AS SELECT * FROM student", "SELECT name FROM v"],
    "query-to-xml": ["SELECT query_to_xml('SELECT name FROM student', true, true, '')"],
    "statistics": ["SELECT most_common_vals FROM pg_stats WHERE tablename = 'student'"],
    "update-returning": ["UPDATE student SET note = '甲' RETURNING name"],
    "update-from-itself": ["UPDATE student SET note = o.name FROM student o WHERE o.name <> student.name "
                           "RETURNING student.note"],
    "merge": ["MERGE INTO student s USING (SELECT 4 AS id) o ON s.id = o.id "
              "WHEN MATCHED THEN UPDATE SET note = '甲'"],
    "truncate": ["TRUNCATE student CASCADE"],
    "set-config": ["SELECT set_config('app.child_lo', '', true), set_config('app.child_hi', '~', true)",
                   "SELECT name FROM student"],
    "set-local": ["SET LOCAL app.child_lo = ''", "SET LOCAL app.child_hi = '~'", "SELECT name FROM student"],
    "reset-role": ["RESET ROLE", "ALTER TABLE student NO FORCE ROW LEVEL SECURITY",
                   "SELECT name FROM student"],
    "set-local-behind-comments": ["/* a */ -- b\nSET LOCAL app.child_lo = ''",
                                  "/* a */ -- b\nSET LOCAL app.child_hi = '~'", "SELECT name FROM student"],
    "set-config-in-escapes": ["SELECT U&\"set\\005fconfig\"('app.child_lo', '', true), "
                              "U&\"set\\005fconfig\"('app.child_hi', '~', true)", "SELECT name FROM student"],
    "set-config-put-together": [
        "SELECT query_to_xml(concat('SELECT set', '_config(''app.child_lo'', '''', true)'), true, true, '')",
        "SELECT query_to_xml(concat('SELECT set', '_config(''app.child_hi'', ''~'', true)'), true, true, '')",
        "SELECT name FROM student"],
    "set-config-put-together-with-a-schema": [
        "SELECT query_to_xml_and_xmlschema(concat('SELECT set', '_config(''app.child_lo'', '''', true)'), "
        "true, true, '')",
        "SELECT query_to_xml_and_xmlschema(concat('SELECT set', '_config(''app.child_hi'', ''~'', true)'), "
        "true, true, '')", "SELECT name FROM student"],
    "set-config-as-words": [
        "SELECT * FROM ts_stat(concat('SELECT to_tsvector(set', '_config(''app.child_lo'', '''', true))'))",
        "SELECT * FROM ts_stat(concat('SELECT to_tsvector(set', '_config(''app.child_hi'', ''~'', true))'))",
        "SELECT name FROM student"],
    "function": ["CREATE FUNCTION pg_temp.f() RETURNS void LANGUAGE plpgsql AS $f$ BEGIN "
                 "EXECUTE concat('se', 't local app.child_lo = '''''); "
                 "EXECUTE concat('se', 't local app.child_hi = ''~'''); END $f$",
                 "SELECT pg_temp.f()", "SELECT name FROM student"],
    "settings-as-a-table": ["UPDATE pg_settings SET setting = '' WHERE name = 'app.child_lo'",
                            "UPDATE pg_settings SET setting = '~' WHERE name = 'app.child_hi'",
                            "SELECT name FROM student"],
    "policy-after-commit": ["COMMIT", "CREATE POLICY open ON student USING (true)", "SELECT name FROM student"],
    "policy-after-rollback": ["ROLLBACK", "DROP POLICY wall ON student",
                              "CREATE POLICY wall ON student USING (true)", "SELECT name FROM student"],
    "drop-after-commit": ["COMMIT", "DROP TABLE guardian CASCADE", "SELECT '王芳'"],
    "rights-after-commit": ["COMMIT", "GRANT ALL ON change_row TO baoxue_app", "SELECT '王芳'"],
    "two-in-one": ["SELECT 1; COMMIT; CREATE POLICY open ON student USING (true)", "SELECT name FROM student"],
}


@on_postgresql
@pytest.mark.parametrize("statements", POSTGRESQL_WAYS.values(), ids=POSTGRESQL_WAYS)
def test_postgresql_no_raw_statement_gets_past_the_wall(raw, statements):
    _shows_nothing_outside(raw, statements)


# --- SQLite -----------------------------------------------------------------------------------------

# Each name of the real table that SQLite would understand.
NAMES = {
    "main": "main.student", "upper-case": "MAIN.STUDENT", "quoted": '"main".student',
    "quoted-twice": '"main"."student"', "brackets": "[main].student", "backticks": "`main`.student",
    "apostrophes": "'main'.student", "comment": "main/**/.student", "comment-behind": "main./**/student",
    "line-comment": "main--\n.student", "spaces": "main \t\n . student", "mixed": "'MaIn'/**/ . [student]",
}
# Each kind of statement that could read it.
READING = {
    "select": "SELECT name FROM {}",
    "count": "SELECT CASE WHEN count(*) > 1 THEN '王芳' END FROM {}",
    "subquery": "SELECT * FROM (SELECT name FROM {}) AS x",
    "scalar": "SELECT (SELECT group_concat(name) FROM {})",
    "exists": "SELECT CASE WHEN EXISTS (SELECT 1 FROM {} WHERE name = '王芳') THEN '王芳' END",
    "cte": "WITH x AS (SELECT name FROM {}) SELECT * FROM x",
    "cte-named-as-the-view": "WITH student AS (SELECT name FROM {}) SELECT * FROM student",
    "recursive-cte": "WITH RECURSIVE x(n) AS (SELECT name FROM {} UNION SELECT n FROM x) SELECT n FROM x",
    "union": "SELECT name FROM student UNION SELECT name FROM {}",
    "join": "SELECT o.name FROM student JOIN {} AS o ON o.school_id = student.school_id",
    "update-set": "UPDATE student SET note = (SELECT group_concat(name) FROM {}) WHERE id = 1 RETURNING note",
    "update-from": "UPDATE student SET note = o.name FROM {} AS o WHERE o.name <> '李明' AND student.id = 1 "
                   "RETURNING note",
    "update-where": "UPDATE student SET note = '王芳' WHERE id = 1 AND EXISTS "
                    "(SELECT 1 FROM {} WHERE name = '王芳') RETURNING note",
    "returning": "UPDATE student SET note = '甲' WHERE id = 1 RETURNING (SELECT group_concat(name) FROM {})",
    "insert-into-an-open-table":
        "INSERT INTO setting (key, label, value) SELECT '甲', '甲', group_concat(name) FROM {} RETURNING value",
    "insert-into-a-walled-table":
        "INSERT INTO guardian (region_code, student_id, name) "
        "SELECT '990101400001', 1, group_concat(name) FROM {} RETURNING name",
    "upsert": "INSERT INTO setting (key, label, value) VALUES ('甲', '甲', '') ON CONFLICT DO UPDATE "
              "SET value = (SELECT group_concat(name) FROM {}) RETURNING (SELECT group_concat(name) FROM {})",
    "delete-returning":
        "DELETE FROM guardian WHERE id = 1 RETURNING (SELECT group_concat(name) FROM {})",
    "explain": "EXPLAIN SELECT name FROM {}",
}


def _shows_nothing_outside(raw: Callable[..., list[Any]], statements: list[str]) -> None:
    try:
        rows = raw(*statements)
    except (DBAPIError, OutsideScope):
        return
    for name in ("王芳", "刘洋", "赵强"):
        assert name not in str(rows)


@on_sqlite
@pytest.mark.parametrize("statement", READING.values(), ids=READING)
def test_sqlite_the_statements_of_these_tests_are_sound(raw, statement):
    """The control: on the view, which everyone may name, each runs and sees the own child only."""
    rows = raw(statement.replace("{}", "temp.student"))

    for name in ("王芳", "刘洋", "赵强"):
        assert name not in str(rows)
    if not any(words in statement for words in ("王芳", "<> '李明'", "EXPLAIN")):
        assert "李明" in str(rows)


@on_sqlite
@pytest.mark.parametrize("statement", READING.values(), ids=READING)
def test_sqlite_the_real_table_is_not_read_under_any_of_its_names(raw, statement):
    for name in NAMES.values():
        _shows_nothing_outside(raw, [statement.replace("{}", name)])


SQLITE_WAYS = {
    "temp-name": ["SELECT name FROM temp.student"],
    "attach": ["ATTACH 'elsewhere.db' AS elsewhere", "SELECT '王芳'"],
    "attach-named-as-the-pragma": ["ATTACH 'defer_foreign_keys' AS elsewhere", "SELECT '王芳'"],
    "detach": ["DETACH main", "SELECT '王芳'"],
    "drop-view": ["DROP VIEW student", "SELECT name FROM student"],
    "drop-temp-view": ["DROP VIEW temp.student", "SELECT name FROM student"],
    "drop-guard": ["DROP TRIGGER wall_student_update", "UPDATE student SET note = '甲'"],
    "drop-ledger-trigger": ["DROP TRIGGER record_student_update", "SELECT '王芳'"],
    "drop-index": ["DROP INDEX ix_student_household_id", "SELECT '王芳'"],
    "drop-table": ["DROP TABLE student"],
    "rename": ["ALTER TABLE guardian RENAME TO g", "SELECT name FROM g"],
    "view": ["CREATE VIEW v AS SELECT * FROM student", "SELECT name FROM v"],
    "view-named-as-the-pragma": ["CREATE VIEW defer_foreign_keys AS SELECT * FROM student",
                                 "SELECT name FROM defer_foreign_keys"],
    "temp-view-named-as-the-pragma": [
        "CREATE TEMP VIEW defer_foreign_keys AS SELECT * FROM 'main'.student",
        "SELECT name FROM defer_foreign_keys"],
    "table-named-as-the-pragma": ["CREATE TABLE defer_foreign_keys (a)", "SELECT '王芳'"],
    "trigger-named-as-the-pragma": [
        "CREATE TRIGGER defer_foreign_keys AFTER INSERT ON setting BEGIN "
        "UPDATE student SET note = '甲'; END", "INSERT INTO setting (key, label, value) VALUES ('甲', '甲', '')"],
    "table": ["CREATE TABLE t AS SELECT * FROM student", "SELECT '王芳'"],
    "full-text-table": ["CREATE VIRTUAL TABLE f USING fts5(name, content='student')",
                        "INSERT INTO f (f) VALUES ('rebuild')", "SELECT name FROM f"],
    "virtual-table": ["CREATE VIRTUAL TABLE temp.f USING fts3tokenize(simple)", "SELECT '王芳'"],
    "writable-schema": ["PRAGMA writable_schema = 1", "SELECT '王芳'"],
    "pragma-as-a-function": ["SELECT '王芳' FROM pragma_table_info('student')"],
    "recursive-triggers-off": ["PRAGMA recursive_triggers = 0", "SELECT '王芳'"],
    "temp-schema": ["DELETE FROM temp.sqlite_master", "SELECT name FROM student"],
    "temp-schema-update": ["UPDATE sqlite_temp_master SET sql = replace(sql, 'AND', 'OR')",
                           "SELECT name FROM student"],
    "temp-schema-read": ["SELECT sql FROM temp.sqlite_master"],
    "schema": ["DELETE FROM sqlite_master WHERE type = 'trigger'", "SELECT '王芳'"],
    "counter": ["UPDATE sqlite_sequence SET seq = 0", "SELECT '王芳'"],
    "vacuum": ["COMMIT", "VACUUM INTO 'copy.db'", "SELECT '王芳'"],
    "analyse": ["ANALYZE", "SELECT '王芳'"],
    "extension": ["SELECT load_extension('x')", "SELECT '王芳'"],
}


@on_sqlite
@pytest.mark.parametrize("statements", SQLITE_WAYS.values(), ids=SQLITE_WAYS)
def test_sqlite_no_raw_statement_gets_round_the_wall(raw, statements, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    _shows_nothing_outside(raw, statements)


REPLACING = {
    "insert-or-replace": f"INSERT OR REPLACE INTO {STUDENT} {EVIL_TWIN}",
    "insert-or-replace-by-number":
        "INSERT OR REPLACE INTO student (region_code, name, identity_kind, schooling_state, identity_index) "
        "VALUES ('990101400001', '替身', '1', 'unknown', '{index}')",
    "replace": f"REPLACE INTO {STUDENT} {EVIL_TWIN}",
    "replace-into-main": f"REPLACE INTO 'main'.{STUDENT} {EVIL_TWIN}",
    "cte-first": f"WITH x AS (SELECT 1) INSERT OR REPLACE INTO {STUDENT} {EVIL_TWIN}",
    "cte-first-into-main": f"WITH x AS (SELECT 1) INSERT OR REPLACE INTO 'main'.{STUDENT} {EVIL_TWIN}",
    "comment-first": f"/* */ INSERT OR REPLACE INTO main/**/.{STUDENT} {EVIL_TWIN}",
    "update-or-replace": f"UPDATE OR REPLACE student SET id = {LIU_YANG} WHERE id = 5",
    "update-or-replace-main": f"UPDATE OR REPLACE 'main'.student SET id = {LIU_YANG} WHERE id = 5",
    "update-or-replace-number": "UPDATE OR REPLACE 'main'.student SET identity_index = '{index}' WHERE id = 5",
    "upsert": f"INSERT INTO {STUDENT} {EVIL_TWIN} ON CONFLICT (id) DO UPDATE SET note = '甲', "
              "region_code = excluded.region_code",
    "update-where-true": "UPDATE student SET note = '甲' WHERE 1 OR name = '刘洋'",
    "update-or-ignore": "UPDATE OR IGNORE student SET note = '甲', region_code = '990101400001'",
    "delete-all": "DELETE FROM student",
    "cte-first-update": "WITH x AS (SELECT 1) UPDATE student SET note = '甲'",
    "cte-first-update-main": "WITH x AS (SELECT 1) UPDATE 'main'.student SET note = '甲'",
    "cte-first-delete-main": "WITH x AS (SELECT 1) DELETE FROM 'main'.student",
    "ledger-row": "INSERT OR REPLACE INTO change_row (id, change_id, table_name, pk, region_code, operation, "
                  "columns) SELECT id, change_id, 'student', 1, region_code, 'update', '' FROM change_row",
    "ledger-change": "INSERT OR REPLACE INTO change (id, at, actor, role, origin, verb, request_id, region_code) "
                     "VALUES (2, '2026-01-01', '别人', 'x', 'page', '改写', '', '990101400001')",
    "ledger-update": "UPDATE change_row SET pk = 1",
    "ledger-delete": "DELETE FROM change_row",
}
OWN_TWIN = ("INSERT INTO student (id, region_code, name, identity_kind, schooling_state) "
            "VALUES (5, '990101400001', '张三', '1', 'unknown')")


@on_sqlite
@pytest.mark.parametrize("statement", REPLACING.values(), ids=REPLACING)
def test_sqlite_no_write_reaches_past_the_wall(raw, neighbours, statement):
    """What must not change is compared around the test."""
    with contextlib.suppress(DBAPIError, OutsideScope):
        raw(OWN_TWIN, statement.replace("{index}", neighbours.identity_index))


@on_sqlite
def test_sqlite_replacing_an_own_child_is_on_record(raw, what_lies_there):
    raw(OWN_TWIN)
    with contextlib.suppress(DBAPIError):
        raw(OWN_TWIN.replace("INSERT", "INSERT OR REPLACE").replace("张三", "张四"))

    acts = [row[0] for row in what_lies_there(
        "SELECT operation FROM change_row WHERE table_name = 'student' AND pk = 5 ORDER BY id"
    )]
    assert acts in (["insert"], ["insert", "delete", "insert"])


@on_sqlite
def test_sqlite_a_cursor_of_the_driver_meets_the_wall_after_a_write(engine, all_children, 康宁干部):
    with ScopedSession(engine, 康宁干部.scope, writing=True) as session:
        with recording(session, 康宁干部, "试"):
            session.execute(update(Student).values(note="甲"))
            driver = session.connection().connection.driver_connection
            assert driver.execute("SELECT name FROM student").fetchall() == [("李明",)]
            with pytest.raises(engine.dialect.dbapi.Error):
                driver.execute("SELECT name FROM main.student").fetchall()


@on_sqlite
def test_sqlite_writes_of_the_own_village_get_through(raw, what_lies_there):
    """The control of all the refusals above."""
    raw(OWN_TWIN)
    assert raw("UPDATE student SET note = '甲' WHERE id = 5 RETURNING note") == [("甲",)]
    assert raw(
        f"INSERT INTO {STUDENT} VALUES (5, '990101400001', '张三', '1', 'unknown') "
        "ON CONFLICT (id) DO UPDATE SET note = '乙' RETURNING name, note"
    ) == [("张三", "乙")]
    raw("DELETE FROM student WHERE id = 5")

    assert what_lies_there("SELECT id FROM student WHERE id = 5") == []


@on_sqlite
def test_sqlite_the_scope_stands_inside_likely_so_that_a_better_index_is_used(engine, district, 城区管理员):
    seen: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    with ScopedSession(engine, 城区管理员.scope) as session:
        session.scalars(select(Student)).all()

    assert any("likely(" in statement for statement in seen)


def test_a_scope_covers_what_lies_under_its_prefix():
    scope = Scope.under("990101400")

    assert scope.covers(Wall.CHILD, "990101400001")
    assert scope.covers(Wall.OFFICE, "990101400999")
    assert not scope.covers(Wall.CHILD, "990101401000")
    assert not scope.covers(Wall.CHILD, "990101399999")
    assert not scope.covers(Wall.CHILD, None)
    assert not scope.covers(Wall.SYSTEM, None)
    assert Scope.under("").covers(Wall.CHILD, "999999999999")
    assert not Scope.under("", child_data=False).covers(Wall.CHILD, "990101400001")
    assert not Scope.nothing().covers(Wall.OFFICE, "990101400001")
    assert Scope.under("") != Scope.everything()
