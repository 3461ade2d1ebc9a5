"""The list of students where nothing is kept of it: after somebody has written, and a word that was never asked for.

    pip install -r benchmarks/requirements.txt
    python -m benchmarks.afresh [--store sqlite|postgresql|both]

As `benchmarks.lists`: signed in, everything switched on, turn by turn in shuffled order, on the same 10,000 children;
medians. Before each round somebody else changes a child's note, through the ledger, on a connection of its own; each
round looks for another given name, or another number.
"""

import random
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from statistics import median
from typing import Any
from urllib.parse import quote, urlencode

from sqlalchemy import Engine, select

from admin_app.access.scope import ScopedSession
from admin_app.changes.ledger import recording
from admin_app.collector import settle
from admin_app.store import open_store
from benchmarks.lists import ROUNDS, STORES, TERM, product, school_of
from benchmarks.others import django_admin, flask_admin_view, floor
from benchmarks.registers import fill
from benchmarks.roster_file import rows
from benchmarks.stores import Place, place, seconds, stores_asked, table
from models.kinds import IDENTITY_INDEX, cipher
from models.student import Student

CHILDREN = 10_000
Question = tuple[dict[str, str], str, str]  # the product's arguments, the floor's WHERE, what the others look for


def words(count: int) -> dict[str, list[Question]]:
    """By what is asked, a question for each round: page 1, and searches that come but once."""
    children = list(rows(count))
    given = list(dict.fromkeys(child[5][1:] for child in children if len(child[5]) == 3))[:ROUNDS]
    whole = [(child[8], cipher().index(child[8], IDENTITY_INDEX)) for child in children[::count // ROUNDS]]
    return {
        "page 1, after a write": [({}, "1 = 1", "")] * ROUNDS,
        "a name, after a write": [({"search": "浩宇"}, TERM.format("浩宇"), "浩宇")] * ROUNDS,
        "another name": [({"search": name}, TERM.format(name), name) for name in given],
        "another number": [({"search": number}, f"s.identity_index = '{index}'", index) for number, index in whole],
    }


def write(engine: Engine, where: Place, round_: int) -> None:
    """Somebody changes a child's note."""
    with ScopedSession(engine, where.actor.scope, writing=True) as session, recording(session, where.actor, "edit"):
        child = session.scalars(select(Student).order_by(Student.id).limit(1)).one()
        child.note = f"{date.today()} 家访 {round_}"


def measure(where: Place) -> list[list[str]]:
    url = where.fresh()
    fill(url, CHILDREN, school_of(where, url))
    hand, vanilla = floor.make(url).test_client().get, flask_admin_view.make(url, where.actor.account_id)
    django, desk, engine = django_admin.make(url, where.folder).get, product(where, url), open_store(url)
    settle()
    lines, order = [], random.Random(CHILDREN)
    for name, asked in words(CHILDREN).items():
        times: dict[str, list[float]] = {way: [] for way in ("floor", "district", "flask-admin", "django")}
        for round_, (said, condition, theirs) in enumerate(asked):
            if "write" in name:
                write(engine, where, round_)
            ways: dict[str, Callable[[], Any]] = {
                "floor": lambda c=condition: hand(f"/?{urlencode({'where': c, 'offset': '0'})}"),
                "district": lambda q=said: desk["district"](f"/admin/student/?{urlencode(q)}"),
                "flask-admin": lambda t=theirs: vanilla(f"/admin/student/?{f'search={quote(t)}' if t else ''}"),
                "django": lambda t=theirs: django(f"/admin/others/student/?{f'q={quote(t)}' if t else ''}"),
            }
            for way, ask in order.sample(list(ways.items()), len(ways)):
                times[way].append(seconds(ask))
        ms = {way: median(taken) * 1000 for way, taken in times.items()}
        lines.append([name, *[f"{taken:.2f}" for taken in ms.values()], f"{ms['district'] / ms['floor']:.1f}",
                      f"{min(ms['flask-admin'], ms['django']) / ms['district']:.1f}"])
    engine.dispose()
    return lines


def main() -> None:
    stores = stores_asked(__doc__)
    if len(stores) > 1:  # Django is set up once in a process
        for store in STORES:
            subprocess.run([sys.executable, "-m", "benchmarks.afresh", "--store", store], check=True)
        return
    with place(stores[0]) as where:
        lines = measure(where)
    print(f"\nNothing kept: the list of {CHILDREN:,} students, 20 rows, {stores[0]} (ms, medians)")
    print(table(("", "floor", "district", "flask-admin", "django", "× floor", "others ÷ ours"), lines), flush=True)


if __name__ == "__main__":
    main()
