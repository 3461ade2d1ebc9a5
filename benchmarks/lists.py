"""The list of students, 20 rows, signed in, everything switched on, beside others and a floor.

    pip install -r benchmarks/requirements.txt
    python -m benchmarks.lists [--store sqlite|postgresql|both] [--children 10000 1000000]

All are asked in one process through their WSGI door, turn by turn in shuffled order (whoever comes next finds the
processor's caches as another left them), on the same children in 27 villages; medians. Everyone is signed in but the
floor: a Flask page written by hand, one SQL query; where it looks something up it uses the product's own indexes.
Flask-Admin and Django look for names and numbers as their documentation does.
"""

import argparse
import random
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median
from typing import Any
from urllib.parse import quote, urlencode

from flask import Flask
from sqlalchemy import select

from admin_app import create_app
from admin_app.access.actor import Actor
from admin_app.access.permissions import Role
from admin_app.access.scope import unscoped
from admin_app.collector import settle
from admin_app.changes.ledger import recording
from admin_app.services import accounts
from admin_app.services.sign_in import begin_session
from admin_app.settings import Deployment
from benchmarks.others import django_admin, flask_admin_view, floor
from benchmarks.others.browser import without_jar
from benchmarks.registers import fill
from benchmarks.roster_file import TOWNSHIP, rows, villages
from benchmarks.stores import STORES, Place, place, seconds, table
from models.kinds import IDENTITY_INDEX, cipher
from models.region import Region
from models.school import School
from seed.code_tables import load_code_tables

ROUNDS = 41
TERM = ("s.id IN (SELECT owner_id FROM search_term WHERE owner_table = 'student' AND term >= '{0}' "
        "AND term < '{0}\U0010ffff' LIMIT 1000)")  # the floor's search for a name
PEOPLE = {"district": (Role.ADMINISTRATOR, TOWNSHIP), "village": (Role.VILLAGE_OFFICER, villages()[3][0])}


def _application(where: Place, url: str) -> Flask:
    keys = where.folder / "keys"
    return create_app(Deployment(where.folder, url, keys / "secret.key", keys / "field.keys"))


def tokens(where: Place, url: str) -> dict[str, str]:
    """Sessions of the township's administrator and of a village officer, in a store with its code tables."""
    plant, found = _application(where, url).extensions["baoxue"], {}
    machine = Actor(0, "machine", Role.SYSTEM_ADMIN, "0" * 12)
    with unscoped(plant.engine, "who is at the desk", writing=True) as session:
        with recording(session, where.actor, "set_up"):
            load_code_tables(session)
            for name, (role, code) in PEOPLE.items():
                region = session.scalars(select(Region).where(Region.code == code)).one()
                accounts.make_account(session, machine, username=name, display_name=name, role=role.value,
                                      region=region, password="benchmark-2026", must_change=False)
        for name in PEOPLE:
            account = accounts.known_as(session, name)
            found[name] = begin_session(session, account, account.grants[0], address="127.0.0.1", agent="",
                                        now=datetime.now(UTC))
        session.commit()
    plant.close()
    return found


def product(where: Place, url: str) -> dict[str, Callable[[str], Any]]:
    """The product's application, with a browser of each of PEOPLE."""
    held = tokens(where, url)
    app = _application(where, url)

    def of(token: str) -> Callable[[str], Any]:
        client = app.test_client()
        client.set_cookie("baoxue", token)
        client.get("/admin/student/")  # it leaves the cookie of the forms
        return without_jar(client, "baoxue", "baoxue_form")

    return {name: of(token) for name, token in held.items()}


def school_of(where: Place, url: str) -> int:
    app = _application(where, url)
    with unscoped(app.extensions["baoxue"].engine, "a school", writing=True) as session:
        with recording(session, where.actor, "set_up"):
            school = School(name="示范小学", kind="211", region_code=TOWNSHIP)
            session.add(school)
            session.flush()
            number = school.id
    app.extensions["baoxue"].close()
    return number


def questions(count: int) -> list[tuple[str, dict[str, str], str, str, str, str]]:
    """Name, the product's arguments, the floor's WHERE and offset, Flask-Admin's and Django's queries."""
    child = next(row for number, row in enumerate(rows(count)) if number == count // 2)
    number, whole = child[8], cipher().index(child[8], IDENTITY_INDEX)
    tail = cipher().index(number[-6:], IDENTITY_INDEX + ".tail")
    deep = 400
    return [
        ("page 1", {}, "1 = 1", "0", "", ""),
        ("a filter", {"schooling_state": "suspected"}, "s.schooling_state = 'suspected'", "0",
         "flt0_0=suspected", "schooling_state__exact=suspected"),
        ("page 400", {"page": str(deep)}, "1 = 1", str((deep - 1) * 20), f"page={deep - 1}", f"p={deep}"),
        ("name part", {"search": "浩宇"}, TERM.format("浩宇"), "0", f"search={quote('浩宇')}", f"q={quote('浩宇')}"),
        ("initials", {"search": "zhy"}, TERM.format("zhy"), "0", "search=zhy", "q=zhy"),
        ("number", {"search": number}, f"s.identity_index = '{whole}'", "0", f"search={whole}", f"q={whole}"),
        ("last six", {"search": number[-6:]}, f"s.identity_tail = '{tail}'", "0", "", ""),
    ]


def measure(where: Place, count: int) -> list[tuple[str, dict[str, float]]]:
    url = where.fresh()
    fill(url, count, school_of(where, url))
    hand, vanilla = floor.make(url).test_client().get, flask_admin_view.make(url, where.actor.account_id)
    django = django_admin.make(url, where.folder).get
    desk = product(where, url)
    found, sizes = [], []
    for name, said, condition, offset, theirs, djangos in questions(count):
        ways: dict[str, Callable[[], Any]] = {
            "floor": lambda w=condition, o=offset: hand(f"/?{urlencode({'where': w, 'offset': o})}"),
            "district": lambda q=said: desk["district"](f"/admin/student/?{urlencode(q)}"),
            "village": lambda q=said: desk["village"](f"/admin/student/?{urlencode(q)}"),
        }
        if theirs or not said:
            ways["flask-admin"] = lambda q=theirs: vanilla(f"/admin/student/?{q}")
            ways["django"] = lambda q=djangos: django(f"/admin/others/student/?{q}")
        few = 5 if count > 100_000 else ROUNDS
        for way, ask in ways.items():
            answer = ask()
            assert answer.status_code == 200, (name, way, answer.status_code)
            if way in ("district", "village"):
                sizes.append(len(answer.data))
        settle()  # as a server does; for all of them
        times: dict[str, list[float]] = {way: [] for way in ways}
        order = random.Random(count)
        for turn in range(ROUNDS):
            for way, ask in order.sample(list(ways.items()), len(ways)):
                if turn < few or way in ("floor", "district", "village"):
                    times[way].append(seconds(ask))
        found.append((name, {way: median(taken) * 1000 for way, taken in times.items()}))
    heads = ("floor", "village", "district", "flask-admin", "django")
    lines = [[name, *[f"{ms[h]:.2f}" if h in ms else "–" for h in heads], f"{ms['district'] / ms['floor']:.1f}",
              f"{min(ms.get('flask-admin', 0), ms.get('django', 0)) / ms['district']:.1f}" if "django" in ms else "–"]
             for name, ms in found]
    print(f"\nThe list of {count:,} students, 20 rows, {where.store} (ms, medians); "
          f"our page at most {max(sizes):,} bytes")
    print(table(("", *heads, "× floor", "others ÷ ours"), lines), flush=True)
    return found


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--store", choices=(*STORES, "both"), default="both")
    arguments.add_argument("--children", type=int, nargs="+", default=[10_000])
    said = arguments.parse_args()
    asked = [(store, count) for store in (STORES if said.store == "both" else (said.store,)) for count in said.children]
    if len(asked) == 1:
        store, count = asked[0]
        with place(store) as where:
            measure(where, count)
        return
    for store, count in asked:  # Django is set up once in a process
        words = ["--store", store, "--children", str(count)]
        subprocess.run([sys.executable, "-m", "benchmarks.lists", *words], check=True)


if __name__ == "__main__":
    main()
