"""A page of 50 children behind both walls, beside the same rows asked for by hand.

    python -m benchmarks.walls [--store sqlite|postgresql|both]

Product: a new `ScopedSession` of the township's administrator and `listing.page_of` (keys first, then
the rows as ORM objects; criteria on every statement, views or row-level security underneath). By hand:
a plain SQLAlchemy `Session` on an engine without any wall, one `SELECT` of the same range, order and
columns, also as ORM objects. Both take turns on the same 10,000 children; medians.
"""

from statistics import median
from typing import Any

from sqlalchemy import Engine, event, func, select, text
from sqlalchemy.orm import Session

from admin_app import listing, store
from admin_app.access.scope import ScopedSession
from benchmarks.children import add_children
from benchmarks.roster_file import TOWNSHIP
from benchmarks.stores import Place, place, seconds, stores_asked, table
from models.student import Student

CHILDREN, PAGE, ROUNDS = 10_000, 50, 101
TARGET = 2.5
PAGES = {"first": 0, "100th": 99}


def _by_hand(engine: Engine, page: int) -> list[Any]:
    with Session(engine) as session:
        inside = (Student.region_code >= TOWNSHIP[:9], Student.region_code < TOWNSHIP[:9] + ":")
        if engine.dialect.name == "sqlite":  # or its planner sorts the whole range (measured.md §3.1)
            inside = tuple(map(func.likely, inside))
        query = select(Student).where(*inside)
        return list(session.scalars(query.order_by(Student.region_code, Student.id).offset(page * PAGE).limit(PAGE)))


def _behind_walls(engine: Engine, where: Place, page: int) -> list[Any]:
    with ScopedSession(engine, where.actor.scope) as session:
        return listing.page_of(session, listing.Wanted(Student), page, PAGE)


def _engine_without_walls(url: str) -> Engine:
    """Pooled, as the product's is; in PostgreSQL the policies bind the owner too, so each connection
    opens them once."""
    if url.startswith("sqlite"):
        return store._engine(url)
    engine = store._engine(url)

    @event.listens_for(engine, "connect")
    def see_everything(connection: Any, _record: Any) -> None:
        for name, value in (("child_lo", ""), ("child_hi", ":"), ("office_lo", ""), ("office_hi", ":")):
            connection.execute("SELECT set_config(%s, %s, false)", (f"app.{name}", value))
        connection.commit()

    return engine


def measure(where: Place) -> None:
    lines = []
    with where.opened() as (url, engine):
        add_children(engine, where.actor, CHILDREN)
        plain = _engine_without_walls(url)
        if where.store == "postgresql":
            with plain.begin() as connection:
                connection.execute(text("ANALYZE"))  # as autovacuum does soon after
        for name, page in PAGES.items():
            same = [s.id for s in _by_hand(plain, page)] == [s.id for s in _behind_walls(engine, where, page)]
            assert same
            hand, walled = [], []
            for _ in range(ROUNDS):
                hand.append(seconds(lambda page=page: _by_hand(plain, page)))
                walled.append(seconds(lambda page=page: _behind_walls(engine, where, page)))
            low, high = median(hand), median(walled)
            lines.append([name, f"{low * 1000:.2f}", f"{high * 1000:.2f}", f"{high / low:.2f}"])
        plain.dispose()
    print(f"\nA page of {PAGE} of {CHILDREN:,} children, {where.store} (ms, median of {ROUNDS}; target {TARGET:g} ×)")
    print(table(("page", "by hand", "walls", "ratio"), lines))


def main() -> None:
    for name in stores_asked(__doc__):
        with place(name) as where:
            measure(where)


if __name__ == "__main__":
    main()
