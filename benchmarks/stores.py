"""Stores to measure on: each benchmark gets databases of its own, copied from a prepared one.

PostgreSQL is the server of BAOXUE_TEST_POSTGRESQL_URL or a private one, exactly as in the tests.
"""

import argparse
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from sqlalchemy import Engine, func, select

from admin_app.access.actor import Actor
from admin_app.access.field_keys import FieldKeys
from admin_app.access.permissions import Role
from admin_app.access.scope import unscoped
from admin_app.changes.ledger import recording
from admin_app.store import open_store, upgrade
from benchmarks.roster_file import DIVISIONS, TOWNSHIP
from models.account import Account
from models.kinds import install_cipher
from seed import makers
from seed.code_tables import load_code_tables
from seed.divisions import load_divisions, read_divisions
from tests.stores import PostgresqlServer, postgresql_server

STORES = ("sqlite", "postgresql")


@dataclass
class Place:
    """Where databases of one store are made. `fresh` gives the address of a new copy of the template."""

    store: str
    folder: Path
    keys: FieldKeys
    fresh: Callable[[], str]
    drop: Callable[[str], None]
    actor: Actor

    @contextmanager
    def opened(self) -> Iterator[tuple[str, Engine]]:
        """A fresh database with the product's engine on it, gone at the end."""
        url = self.fresh()
        engine = open_store(url)
        try:
            why = "the first connections are not measured"
            with unscoped(engine, why) as one, unscoped(engine, why) as other:  # an undo asks on two at once
                for session in (one, other):
                    session.scalar(select(func.count()).select_from(Account))
            yield url, engine
        finally:
            engine.dispose()
            self.drop(url)


def _prepare(url: str) -> Actor:
    """Divisions, code tables, and the account of the township's administrator."""
    engine = open_store(url)
    owner = Actor(0, "benchmark", Role.ADMINISTRATOR, "0" * 12)
    with unscoped(engine, "a store to measure on", writing=True) as session, recording(session, owner, "prepare"):
        load_code_tables(session)
        load_divisions(session, read_divisions(DIVISIONS))
        account = makers.account(session, TOWNSHIP, "城区管理员").id
    engine.dispose()
    return Actor(account, "城区管理员", Role.ADMINISTRATOR, TOWNSHIP)


@contextmanager
def place(store: str) -> Iterator[Place]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="baoxue-benchmark-")))
        keys = FieldKeys.load_or_make(folder / "keys" / "field.keys")  # where an application looks
        install_cipher(keys.cipher())
        if store == "sqlite":
            yield _sqlite(folder, keys)
            return
        server = stack.enter_context(postgresql_server())
        yield _postgresql(server, folder, keys)


def _sqlite(folder: Path, keys: FieldKeys) -> Place:
    template = folder / "template.sqlite"
    upgrade(f"sqlite:///{template}")
    actor = _prepare(f"sqlite:///{template}")
    numbers = iter(range(10**6))

    def fresh() -> str:
        path = folder / f"{next(numbers)}.sqlite"
        shutil.copyfile(template, path)
        return f"sqlite:///{path}"

    def drop(url: str) -> None:
        for path in folder.glob(Path(url.removeprefix("sqlite:///")).name + "*"):
            path.unlink()

    return Place("sqlite", folder, keys, fresh, drop, actor)


def _postgresql(server: PostgresqlServer, folder: Path, keys: FieldKeys) -> Place:
    template = server.create()
    upgrade(server.address(template))
    actor = _prepare(server.address(template))
    return Place("postgresql", folder, keys, lambda: server.address(server.create(template)),
                 lambda url: server.drop(url.rpartition("/")[2]), actor)


# --- measuring and printing ---------------------------------------------------------------------------


def memory(line: str) -> float:
    """MB of this process: `VmRSS` now, `VmHWM` at its highest. Of Linux; a child does not inherit them."""
    found = next(text for text in Path("/proc/self/status").read_text().splitlines() if text.startswith(line))
    return int(found.split()[1]) / 1024


def memory_from_here() -> float:
    """MB of this process now, where its highest is counted from."""
    Path("/proc/self/clear_refs").write_text("5")
    return memory("VmRSS")


def seconds(act: Callable[[], Any]) -> float:
    begun = perf_counter()
    act()
    return perf_counter() - begun


@dataclass
class Stages:
    """Seconds by stage, of each round."""

    rounds: list[dict[str, float]] = field(default_factory=list)

    def begin(self) -> None:
        self.rounds.append({})

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, adding what it takes to the stage."""

        def run(*args: Any, **kwargs: Any) -> Any:
            begun = perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                if self.rounds:
                    self.rounds[-1][name] = self.rounds[-1].get(name, 0.0) + perf_counter() - begun

        return run

    def medians(self) -> dict[str, float]:
        names = dict.fromkeys(name for one in self.rounds for name in one)
        return {name: median(one.get(name, 0.0) for one in self.rounds) for name in names}


def stores_asked(description: str | None) -> Sequence[str]:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a private server is stopped all the same
    arguments = argparse.ArgumentParser(description=description)
    arguments.add_argument("--store", choices=(*STORES, "both"), default="both")
    store = arguments.parse_args().store
    return STORES if store == "both" else (store,)


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Columns under their captions, the first to the left and figures to the right."""
    widths = [max(len(str(line[i])) for line in (head, *lines)) for i in range(len(head))]

    def row(cells: Sequence[str]) -> str:
        pairs = enumerate(zip(cells, widths, strict=True))
        return "  ".join(c.ljust(w) if not i else c.rjust(w) for i, (c, w) in pairs)

    return "\n".join([row(head), row(["-" * w for w in widths]), *map(row, lines)])
