"""An export of the list of students to a framed sheet, beside bare XlsxWriter and the fastest writer that is kept
(rustpy-xlsxwriter, plain cells alone) writing the same cells.

    pip install -r benchmarks/requirements.txt

    python -m benchmarks.exports [--store sqlite|postgresql|both] [--children 100000 1000000]

Product: `list_sheet` as the worker runs it, from the store through the walls, masks and code tables, framed. Bare:
`constant_memory`, the cells of the product's own file ready in memory, written one by one, with the border of a framed
table and, for comparison, without any format. Each runs in a process of its own, so that its peak memory is its own;
idle is the same process before it begins. They take turns; ratios are the medians of the turns, since a machine's slow
minutes are not the program's.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import xlsxwriter
from python_calamine import CalamineWorkbook

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
from benchmarks.stores import STORES, memory, memory_from_here, place, seconds, table
from models.kinds import install_cipher
from models.student import Student
from views.student import StudentView

ROUNDS = 7  # of a million children one
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


def cells() -> list[list[Any]]:
    """The cells of the product's file, 序号 first: days as numbers, as they are written. Texts that come again are one
    text, so that what is known beforehand takes little memory."""
    first, past, known = 3, date(1899, 12, 30), dict[str, str]()

    def as_written(value: Any) -> Any:
        return (value - past).days if isinstance(value, date) else known.setdefault(value, value)

    book = CalamineWorkbook.from_path(os.environ["BENCHMARK_OUT"])
    rows = book.get_sheet_by_index(0).iter_rows()
    return [[int(row[0]), *map(as_written, row[1:])]
            for row in islice(rows, first, first + int(os.environ["BENCHMARK_ROWS"]))]


def fastest() -> None:
    """In a process of its own: the same cells, plain, by the writer in Rust."""
    from rustpy_xlsxwriter import write_worksheet

    rows = cells()
    names = [str(column) for column in range(len(rows[0]))]
    begin = memory_from_here()
    settle()
    _say(begin, seconds(lambda: write_worksheet((dict(zip(names, row, strict=True)) for row in rows), _bare_file())),
         len(rows))


def bare() -> None:
    """In a process of its own: the same cells, with the frame's border or plain."""
    rows = cells()
    begin = memory_from_here()

    def write() -> None:
        book = xlsxwriter.Workbook(_bare_file(), {"constant_memory": True})
        sheet = book.add_worksheet()
        border = book.add_format({"border": 1, "text_wrap": True}) if os.environ.get("BENCHMARK_BORDER") else None
        for line, row in enumerate(rows):
            for column, value in enumerate(row):
                if type(value) is int:
                    sheet.write_number(line, column, value, border)
                elif value:
                    sheet.write_string(line, column, value, border)
                else:
                    sheet.write_blank(line, column, None, border)
        book.close()

    settle()
    _say(begin, seconds(write), len(rows))


def _bare_file() -> str:
    return os.environ["BENCHMARK_OUT"] + ".bare.xlsx"


def _run(what: str, **environment: str) -> dict[str, float]:
    done = subprocess.run([sys.executable, "-m", "benchmarks.exports", "--one", what], check=True, capture_output=True,
                          text=True, env={**os.environ, **environment})
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _figures(runs: Sequence[dict[str, float]]) -> list[str]:
    taken = median(run["seconds"] for run in runs)
    return [f"{taken:.1f}", f"{runs[0]['rows'] / taken:,.0f}", f"{max(run['peak'] - run['idle'] for run in runs):.0f}"]


def _beside(turns: Sequence[dict[str, dict[str, float]]], other: str, name: str) -> str:
    """How much of the speed of another a way has: the median of the turns, the least and the most."""
    ratios = sorted(turn[other]["seconds"] / turn[name]["seconds"] for turn in turns)
    return f"{median(ratios):.2f}" + (f" ({ratios[0]:.2f}–{ratios[-1]:.2f})" if len(ratios) > 1 else "")


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
                ways = {"product": ("product", {}), "bare, bordered": ("bare", {"BENCHMARK_BORDER": "1"}),
                        "bare, plain": ("bare", {}), "in Rust, plain": ("fastest", {})}
                turns = [{name: _run(what, **more, **environment) for name, (what, more) in ways.items()}
                         for _ in range(ROUNDS if count <= 100_000 else 1)]
                lines = [[name, *_figures([turn[name] for turn in turns]),
                          *[_beside(turns, other, name) for other in list(ways)[1:]]] for name in ways]
                print(f"\nAn export of {count:,} students, 10 columns, {store} (target 0.8 × bare, 150 MB)")
                heads = ("", "seconds", "rows/s", "MB above idle", "× bordered", "× plain", "× Rust")
                print(table(heads, lines), flush=True)
                where.drop(url)


if __name__ == "__main__":
    main()
