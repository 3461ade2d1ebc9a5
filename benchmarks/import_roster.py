"""Importing a roster, to confirmed and recorded, beside the least that any import must do.

    python -m benchmarks.import_roster [--store sqlite|postgresql|both]

The floor reads the same file with calamine in the same process, and writes the same families, children
and guardians by hand (sqlite3 executemany, psycopg COPY) into plain tables with primary and foreign keys: no
checks, no preview, no sealed numbers, no walls, no ledger. Two more steps up from it show what the register's own
tables cost by hand: the rows that the import left in them, ready made, with all indexes; and its search terms as well.
All take turns on fresh databases; medians. Sealing, which runs after the transaction, is reported apart.
"""

import dataclasses
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

import psycopg
from python_calamine import CalamineWorkbook
from sqlalchemy import func, make_url, select, text

from admin_app.access.scope import ScopedSession, unscoped
from admin_app.changes import seal
from admin_app.collector import settle
from admin_app.exchange import importer, sheet
from admin_app.exchange.sheets import roster_apply
from admin_app.exchange.sheets.roster import ROSTER
from admin_app.store import owner_engine
from benchmarks import roster_file
from benchmarks.change_of_rows import OPEN_POLICIES, remove_triggers
from benchmarks.stores import Place, Stages, place, seconds, stores_asked, table
from models.change import ChangeRow
from models.student import Student

SIZES = {540: 3, 10_000: 3, 20_000: 1}  # rows → rounds
TARGET_ROWS, TARGET = 10_000, 5.0
_HEADER_ROWS = 4
_HOUSEHOLD = ("id", "village", "register_number", "head_name", "identity_number", "hardship")
_STUDENT = ("id", "household_id", "village", "name", "sex", "ethnic_group", "identity_number", "birth_date", "school",
            "grade", "class_name", "boarding", "special_groups", "at_school", "note")
_GUARDIAN = ("id", "student_id", "village", "name", "phone")
_FLOOR_TABLES = {"floor_household": _HOUSEHOLD, "floor_student": _STUDENT, "floor_guardian": _GUARDIAN}


# --- the floor ----------------------------------------------------------------------------------------


def _read_bare(path: Path) -> list[list[Any]]:
    rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    return [row for row in rows[_HEADER_ROWS:] if isinstance(row[0], float)]


def _bare_rows(rows: list[list[Any]]) -> dict[str, list[tuple[Any, ...]]]:
    households: dict[str, tuple[Any, ...]] = {}
    students, guardians = [], []
    for key, row in enumerate(rows, 1):
        village, number = row[1], row[2]
        home = households.setdefault(number, (len(households) + 1, village, number, row[3], row[4], row[17]))
        students.append((key, home[0], village, row[5], row[6], row[7], row[8], str(row[9]), *row[12:17], *row[18:20]))
        guardians.append((key, key, village, row[10], row[11]))
    return {"floor_household": list(households.values()), "floor_student": students, "floor_guardian": guardians}


def _floor_tables() -> list[str]:
    parents = {"household_id": " REFERENCES floor_household", "student_id": " REFERENCES floor_student"}
    return [
        f"CREATE TABLE {name} (" + ", ".join(
            f"{c} integer PRIMARY KEY" if c == "id" else f"{c} integer{parents[c]}" if c in parents else f"{c} text"
            for c in columns) + ")"
        for name, columns in _FLOOR_TABLES.items()
    ]


def _floor_sqlite(url: str, path: Path) -> None:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = NORMAL")
        found = _bare_rows(_read_bare(path))
        connection.execute("BEGIN IMMEDIATE")
        for name, rows in found.items():
            connection.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(_FLOOR_TABLES[name]))})", rows)
        connection.execute("COMMIT")


def _floor_postgresql(url: str, path: Path) -> None:
    with psycopg.connect(_plain_address(url)) as connection:
        for name, rows in _bare_rows(_read_bare(path)).items():
            with connection.cursor().copy(f"COPY {name} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)


def _plain_address(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def floor(where: Place, path: Path) -> float:
    url = where.fresh()
    engine = owner_engine(url)
    with engine.begin() as connection:
        for statement in _floor_tables():
            connection.execute(text(statement))
    engine.dispose()
    taken = seconds(lambda: (_floor_sqlite if where.store == "sqlite" else _floor_postgresql)(url, path))
    where.drop(url)
    return taken


# --- the same rows, by hand, into the product's own tables ----------------------------------------------


_LEFT = ("school", "household", "student", "guardian", "household_hardship", "special_group_flag")
Rows = dict[str, tuple[list[str], list[Any]]]  # table → its columns, and the rows that an import left in it


def _rows_left(url: str) -> Rows:
    engine = owner_engine(url)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(OPEN_POLICIES)
        found = {name: connection.execute(text(f"SELECT * FROM {name}")) for name in (*_LEFT, "search_term")}
        rows = {name: (list(result.keys()), [tuple(row) for row in result]) for name, result in found.items()}
    engine.dispose()
    return rows


def own_tables(where: Place, path: Path, rows: Rows, names: Sequence[str]) -> float:
    """Reading the file with calamine, and the rows ready made into the product's tables, without trigger or wall."""
    with where.opened() as (url, engine):
        engine.dispose()
        remove_triggers(where.store, url)

        def write() -> None:
            _read_bare(path)
            (_own_sqlite if where.store == "sqlite" else _own_postgresql)(url, {n: rows[n] for n in names})

        return seconds(write)


def _own_sqlite(url: str, rows: Rows) -> None:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
        for pragma in ("foreign_keys = ON", "synchronous = NORMAL", "cache_size = -32000"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("BEGIN IMMEDIATE")
        for name, (columns, found) in rows.items():
            connection.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(columns))})", found)
        connection.execute("COMMIT")


def _own_postgresql(url: str, rows: Rows) -> None:
    with psycopg.connect(_plain_address(url)) as connection:
        for name, (columns, found) in rows.items():
            with connection.cursor().copy(f"COPY {name} ({', '.join(columns)}) FROM STDIN") as copy:
                for row in found:
                    copy.write_row(row)


# --- the product --------------------------------------------------------------------------------------


@contextmanager
def watched(stages: Stages) -> Iterator[None]:
    """Time the stages of an import."""
    roster = dataclasses.replace(ROSTER, plan=stages.timed("plan", ROSTER.plan),
                                 apply=stages.timed("apply", ROSTER.apply))
    insert = roster_apply.insert_rows

    def insert_timed(session: Any, model: Any, rows: Any) -> Any:
        return stages.timed(f"  insert {model.__tablename__}", insert)(session, model, rows)

    with patch.object(importer, "sheet_named", lambda _name: roster), \
            patch.object(sheet, "read_table", stages.timed("  read (child process)", sheet.read_table)), \
            patch.object(importer, "read_upload", stages.timed("read and parse", importer.read_upload)), \
            patch.object(importer, "insert_rows", stages.timed("keep preview", importer.insert_rows)), \
            patch.object(roster_apply, "insert_rows", insert_timed):
        yield


def _import(where: Place, engine: Any, path: Path, count: int, stages: Stages) -> tuple[float, float]:
    """Check and confirm, as the two requests of the wizard do."""

    def check() -> None:
        with ScopedSession(engine, where.actor.scope, writing=True) as session:
            run = importer.check(session, where.actor, importer.sheet_named("roster"), path, path.name)
            session.commit()
            kept.extend((run.id, run.plan_digest))
            assert run.counts["new"] == count, run.counts

    def confirm() -> None:
        with ScopedSession(engine, where.actor.scope, writing=True) as session:
            importer.confirm(session, where.actor, *kept)

    kept: list[Any] = []
    with watched(stages):
        stages.begin()
        return seconds(check), seconds(confirm)


def product(where: Place, path: Path, count: int, stages: Stages, left: Rows | None = None) -> tuple[
        float, float, float]:
    """Seconds for check, confirm and seal on a fresh database; what it left there goes into `left`."""
    with where.opened() as (url, engine):
        checked, confirmed = _import(where, engine, path, count, stages)
        with unscoped(engine, "everything must have been written") as session:
            assert session.scalar(select(func.count()).select_from(Student)) == count
            assert (session.scalar(select(func.count()).select_from(ChangeRow)) or 0) > 2 * count
        sealed = seconds(lambda: seal.seal(engine, where.keys))
        if left is not None:
            left |= _rows_left(url)
        return checked, confirmed, sealed


def without_triggers(where: Place, path: Path, count: int) -> float:
    """What `apply` takes where nothing is recorded: the difference is the triggers'."""
    stages = Stages()
    with where.opened() as (url, engine):
        owner = owner_engine(url)
        with owner.begin() as connection:
            if where.store == "sqlite":
                names = connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger' "
                                                "AND name LIKE 'record%'")).all()
                drops = [f'DROP TRIGGER "{name}"' for name in names]
            else:
                drops = [f'DROP TRIGGER "record_{name}_insert" ON "{name}"' for name in (
                    "school", "household", "student", "guardian", "household_hardship", "special_group_flag")]
            for statement in drops:
                connection.execute(text(statement))
        owner.dispose()
        _import(where, engine, path, count, stages)  # rolled back at its end: a change of nothing
    return stages.medians()["apply"]


def measure(where: Place) -> None:
    lines, shares = [], {}
    settle()  # as a server does
    for count, rounds in SIZES.items():
        path = roster_file.write(where.folder / f"{count}.xlsx", count)
        if not lines:
            product(where, path, count, Stages())  # a server has compiled its statements long ago
        floors, runs, stages, left = [], [], Stages(), {}
        by_hand: list[tuple[float, float]] = []
        for _ in range(rounds):
            floors.append(floor(where, path))
            runs.append(product(where, path, count, stages, left))
            by_hand.append((own_tables(where, path, left, _LEFT), own_tables(where, path, left, tuple(left))))
        low = median(floors)
        checked, confirmed, sealed = (median(run[i] for run in runs) for i in range(3))
        whole = median(run[0] + run[1] for run in runs)
        ratio = median((run[0] + run[1]) / bare for run, bare in zip(runs, floors, strict=True))
        lines.append([f"{count:,}", f"{low:.3f}", f"{checked:.3f}", f"{confirmed:.3f}", f"{whole:.3f}",
                      f"{count / whole:,.0f}", f"{ratio:.2f}", *[f"{whole / median(h[i] for h in by_hand):.2f}"
                                                                 for i in range(2)], f"{sealed:.3f}"])
        shares[count] = stages.medians() | {"check, whole": checked, "confirm, whole": confirmed}
        if count == TARGET_ROWS:
            shares[count]["  triggers (apply with − without)"] = shares[count]["apply"] - without_triggers(
                where, path, count)
    print(f"\nImport of a roster, {where.store} (seconds; target: {TARGET_ROWS:,} rows within {TARGET:g} × the floor)")
    print(table(("rows", "floor", "check", "confirm", "both", "rows/s", "× floor", "× own tables", "× and terms",
                 "(seal)"), lines))
    print("\nWhere the time goes (seconds; indented: part of the stage above)")
    names = ("read and parse", "  read (child process)", "plan", "keep preview", "check, whole", "apply",
             *(f"  insert {name}" for name in ("household", "student", "guardian")),
             "  triggers (apply with − without)", "confirm, whole")
    taken = [[name, *(f"{shares[n][name]:.3f}" if name in shares[n] else "" for n in SIZES)] for name in names]
    print(table(("stage", *(f"{count:,}" for count in SIZES)), taken))


def main() -> None:
    for store in stores_asked(__doc__):
        with place(store) as where:
            measure(where)


if __name__ == "__main__":
    main()
