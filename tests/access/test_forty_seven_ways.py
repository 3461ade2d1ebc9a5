"""The forty-seven ways round a wall (measured.md §2.3), tried by the officer of 康宁 on 王芳 of 牧童.

Each way is tried on the officer's own child 李明 as well, so that a refusal has a reason other than
a broken query; where a way is refused outright, the refusal is the control. Around every test the
rows of all other places are compared, so that nothing outside 康宁 has changed, whatever happened.
"""

import contextlib
from collections.abc import Callable, Iterator
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import (
    Engine,
    Integer,
    delete,
    exists,
    func,
    inspect,
    insert,
    literal,
    select,
    text,
    union,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, IntegrityError, InvalidRequestError
from sqlalchemy.orm import (
    Session,
    aliased,
    column_property,
    joinedload,
    make_transient_to_detached,
    registry,
    relationship,
    selectinload,
    subqueryload,
    with_parent,
)
from sqlalchemy.orm.exc import ObjectDeletedError, StaleDataError

from admin_app.access.actor import Actor
from admin_app.access.scope import OutsideScope, Scope, ScopedSession, unscoped
from admin_app.changes.ledger import recording
from models.account import Account, Grant
from models.base import models, table_of
from models.guardian import Guardian
from models.household import Household
from models.school import School
from models.student import Student
from seed import makers

REFUSED = (OutsideScope, DBAPIError)
Act = Callable[[Session], Any]


@pytest.fixture
def session(engine: Engine, district: SimpleNamespace, 康宁干部: Actor) -> Iterator[ScopedSession]:
    """A reading session of the officer of 康宁."""
    with ScopedSession(engine, 康宁干部.scope) as session:
        yield session


@pytest.fixture
def commit(engine: Engine, district: SimpleNamespace, 康宁干部: Actor) -> Callable[[Act], Any]:
    """Does something as the officer of 康宁, inside a recording, and commits it."""

    def run(act: Act) -> Any:
        with ScopedSession(engine, 康宁干部.scope, writing=True) as session:
            with recording(session, 康宁干部, "试"):
                return act(session)

    return run


@pytest.fixture
def 王芳(engine: Engine, district: SimpleNamespace) -> Student:
    """王芳 with all her columns, taken out of a session that may see her."""
    return _detached(engine, Student, district.王芳.id)


@pytest.fixture
def 李明(engine: Engine, district: SimpleNamespace) -> Student:
    return _detached(engine, Student, district.李明.id)


def _detached(engine: Engine, model: type[Any], pk: int) -> Any:
    with unscoped(engine, "an object from another session") as wide:
        record = wide.get_one(model, pk)
        wide.expunge(record)
    return record


@pytest.fixture
def crossed(engine: Engine, district: SimpleNamespace, 城区管理员: Actor) -> SimpleNamespace:
    """Relations that cross a border: an account of 康宁 also holds a grant in 牧童, and an account of
    牧童 holds one in 康宁. (For a child and its family the schema makes this impossible.)"""
    ids = {}
    with unscoped(engine, "grants across a border", writing=True) as wide:
        with recording(wide, 城区管理员, "授权"):
            for key, home in (("ours", district.康宁), ("theirs", district.牧童)):
                ids[key] = makers.account(wide, home, key).id
                for place in (district.康宁, district.牧童):
                    grant = Grant(account_id=ids[key], region_code=place, role="village_officer",
                                  since=date(2026, 1, 1))
                    wide.add(grant)
                    wide.flush()
                    ids[f"{key}_in_{place}"] = grant.id
    return SimpleNamespace(
        ours=ids["ours"], theirs=ids["theirs"],
        ours_here=ids[f"ours_in_{district.康宁}"], theirs_here=ids[f"theirs_in_{district.康宁}"],
        theirs_there=ids[f"theirs_in_{district.牧童}"],
    )


@pytest.fixture(autouse=True)
def everything_outside(request: pytest.FixtureRequest, owner: Engine, district: SimpleNamespace
                       ) -> Iterator[None]:
    """Compares every row of every other place before and after the test."""
    for prepared in ("crossed", "王芳", "李明"):
        if prepared in request.fixturenames:
            request.getfixturevalue(prepared)
    before = _rows_outside(owner, district.康宁)
    assert any("王芳" in str(row) for row in before["student"])
    yield
    assert _rows_outside(owner, district.康宁) == before


def _rows_outside(owner: Engine, village: str) -> dict[str, list[tuple[Any, ...]]]:
    rows = {}
    with owner.connect() as connection:
        for model in models():
            table = table_of(model)
            query = select(table).order_by(table.c.id)
            if model.__region__:
                query = query.where(table.c[model.__region__] != village)
            # As text: the values must be those that lie there, not what a type makes of them.
            rows[table.name] = [tuple(map(str, row)) for row in connection.execute(query)]
    rows.pop("school")
    return rows


def _cannot(commit: Callable[[Act], Any], act: Act) -> None:
    """The act is refused, or finds nothing to do. That nothing happened is checked around the
    test."""
    with contextlib.suppress(*REFUSED):
        commit(act)


def _note(what_lies_there: Callable[[str], Any], pk: int) -> str | None:
    return what_lies_there(f"SELECT note FROM student WHERE id = {pk}")[0][0]


def _names(rows: Any) -> list[str]:
    return sorted(row if isinstance(row, str) else row.name for row in rows)


# --- reading by the ORM -----------------------------------------------------------------------------


def test_01_selecting_children_gives_those_of_the_own_village(session):
    assert _names(session.scalars(select(Student))) == ["李明"]


def test_02_getting_a_child_of_another_village_by_its_number_gives_none(session, district):
    assert session.get(Student, district.王芳.id) is None
    assert session.get(Student, district.李明.id).name == "李明"


def test_03_a_child_from_elsewhere_cannot_be_put_into_the_identity_map(session, 王芳, 李明):
    with pytest.raises(OutsideScope):
        session.add(王芳)

    assert session.get(Student, 王芳.id) is None
    session.add(李明)
    assert session.get(Student, 李明.id) is 李明


def test_03_a_forged_object_with_the_number_of_a_child_elsewhere_shows_nothing(session, district):
    forged = Student(id=district.王芳.id, region_code=district.康宁)
    make_transient_to_detached(forged)
    session.add(forged)

    with pytest.raises(ObjectDeletedError):
        _ = forged.name

    own = Student(id=district.李明.id, region_code=district.康宁)
    make_transient_to_detached(own)
    session.add(own)
    assert own.name == "李明"


def test_03_a_forged_object_that_says_no_village_is_not_let_in(session, district):
    forged = Student(id=district.王芳.id)
    make_transient_to_detached(forged)

    with pytest.raises(OutsideScope):
        session.add(forged)


def test_04_the_scope_of_a_session_cannot_be_changed_under_what_it_has_loaded(
    engine, district, 城区管理员, 康宁干部
):
    with ScopedSession(engine, 城区管理员.scope) as wide:
        loaded = wide.get(Student, district.王芳.id)
        assert loaded.name == "王芳"
        with pytest.raises(AttributeError):
            wide.scope = 康宁干部.scope
        with pytest.raises(AttributeError):
            wide.scope.child = 康宁干部.scope.child

    with ScopedSession(engine, 康宁干部.scope) as narrow:
        with pytest.raises(OutsideScope):
            narrow.add(loaded)
        assert narrow.get(Student, district.王芳.id) is None
        assert narrow.get(Student, district.李明.id).name == "李明"


def test_05_a_lazy_collection_holds_only_what_lies_inside(session, district, crossed):
    assert [child.name for child in session.get(Household, district.李明.household_id).students] == ["李明"]
    assert [grant.id for grant in session.get(Account, crossed.ours).grants] == [crossed.ours_here]


def test_05_a_family_with_a_child_of_another_village_is_refused_by_the_database(
    engine, district, 康宁干部
):
    def settle(village: str) -> None:
        with unscoped(engine, "even over all rows", writing=True) as wide:
            with recording(wide, 康宁干部, "登记"):
                wide.add(Student(region_code=village, household_id=district.李明.household_id, name="刘洋"))

    with pytest.raises(IntegrityError):
        settle(district.牧童)
    settle(district.康宁)


def test_06_a_lazy_reference_to_a_row_outside_is_none(session, crossed, district):
    assert session.get(Grant, crossed.theirs_here).account is None
    assert session.get(Grant, crossed.ours_here).account.username == "ours"
    assert session.get(Student, district.李明.id).household.head_name == "李建国"


@pytest.mark.parametrize("load", [joinedload, selectinload, subqueryload],
                         ids=["7a-joined", "7b-selectin", "7c-subquery"])
def test_07_an_eagerly_loaded_collection_holds_only_what_lies_inside(session, crossed, load):
    accounts = session.scalars(select(Account).options(load(Account.grants))).unique().all()

    assert [account.username for account in accounts] == ["ours"]
    assert [grant.id for grant in accounts[0].grants] == [crossed.ours_here]


@pytest.mark.parametrize("load", [joinedload, selectinload, subqueryload],
                         ids=["7a-joined", "7b-selectin", "7c-subquery"])
def test_07_eagerly_loaded_families_and_children_are_those_of_the_own_village(session, load):
    homes = session.scalars(select(Household).options(load(Household.students))).unique().all()

    assert [(home.head_name, _names(home.students)) for home in homes] == [("李建国", ["李明"])]


def test_08_an_eagerly_joined_reference_to_a_row_outside_is_none(session, crossed):
    grants = session.scalars(select(Grant).options(joinedload(Grant.account))).all()

    by_id = {grant.id: grant.account and grant.account.username for grant in grants}
    assert by_id == {crossed.ours_here: "ours", crossed.theirs_here: None}


def test_09_selected_columns_are_of_the_own_village(session):
    assert session.execute(select(Student.name, Student.region_code)).all() == [("李明", "990101400001")]


def test_10_count_with_select_from_counts_the_own_village(session):
    assert session.scalar(select(func.count()).select_from(Student)) == 1


def test_11_count_of_a_column_counts_the_own_village(session):
    assert session.scalar(select(func.count(Student.id))) == 1


def test_12_an_alias_is_walled_as_well(session):
    other = aliased(Student)

    assert _names(session.scalars(select(other))) == ["李明"]
    assert session.scalars(select(other).where(other.name == "王芳")).all() == []


def test_13_a_join_with_its_own_condition_finds_nothing_outside(session):
    neighbour = aliased(Student)
    joined = select(neighbour.name).select_from(Student).join(
        neighbour, neighbour.school_id == Student.school_id
    )

    assert session.scalars(joined).all() == ["李明"]


def test_14_a_subquery_holds_only_what_lies_inside(session):
    inner = select(Student.name).subquery()

    assert session.scalars(select(inner.c.name)).all() == ["李明"]


def test_15_a_common_table_expression_holds_only_what_lies_inside(session):
    inner = select(Student.name).cte("children")

    assert session.scalars(select(inner.c.name)).all() == ["李明"]


def test_16_no_part_of_a_union_reaches_outside(session):
    both = union_all(select(Student.name), select(Student.name).where(Student.name == "王芳"))

    assert session.scalars(both).all() == ["李明"]


@pytest.mark.parametrize(("name", "answer"), [("王芳", False), ("李明", True)])
def test_17_exists_does_not_tell_whether_a_child_is_there(session, name, answer):
    assert session.scalar(select(exists().where(Student.name == name))) is answer
    schools = session.scalars(select(School.name).where(
        exists().where(Student.name == name, Student.school_id == School.id)
    )).all()
    assert schools == (["示范小学"] if answer else [])


@pytest.mark.parametrize(("name", "count"), [("王芳", 0), ("李明", 1)])
def test_18_a_scalar_subquery_in_a_column_counts_the_own_village(session, name, count):
    inner = select(func.count(Student.id)).where(
        Student.school_id == School.id, Student.name == name
    ).scalar_subquery()

    assert session.execute(select(School.name, inner)).all() == [("示范小学", count)]


@pytest.fixture
def with_properties() -> Iterator[type[Any]]:
    """Schools, mapped a second time: with a count of children, and with families through the table
    of children. No model has such properties today."""
    second = registry()

    class SchoolWithProperties:
        pass

    children = table_of(Student)
    second.map_imperatively(SchoolWithProperties, table_of(School), properties={
        "number_of_children": column_property(
            select(func.count(Student.id)).where(Student.school_id == table_of(School).c.id)
            .correlate(table_of(School)).scalar_subquery()
        ),
        "families": relationship(
            Household, secondary=children, viewonly=True,
            primaryjoin=table_of(School).c.id == children.c.school_id,
            secondaryjoin=children.c.household_id == table_of(Household).c.id,
        ),
    })
    yield SchoolWithProperties
    second.dispose()


def test_19_a_counting_property_of_an_unwalled_table_counts_the_own_village(
    session, district, with_properties
):
    assert session.get(with_properties, district.school_id).number_of_children == 1


@pytest.mark.parametrize("load", [None, joinedload, selectinload, subqueryload])
def test_20_many_to_many_through_the_children_gives_the_own_families(session, with_properties, load):
    query = select(with_properties)
    query = query.options(load(with_properties.families)) if load else query

    school = session.scalars(query).unique().one()

    assert [home.head_name for home in school.families] == ["李建国"]


def test_21_the_legacy_query_gives_the_own_village(session):
    assert _names(session.query(Student).all()) == ["李明"]
    assert session.query(Student).filter_by(name="王芳").all() == []


def test_22_the_legacy_count_counts_the_own_village(session):
    assert session.query(Student).count() == 1


def test_23_refreshing_a_detached_object_shows_nothing_outside(session, district, 王芳, 李明):
    with pytest.raises(OutsideScope):
        session.add(王芳)
    with pytest.raises(InvalidRequestError):
        session.refresh(王芳)
    forged = Student(id=district.王芳.id, region_code=district.康宁)
    make_transient_to_detached(forged)
    session.add(forged)
    with pytest.raises(InvalidRequestError):
        session.refresh(forged)
    assert inspect(forged).dict.get("name") is None

    session.add(李明)
    session.refresh(李明)
    assert 李明.name == "李明"


# --- bulk writes by the ORM -------------------------------------------------------------------------


def test_24_a_bulk_update_stays_inside(commit, what_lies_there, district):
    touched = commit(lambda s: s.execute(update(Student).values(note="甲")).rowcount)

    assert touched == 1
    assert _note(what_lies_there, district.李明.id) == "甲"
    assert commit(
        lambda s: s.execute(update(Student).where(Student.name == "王芳").values(note="乙")).rowcount
    ) == 0


def test_24_a_bulk_update_cannot_move_a_child_out(commit, district):
    def move(to: str) -> Act:
        return lambda s: s.execute(
            update(Student).where(Student.id == district.李明.id).values(region_code=to, household_id=None)
        )

    with pytest.raises(REFUSED):
        commit(move(district.牧童))


def test_25_a_bulk_delete_stays_inside(commit, what_lies_there):
    assert commit(lambda s: s.execute(delete(Guardian)).rowcount) == 1

    assert sorted(what_lies_there("SELECT name FROM guardian")) == [("王建国",), ("赵建国",)]


def test_26_an_update_by_a_list_of_keys_is_refused(commit, district):
    for child in (district.王芳, district.李明):
        with pytest.raises(REFUSED):
            commit(lambda s, pk=child.id: s.execute(update(Student), [{"id": pk, "note": "甲"}]))


def test_27_bulk_update_mappings_is_refused(commit, district):
    for child in (district.王芳, district.李明):
        with pytest.raises(OutsideScope):
            commit(lambda s, pk=child.id: s.bulk_update_mappings(Student, [{"id": pk, "note": "甲"}]))


def test_27_bulk_save_objects_is_refused_and_bulk_inserts_stay_inside(commit, district, 王芳):
    with pytest.raises(OutsideScope):
        commit(lambda s: s.bulk_save_objects([王芳]))
    with pytest.raises(REFUSED):
        commit(lambda s: s.bulk_insert_mappings(
            Student, [{"region_code": district.牧童, "name": "刘洋", "schooling_state": "unknown"}]
        ))

    commit(lambda s: s.bulk_insert_mappings(
        Student, [{"region_code": district.康宁, "name": "刘洋", "schooling_state": "unknown"}]
    ))


# --- Core and text ----------------------------------------------------------------------------------


def test_28_selecting_the_table_gives_the_own_village(session):
    assert _names(session.execute(select(Student.__table__)).all()) == ["李明"]


def test_29_selecting_a_column_of_the_table_gives_the_own_village(session):
    assert session.scalars(select(Student.__table__.c.name)).all() == ["李明"]


def test_30_text_gives_the_own_village(session):
    assert session.scalars(text("SELECT name FROM student")).all() == ["李明"]


def test_31_objects_from_text_are_of_the_own_village(session):
    query = select(Student).from_statement(text("SELECT * FROM student ORDER BY id"))

    assert _names(session.scalars(query)) == ["李明"]


def test_32_the_connection_of_the_session_gives_the_own_village(session):
    connection = session.connection()

    assert connection.execute(select(Student.__table__.c.name)).scalars().all() == ["李明"]
    assert connection.exec_driver_sql("SELECT name FROM student").scalars().all() == ["李明"]


def test_33_updating_the_table_touches_nothing_outside(commit, what_lies_there, district):
    table = Student.__table__

    _cannot(commit, lambda s: s.execute(update(table).where(table.c.name == "王芳").values(note="甲")))
    _cannot(commit, lambda s: s.execute(update(table).values(note="甲")))
    commit(lambda s: s.execute(update(table).where(table.c.name == "李明").values(note="乙")))

    assert _note(what_lies_there, district.李明.id) == "乙"


def test_33_deleting_from_the_table_touches_nothing_outside(commit, what_lies_there):
    table = Guardian.__table__

    _cannot(commit, lambda s: s.execute(delete(table).where(table.c.name == "王建国")))
    commit(lambda s: s.execute(delete(table).where(table.c.name == "李建国")))

    assert what_lies_there("SELECT name FROM guardian WHERE name = '李建国'") == []


# --- writing objects --------------------------------------------------------------------------------


def test_34_a_child_cannot_be_inserted_outside(commit, district, what_lies_there):
    def born(village: str) -> Act:
        return lambda s: s.add(Student(region_code=village, name="刘洋"))

    with pytest.raises(OutsideScope):
        commit(born(district.牧童))
    for core in (insert(Student), insert(Student.__table__)):
        with pytest.raises(REFUSED):
            commit(lambda s, core=core: s.execute(core.values(
                region_code=district.牧童, name="刘洋", identity_kind="1", schooling_state="unknown"
            )))
    commit(born(district.康宁))

    assert what_lies_there("SELECT region_code FROM student WHERE name = '刘洋'") == [(district.康宁,)]


def test_34_nothing_can_be_hung_on_a_child_outside(commit, district, what_lies_there):
    def guard(child: Any) -> Act:
        return lambda s: s.add(
            Guardian(region_code=district.康宁, student_id=child.id, name="刘建国")
        )

    with pytest.raises(REFUSED):
        commit(guard(district.王芳))
    commit(guard(district.李明))

    assert what_lies_there("SELECT student_id FROM guardian WHERE name = '刘建国'") == [(district.李明.id,)]


def test_35_a_child_cannot_be_moved_out_by_its_code(commit, district, what_lies_there):
    def move(session: Session) -> None:
        child = session.get(Student, district.李明.id)
        child.household_id, child.region_code = None, district.牧童

    with pytest.raises(OutsideScope):
        commit(move)
    assert what_lies_there(f"SELECT region_code FROM student WHERE id = {district.李明.id}") == [(district.康宁,)]


def test_35_a_whole_family_cannot_be_moved_out(commit, district):
    def move(session: Session) -> None:
        session.get(Household, district.李明.household_id).region_code = district.牧童

    with pytest.raises(OutsideScope):
        commit(move)
    with pytest.raises(REFUSED):
        commit(lambda s: s.execute(text(f"UPDATE household SET region_code = '{district.牧童}'")))


def test_35_a_child_cannot_be_moved_out_by_its_family(engine, commit, district, what_lies_there):
    theirs = _detached(engine, Household, district.王芳.household_id)

    def move(session: Session) -> None:
        session.get(Student, district.李明.id).household = theirs

    def forge(session: Session) -> None:
        forged = Household(id=district.王芳.household_id, region_code=district.康宁)
        make_transient_to_detached(forged)
        session.get(Student, district.李明.id).household = forged

    def move_inside(session: Session) -> None:
        session.get(Student, district.李明.id).household = makers.household(session, district.康宁)

    with pytest.raises(OutsideScope):
        commit(move)
    with pytest.raises(REFUSED):
        commit(forge)
    commit(move_inside)

    home = what_lies_there(f"SELECT household_id FROM student WHERE id = {district.李明.id}")[0][0]
    assert home not in (district.李明.household_id, district.王芳.household_id)


def test_35_a_child_cannot_be_pulled_in_through_a_collection(commit, district, 王芳):
    def pull(session: Session) -> None:
        home = session.get(Household, district.李明.household_id)
        home.students.append(王芳)

    with pytest.raises(OutsideScope):
        commit(pull)


def test_36_merging_without_loading_is_refused(commit, 王芳, 李明):
    for child in (王芳, 李明):
        with pytest.raises(OutsideScope):
            commit(lambda s, child=child: s.merge(child, load=False))


def test_36_merging_with_loading_touches_nothing_outside(commit, 王芳, 李明, what_lies_there):
    for child in (王芳, 李明):
        child.note = "甲"

    with pytest.raises(REFUSED):
        commit(lambda s: s.merge(王芳))
    commit(lambda s: s.merge(李明))

    assert _note(what_lies_there, 李明.id) == "甲"


def test_37_a_changed_row_from_elsewhere_cannot_be_added(
    commit, district, 王芳, 李明, what_lies_there
):
    for child in (王芳, 李明):
        child.note = "甲"

    with pytest.raises(OutsideScope):
        commit(lambda s: s.add(王芳))
    commit(lambda s: s.add(李明))

    assert _note(what_lies_there, district.李明.id) == "甲"


def test_37_a_row_from_elsewhere_is_not_let_in_by_a_new_code(commit, 王芳, district):
    王芳.region_code, 王芳.household_id = district.康宁, None

    with pytest.raises(OutsideScope):
        commit(lambda s: s.add(王芳))


def test_37_a_forged_object_changes_nothing_outside(commit, district, what_lies_there):
    def forge(child: Any) -> Act:
        def act(session: Session) -> None:
            forged = Student(id=child.id, region_code=district.康宁)
            make_transient_to_detached(forged)
            session.add(forged)
            forged.note = "甲"

        return act

    with pytest.raises((*REFUSED, StaleDataError)):
        commit(forge(district.王芳))
    commit(forge(district.李明))

    assert _note(what_lies_there, district.李明.id) == "甲"


def test_38_a_row_from_elsewhere_cannot_be_deleted(engine, commit, district, what_lies_there):
    theirs = _detached(engine, Guardian, district.王芳.guardian_id)
    own = _detached(engine, Guardian, district.李明.guardian_id)

    with pytest.raises(OutsideScope):
        commit(lambda s: s.delete(theirs))
    commit(lambda s: s.delete(own))

    assert what_lies_there("SELECT name FROM guardian WHERE name = '李建国'") == []


def test_38_a_forged_object_deletes_nothing_outside(commit, district):
    def forge(session: Session) -> None:
        forged = Guardian(id=district.王芳.guardian_id, region_code=district.康宁)
        make_transient_to_detached(forged)
        session.delete(forged)

    with pytest.raises((*REFUSED, ObjectDeletedError, StaleDataError)):
        commit(forge)


def test_39_inserting_from_a_query_copies_nothing_from_outside(commit, district, what_lies_there):
    for source in (Student, Student.__table__.c):
        commit(lambda s, source=source: s.execute(insert(Guardian).from_select(
            ["region_code", "student_id", "name"],
            select(literal(district.康宁), literal(district.李明.id, Integer), "抄" + source.name),
        )))

    copied = what_lies_there("SELECT name FROM guardian WHERE name LIKE '抄%'")
    assert copied == [("抄李明",), ("抄李明",)]


@pytest.mark.parametrize("source", [Student, Student.__table__.c], ids=["entity", "table"])
def test_40_a_correlated_subquery_brings_nothing_from_outside(commit, district, what_lies_there, source):
    def copy_name(of: Any) -> Act:
        other = aliased(Student) if source is Student else Student.__table__.alias("other").c
        value = select(other.name).where(other.id == of.id, other.school_id == Student.school_id)
        return lambda s: s.execute(
            update(Student).where(Student.id == district.李明.id).values(note=value.scalar_subquery())
            .execution_options(synchronize_session=False)
        )

    commit(copy_name(district.李明))
    assert _note(what_lies_there, district.李明.id) == "李明"

    commit(copy_name(district.王芳))
    assert _note(what_lies_there, district.李明.id) is None


def test_41_with_parent_finds_nothing_outside(engine, session, district):
    theirs = _detached(engine, Household, district.王芳.household_id)
    own = session.get(Household, district.李明.household_id)

    assert session.scalars(select(Student).where(with_parent(theirs, Household.students))).all() == []
    assert _names(session.scalars(select(Student).where(with_parent(own, Household.students)))) == ["李明"]


@pytest.mark.parametrize("inner", [select(Student), select(Student.__table__)], ids=["entity", "table"])
def test_42_an_entity_over_a_subquery_is_walled(session, inner):
    assert _names(session.scalars(select(aliased(Student, inner.subquery())))) == ["李明"]


@pytest.mark.parametrize(("name", "found"), [("王芳", []), ("李明", ["李建国"])])
def test_43_any_does_not_tell_whether_a_child_is_there(session, with_properties, name, found):
    homes = select(Household.head_name).where(Household.students.any(Student.name == name))

    assert session.scalars(homes).all() == found


def test_43_any_does_not_tell_about_rows_across_a_border(session, crossed, district):
    def holding_a_grant_in(place: str) -> list[str]:
        return list(session.scalars(
            select(Account.username).where(Account.grants.any(Grant.region_code == place))
        ))

    assert holding_a_grant_in(district.牧童) == []
    assert holding_a_grant_in(district.康宁) == ["ours"]


@pytest.mark.parametrize("source", [Student, Student.__table__], ids=["entity", "table"])
def test_44_objects_from_a_union_are_of_the_own_village(session, source):
    name = Student.name if source is Student else source.c.name
    both = union(select(source), select(source).where(name == "王芳"))

    assert _names(session.scalars(select(Student).from_statement(both))) == ["李明"]


@pytest.mark.parametrize("target", [Student, Student.__table__], ids=["entity", "table"])
def test_45_an_upsert_on_a_key_outside_changes_and_returns_nothing(
    commit, district, what_lies_there, target, engine
):
    dialect_insert = sqlite.insert if engine.dialect.name == "sqlite" else postgresql.insert

    def upsert(pk: int) -> Act:
        statement = dialect_insert(target).values(
            id=pk, region_code=district.康宁, name="刘洋", identity_kind="1", schooling_state="unknown"
        )
        statement = statement.on_conflict_do_update(index_elements=["id"], set_={"note": "甲"})
        returned = Student.name if target is Student else target.c.name
        return lambda s: s.scalars(statement.returning(returned)).all()

    returned_from_outside: list[str] = []
    _cannot(commit, lambda s: returned_from_outside.extend(upsert(district.王芳.id)(s)))
    assert returned_from_outside == []
    assert commit(upsert(district.李明.id)) == ["李明"]
    assert _note(what_lies_there, district.李明.id) == "甲"


def test_a_session_over_nothing_sees_nothing(engine, district):
    with ScopedSession(engine, Scope.nothing()) as nobody:
        assert nobody.scalars(select(Student)).all() == []
        assert nobody.scalars(text("SELECT name FROM student")).all() == []
        assert nobody.scalar(select(School.name)) == "示范小学"
