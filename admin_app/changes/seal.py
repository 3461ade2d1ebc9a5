"""Seals: blocks of changes chained by hash, so that an altered byte is found and named.

Each block holds one digest per row and a code made with a key outside the database: who can write
the database can still not write a seal. Rows are sealed right after their transaction; only one
process seals at a time. Cutting the tail is invisible from inside: stamped papers print the latest
fingerprint, and `verify(…, fingerprint=…)` looks for it.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import OperationalError

from admin_app.access import postgresql_wall
from admin_app.access.field_keys import FieldKeys
from admin_app.access.scope import ScopedSession, unscoped
from models.base import table_of
from models.change import Change, ChangeRow, ChangeSeal

BLOCK = 2000  # changes per seal
_START = "0" * 64
_CHANGE, _ROW = table_of(Change), table_of(ChangeRow)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`fault` names the first record that differs, None when the ledger is whole."""

    seals: int
    changes: int
    rows: int
    unsealed: int
    fault: str | None
    fingerprint: str | None

    @property
    def whole(self) -> bool:
        return self.fault is None


def seal(engine: Engine, keys: FieldKeys, *, at_once: bool = False) -> int:
    """Seal every change that is not sealed yet; gives how many. Leaves them for the next time when somebody is
    writing just now: on SQLite after having waited for a while, or `at_once` where somebody waits for this."""
    sealed = 0
    sqlite = engine.dialect.name == "sqlite"
    try:
        alone = engine.execution_options(unannounced=True, at_once=at_once)
        with unscoped(alone, "seals cover all regions", writing=True) as session:
            if not sqlite and not postgresql_wall.nobody_writes(session.connection()):
                return 0
            while block := _seal_block(session, keys):
                sealed += block
            session.commit()
    except OperationalError:
        return 0
    return sealed


def _seal_block(session: ScopedSession, keys: FieldKeys) -> int:
    last = session.scalar(select(ChangeSeal).order_by(ChangeSeal.id.desc()).limit(1))
    after = last.last_change_id if last else 0
    ids = session.scalars(
        select(Change.id).where(Change.id > after).order_by(Change.id).limit(BLOCK)).all()
    if not ids:
        return 0
    digests = [digest for _, digest in _digests(session, ids[0], ids[-1])]
    previous = last.digest if last else _START
    digest = _block_digest(previous, digests)
    session.add(ChangeSeal(
        sealed_at=datetime.now(UTC), first_change_id=ids[0], last_change_id=ids[-1],
        digests="\n".join(digests), previous=previous, digest=digest, mac=_mac(keys, digest),
    ))
    session.flush()
    return len(ids)


def _present(session: ScopedSession, block: ChangeSeal, sealed: list[str]) -> list[tuple[str, str]]:
    """What stands where a block was sealed, said as it was then: until decision 0026 by `repr`, which tells characters
    that are newer than Python's tables otherwise than the Python after it."""
    first, last = block.first_change_id, block.last_change_id
    present = list(_digests(session, first, last))
    if [digest for _, digest in present] == sealed:
        return present
    former = list(_digests(session, first, last, repr))
    return former if [digest for _, digest in former] == sealed else present


def _digests(session: ScopedSession, first: int, last: int, say: Callable[[Any], str] = ascii) -> Iterator[
        tuple[str, str]]:
    """(name, digest) of each change in the range, and of each of their rows, in order of number."""
    for kind, table, key in (("c", _CHANGE, _CHANGE.c.id), ("r", _ROW, _ROW.c.change_id)):
        query = select(table).where(key >= first, key <= last).order_by(table.c.id)
        for row in session.execute(query.execution_options(yield_per=2000)):
            yield f"{kind}{row.id}", _row_digest(row, say)


def _row_digest(row: Any, say: Callable[[Any], str]) -> str:
    texts = (v.astimezone(UTC).isoformat() if isinstance(v, datetime) else say(v) for v in row)
    return hashlib.sha256("\x1f".join(texts).encode()).hexdigest()


def _block_digest(previous: str, digests: list[str]) -> str:
    return hashlib.sha256((previous + "".join(digests)).encode()).hexdigest()


def _mac(keys: FieldKeys, digest: str) -> str:
    return hmac.digest(keys.ledger, digest.encode(), hashlib.sha256).hex()


def fingerprint(session: ScopedSession) -> str | None:
    """The short form of the latest seal, for the footers of stamped papers: '12-3f9a2c71e0'."""
    last = session.execute(
        select(ChangeSeal.id, ChangeSeal.digest).order_by(ChangeSeal.id.desc()).limit(1)).first()
    return f"{last.id}-{last.digest[:10]}" if last else None


def verify(engine: Engine, keys: FieldKeys, *, paper: str | None = None) -> Verdict:
    """Read the whole ledger against its seals. `paper` is a fingerprint printed on some paper."""
    with unscoped(engine, "the whole ledger is proved") as session:
        seals = changes = rows = 0
        previous, last_id, found_paper = _START, 0, paper is None
        fault = None
        for block in session.scalars(select(ChangeSeal).order_by(ChangeSeal.id)):
            seals += 1
            sealed = block.digests.split("\n")
            present = _present(session, block, sealed)
            changes += sum(name[0] == "c" for name, _ in present)
            rows += sum(name[0] == "r" for name, _ in present)
            if (block.previous != previous or _block_digest(previous, sealed) != block.digest
                    or not hmac.compare_digest(_mac(keys, block.digest), block.mac)):
                fault = f"封存 {block.id}：封存记录本身被改动，或前一封存缺失"
            else:
                fault = _difference(session, block, sealed, present)
            gap = session.scalar(select(Change.id).where(Change.id > last_id,
                                                         Change.id < block.first_change_id))
            fault = fault or (f"变更 {gap}：插入在两次封存之间" if gap else None)
            if fault:
                break
            previous, last_id = block.digest, block.last_change_id
            found_paper = found_paper or paper == f"{block.id}-{block.digest[:10]}"
        fault = fault or _missing(session, seals)
        if not fault and not found_paper:
            fault = f"台账中没有指纹为 {paper} 的封存：封存之后的部分可能被截去"
        sealed_to = session.scalar(select(func.max(ChangeSeal.last_change_id))) or 0
        unsealed = session.scalar(
            select(func.count()).select_from(Change).where(Change.id > sealed_to)) or 0
        return Verdict(seals, changes, rows, unsealed, fault, fingerprint(session))


def _missing(session: ScopedSession, seals: int) -> str | None:
    """Whether records are gone that SQLite has numbered: its numbers have no gaps, for a transaction that is rolled
    back gives them back. PostgreSQL's do have; there a paper's fingerprint tells."""
    if session.get_bind().dialect.name != "sqlite":
        return None
    present = {model: session.scalar(select(func.count()).select_from(model)) or 0 for model in (Change, ChangeRow)}
    for model, label, there in ((ChangeSeal, "封存", seals), (Change, "变更", present[Change]),
                                (ChangeRow, "变更明细", present[ChangeRow])):
        numbered = session.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = :name"),
                                  {"name": model.__tablename__}) or 0
        if there != numbered:
            return f"{label}编到 {numbered} 号，现有 {there} 条：有记录被删去，或末尾被截去"
    return None


def _difference(session: ScopedSession, block: ChangeSeal, sealed: list[str],
                present: list[tuple[str, str]]) -> str | None:
    """The first record of a block that differs from its sealed digest."""
    for position, (name, digest) in enumerate(present):
        if position >= len(sealed) or digest != sealed[position]:
            if position < len(sealed) and digest in sealed[position:]:
                return f"{_span(block)}、{_named(session, name)}之前有记录被删除"
            return f"{_named(session, name)}与封存时不同"
    if len(present) < len(sealed):
        return f"{_span(block)}有 {len(sealed) - len(present)} 条记录被删除"
    return None


def _span(block: ChangeSeal) -> str:
    return f"变更 {block.first_change_id} 至 {block.last_change_id} 之间"


def _named(session: ScopedSession, name: str) -> str:
    number = int(name[1:])
    if name[0] == "c":
        return f"变更 {number}"
    row = session.get_one(ChangeRow, number)
    return f"变更 {row.change_id} 的明细 {number}（{row.table_name} 第 {row.pk} 号记录）"
