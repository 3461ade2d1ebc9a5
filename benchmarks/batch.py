"""A batch of 10,000 children: its preview, its application, and its undo, through the product's own services.

    python -m benchmarks.batch [--store sqlite|postgresql|both]

The move is 报疑似辍学 of children at school: a state with two indexes, and a date. Preview: choose all that match, and
judge every record. Apply: judge again, and move them in one change with its ledger rows. Undo: that change.
"""

from datetime import date

from admin_app.access.scope import ScopedSession
from admin_app.changes.ledger import recording
from admin_app.changes.undo import undo
from admin_app.listing import Wanted
from admin_app.services import batches
from benchmarks.children import add_children
from benchmarks.stores import Place, Stages, place, stores_asked, table
from models.student import Student

ROWS, ROUNDS, TARGET = 10_000, 3, 3.0


def once(where: Place, stages: Stages) -> None:
    with where.opened() as (_url, engine):
        add_children(engine, where.actor, ROWS)
        stages.begin()

        def preview() -> None:
            with ScopedSession(engine, where.actor.scope, writing=True) as session:
                run = batches.choose(session, where.actor, Wanted(Student), "suspect")
                batches.check(session, where.actor, run, {"absent_since": date(2026, 9, 1)}, None, None)
                session.commit()
                made.append((run.id, str(run.digest)))

        def apply() -> None:
            with ScopedSession(engine, where.actor.scope, writing=True) as session:
                done = batches.confirm(session, where.actor, *made[0])
                changes.append((done.change_id, done.counts["fit"]))

        def take_back() -> None:
            with ScopedSession(engine, where.actor.scope, writing=True) as session:
                with recording(session, where.actor, "undo", undoes_id=changes[0][0]) as opened:
                    changes.append((opened.id, undo(session, where.actor, changes[0][0], opened).restored))

        made: list[tuple[int, str]] = []
        changes: list[tuple[int, int]] = []
        for name, act in (("preview", preview), ("apply", apply), ("undo", take_back)):
            stages.timed(name, act)()
        assert [count for _, count in changes] == [ROWS, ROWS]


def main() -> None:
    for store in stores_asked(__doc__):
        stages = Stages()
        with place(store) as where:
            for _ in range(ROUNDS):
                once(where, stages)
        lines = [[name, f"{taken:.2f}", f"{ROWS / taken:,.0f}"] for name, taken in stages.medians().items()]
        print(f"\nA batch of {ROWS:,} records, {store} (seconds, median of {ROUNDS}; target {TARGET:g} s each)")
        print(table(("", "seconds", "records/s"), lines), flush=True)


if __name__ == "__main__":
    main()
