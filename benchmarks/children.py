"""Children to measure on, written through the product's own door."""

from sqlalchemy import Engine, insert

from admin_app.access.actor import Actor
from admin_app.access.scope import ScopedSession
from admin_app.changes.ledger import recording
from benchmarks.roster_file import rows, villages
from models.base import table_of
from models.kinds import identity_indexes
from models.student import Student


def add_children(engine: Engine, actor: Actor, count: int) -> None:
    codes = {name: code for code, name in villages()}
    children = [
        {"region_code": codes[row[1]], "name": row[5], "sex": "1" if row[6] == "男" else "2", "ethnic_group": "01",
         "identity_number": row[8], **identity_indexes(row[8]), "schooling_state": "unknown", "grade": "13",
         "class_name": row[14]}
        for row in rows(count)
    ]
    with ScopedSession(engine, actor.scope, writing=True) as session, recording(session, actor, "children"):
        for start in range(0, count, 1000):
            session.connection().execute(insert(table_of(Student)), children[start:start + 1000])
