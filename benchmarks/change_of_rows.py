"""A change of 10,000 children with its ledger, and its undo, beside the same written by hand in SQL.

    python -m benchmarks.change_of_rows [--store sqlite|postgresql|both]

Product: one `UPDATE` of two columns inside `recording`, then `changes.undo.undo`; triggers write the ledger.
By hand, on the same database with the same indexes, but without the product's triggers and walls: one
transaction of `INSERT … SELECT` into change_row (the same before and after texts) and the `UPDATE`; the undo by
hand inserts the swapped texts and sets the old values read from the ledger's JSON. Both begin on copies of the
same database; they take turns; medians.
"""

import sqlite3
from contextlib import closing
from statistics import median

import psycopg
from sqlalchemy import func, make_url, select, text, update

from admin_app.access.scope import ScopedSession, unscoped
from admin_app.changes.ledger import recording
from admin_app.changes.undo import undo
from admin_app.store import owner_engine
from benchmarks.children import add_children
from benchmarks.stores import Place, place, seconds, stores_asked, table
from models.change import ChangeRow
from models.student import Student

ROWS, ROUNDS = 10_000, 7
TARGET = 1.5
GRADE, CLASS = "14", "9班"
_COLUMNS = '(change_id, table_name, pk, region_code, operation, columns, "before", "after")'
_CHANGE = ("INSERT INTO change (at, actor, role, origin, verb, request_id, region_code) VALUES "
           "('2026-01-01 00:00:00', 'hand', 'administrator', 'command', 'hand', '', '140722400000')")
OPEN_POLICIES = text("SELECT set_config('app.child_lo', '', false), set_config('app.child_hi', '\\:', false), "
                     "set_config('app.office_lo', '', false), set_config('app.office_hi', '\\:', false)")


def _quoted(store: str, value: str) -> str:
    return f"json_quote({value})" if store == "sqlite" else f"to_json({value})::text"


def _pair(store: str, grade: str, class_name: str) -> str:
    return (f"'{{\"grade\":' || {_quoted(store, grade)} || ',\"class_name\":' || "
            f"{_quoted(store, class_name)} || '}}'")


def change_by_hand(store: str, change: int) -> list[str]:
    cast = "" if store == "sqlite" else "::text"
    after = _pair(store, f"'{GRADE}'{cast}", f"'{CLASS}'{cast}")
    return [
        f"INSERT INTO change_row {_COLUMNS} SELECT {change}, 'student', id, region_code, 'update', 'grade,class_name', "
        f"{_pair(store, 'grade', 'class_name')}, {after} FROM student",
        f"UPDATE student SET grade = '{GRADE}', class_name = '{CLASS}'",
    ]


def undo_by_hand(store: str, change: int) -> list[str]:
    def old(name: str) -> str:
        return (f"json_extract(c.\"before\", '$.{name}')" if store == "sqlite" else f"c.\"before\"::json ->> '{name}'")

    return [
        f"INSERT INTO change_row {_COLUMNS} SELECT {change + 1}, table_name, pk, region_code, operation, columns, "
        f'"after", "before" FROM change_row WHERE change_id = {change}',
        f"UPDATE student SET grade = {old('grade')}, class_name = {old('class_name')} FROM change_row c "
        f"WHERE c.change_id = {change} AND c.pk = student.id AND student.grade = '{GRADE}' "
        f"AND student.class_name = '{CLASS}'",
    ]


def remove_triggers(store: str, url: str) -> int:
    """Takes what records and what guards off the tables, by hand; gives the number of the next change."""
    engine = owner_engine(url)
    with engine.begin() as connection:
        if store == "sqlite":
            names = connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all()
            for name in names:
                connection.execute(text(f'DROP TRIGGER "{name}"'))
            number = connection.scalar(text("SELECT max(id) FROM change"))
        else:
            connection.execute(OPEN_POLICIES)
            number = connection.scalar(text("SELECT max(id) FROM change"))
            for name in connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all():
                connection.execute(text(f'ALTER TABLE "{name}" DISABLE TRIGGER USER'))
                connection.execute(text(f'ALTER TABLE "{name}" DISABLE ROW LEVEL SECURITY'))
    engine.dispose()
    return int(number or 0) + 1


def _analyse(where: Place, url: str) -> None:
    if where.store == "postgresql":
        engine = owner_engine(url)
        with engine.begin() as connection:
            connection.execute(text("ANALYZE"))  # as autovacuum does soon after
        engine.dispose()


def by_hand(where: Place) -> tuple[float, float]:
    with where.opened() as (url, engine):
        add_children(engine, where.actor, ROWS)
        _analyse(where, url)
        engine.dispose()
        change = remove_triggers(where.store, url)

        if where.store == "sqlite":
            connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
            for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON", "cache_size = -32000"):
                connection.execute(f"PRAGMA {pragma}")
        else:
            connection = psycopg.connect(
                make_url(url).set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True)

        def run(statements: list[str]) -> None:
            for statement in ("BEGIN", _CHANGE, *statements, "COMMIT"):
                connection.execute(statement)

        with closing(connection):
            taken = seconds(lambda: run(change_by_hand(where.store, change)))
            _analyse(where, url)
            undone = seconds(lambda: run(undo_by_hand(where.store, change)))
            assert connection.execute("SELECT count(*) FROM student WHERE grade = '13'").fetchone()[0] == ROWS
        return taken, undone


def by_product(where: Place) -> tuple[float, float]:
    def change() -> None:
        with ScopedSession(engine, where.actor.scope, writing=True) as session:
            with recording(session, where.actor, "change") as opened:
                session.execute(update(Student).values(grade=GRADE, class_name=CLASS)
                                .execution_options(synchronize_session=False))
                made.append(opened.id)

    def take_back() -> None:
        with ScopedSession(engine, where.actor.scope, writing=True) as session:
            with recording(session, where.actor, "undo", undoes_id=made[0]) as opened:
                restored.append(undo(session, where.actor, made[0], opened).restored)

    made: list[int] = []
    restored: list[int] = []
    with where.opened() as (url, engine):
        add_children(engine, where.actor, ROWS)
        _analyse(where, url)
        taken = seconds(change)
        _analyse(where, url)
        undone = seconds(take_back)
        assert restored == [ROWS]
        with unscoped(engine, "everything must have been recorded") as session:
            rows = session.scalar(select(func.count()).select_from(ChangeRow).where(ChangeRow.change_id == made[0]))
            assert rows == ROWS
    return taken, undone


def measure(where: Place) -> None:
    hand, product = [], []
    by_product(where)  # the first round compiles the statements
    for _ in range(ROUNDS):
        hand.append(by_hand(where))
        product.append(by_product(where))
    lines = []
    for i, name in enumerate(("change", "undo")):
        low, high = median(one[i] for one in hand), median(one[i] for one in product)
        ratio = median(p[i] / h[i] for p, h in zip(product, hand, strict=True))
        lines.append([name, f"{low:.3f}", f"{high:.3f}", f"{ROWS / high:,.0f}", f"{ratio:.2f}"])
    print(f"\nA change of {ROWS:,} rows and its undo, {where.store} (seconds, median of {ROUNDS}; target {TARGET:g} ×)")
    print(table(("", "by hand", "product", "rows/s", "ratio"), lines))


def main() -> None:
    for store in stores_asked(__doc__):
        with place(store) as where:
            measure(where)


if __name__ == "__main__":
    main()
