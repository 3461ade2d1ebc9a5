"""An export of the list of students to a framed sheet, beside bare XlsxWriter and the fastest writer that is kept
(rustpy-xlsxwriter, plain cells alone) writing the same cells.

    pip install -r benchmarks/requirements.txt

    python -m benchmarks.exports [--store sqlite|postgresql|both] [--children 100000 1000000]

Bare: `constant_memory`, the texts ready in memory, `write_string` cell by cell, with the border of a framed table
and, for comparison, without any format. Product:
`list_sheet` as the worker runs it, from the store through the walls, masks and code tables, framed. Each runs in a
process of its own, so that its peak memory is its own; idle is the same process before it begins.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import xlsxwriter

from admin_app.access.actor import Actor
from admin_app.access.field_keys import FieldKeys
from admin_app.access.permissions import Role
from admin_app.access.scope import ScopedSession
from admin_app.collector import settle
from admin_app.exchange.exporter import Export, list_sheet
from admin_app.listing import Wanted
from admin_app.store import open_store
from benchmarks.lists import school_of
from benchmarks.registers import fill
from benchmarks.roster_file import TOWNSHIP
from benchmarks.stores import STORES, memory, place, seconds, table
from models.kinds import install_cipher
from models.student import Student
from views.student import StudentView

ROUNDS = 3  # turn by turn, and the quickest: a machine's slow minutes are not the program's; of a million children one
_ENVIRONMENT = ("BENCHMARK_URL", "BENCHMARK_KEYS", "BENCHMARK_OUT", "BENCHMARK_ROWS")


def _say(begin: float, taken: float, rows: int) -> None:
    print(json.dumps({"idle": begin, "peak": memory("VmHWM"), "seconds": taken, "rows": rows}))


def product() -> None:
    """In a process of its own: one export."""
    url, keys, out, _ = (os.environ[name] for name in _ENVIRONMENT)
    install_cipher(FieldKeys.load_or_make(Path(keys)).cipher())
    engine, counts = open_store(url), list[int]()
    actor = Actor(0, "城区管理员", Role.ADMINISTRATOR, TOWNSHIP)
    what = Export(Wanted(Student), StudentView.columns, "城区学生")
    settle()
    with ScopedSession(engine, actor.scope) as session:
        session.connection()
        begin = memory("VmRSS")
        taken = seconds(lambda: counts.append(list_sheet(session, actor, what, Path(out), fingerprint="—")))
    engine.dispose()
    _say(begin, taken, counts[0])


CELLS = ["欣怡子轩", "女", "2015-04-04", "990722************", "左权县城区康宁社区居民委员会", "在校就读", "示范小学",
         "三年级", ""]


def fastest() -> None:
    """In a process of its own: the same number of the same cells, plain, by the writer in Rust."""
    from rustpy_xlsxwriter import write_worksheet

    out, rows = os.environ["BENCHMARK_OUT"], int(os.environ["BENCHMARK_ROWS"])
    fields = dict(zip("ABCDEFGHI", CELLS, strict=True))
    begin = memory("VmRSS")
    settle()
    _say(begin, seconds(lambda: write_worksheet(({"序号": row + 1, **fields} for row in range(rows)), out)), rows)


def bare() -> None:
    """In a process of its own: the same number of the same cells, with the frame's border or plain."""
    out, rows = os.environ["BENCHMARK_OUT"], int(os.environ["BENCHMARK_ROWS"])
    begin = memory("VmRSS")

    def write() -> None:
        book = xlsxwriter.Workbook(out, {"constant_memory": True})
        sheet = book.add_worksheet()
        border = book.add_format({"border": 1, "text_wrap": True}) if os.environ.get("BENCHMARK_BORDER") else None
        for row in range(rows):
            sheet.write_number(row, 0, row + 1, border)
            for column, text in enumerate(CELLS, 1):
                sheet.write_string(row, column, text, border)
        book.close()

    settle()
    _say(begin, seconds(write), rows)


def _run(what: str, **environment: str) -> dict[str, float]:
    done = subprocess.run([sys.executable, "-m", "benchmarks.exports", "--one", what], check=True, capture_output=True,
                          text=True, env={**os.environ, **environment})
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--store", choices=(*STORES, "both"), default="both")
    arguments.add_argument("--children", type=int, nargs="+", default=[100_000])
    arguments.add_argument("--one", choices=("product", "bare", "fastest"))
    said = arguments.parse_args()
    if said.one:
        {"product": product, "bare": bare, "fastest": fastest}[said.one]()
        return
    for store in STORES if said.store == "both" else (said.store,):
        with place(store) as where:
            for count in said.children:
                url, out = where.fresh(), str(where.folder / "out.xlsx")
                fill(url, count, school_of(where, url))
                environment = {"BENCHMARK_URL": url, "BENCHMARK_KEYS": str(where.folder / "keys" / "field.keys"),
                               "BENCHMARK_OUT": out, "BENCHMARK_ROWS": str(count)}
                ways = {"bare, plain": ("bare", {}), "bare, bordered": ("bare", {"BENCHMARK_BORDER": "1"}),
                        "in Rust, plain": ("fastest", {}), "product": ("product", {})}
                turns = [{name: _run(what, **more, **environment) for name, (what, more) in ways.items()}
                         for _ in range(ROUNDS if count <= 100_000 else 1)]
                found = {name: min((turn[name] for turn in turns), key=lambda run: run["seconds"]) for name in ways}
                beside = [found[name]["seconds"] for name in ("bare, bordered", "bare, plain", "in Rust, plain")]
                lines = [[what, f"{f['seconds']:.1f}", f"{f['rows'] / f['seconds']:,.0f}",
                          f"{f['peak'] - f['idle']:.0f}", *[f"{taken / f['seconds']:.2f}" for taken in beside]]
                         for what, f in found.items()]
                print(f"\nAn export of {count:,} students, 10 columns, {store} (target 0.8 × bare, 150 MB)")
                heads = ("", "seconds", "rows/s", "MB above idle", "× bordered", "× plain", "× Rust")
                print(table(heads, lines), flush=True)
                where.drop(url)


if __name__ == "__main__":
    main()
