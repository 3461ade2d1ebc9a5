"""The life of an import: upload → check → preview → confirm exactly what was previewed → result.

Nothing of the register is written before the confirmation, and then all of it in one transaction
under one change; a server killed in between leaves nothing. The user's cells and the plans lie
sealed. A preview is confirmed once, and only while the register still stands as it was previewed:
otherwise it is made anew and shown again. What takes long, setting rows against the register, is done
where one only reads: nobody waits for it.
What becomes of a preview that waits, and of what an import left behind: `import_runs.py`.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import orjson
from sqlalchemy import String, cast, exists, func, select, text, update
from sqlalchemy.exc import IntegrityError

from admin_app.access.actor import Actor
from admin_app.access.bulk import insert_rows
from admin_app.access.permissions import Permission
from admin_app.access.scope import ScopedSession
from admin_app.changes.ledger import ledger_position, recording
from admin_app.errors import Conflict, Invalid
from admin_app.exchange.import_runs import CHECKED, CONFIRMED, OUTCOMES, run_of
from admin_app.exchange.sheet import BY_TAB, Message, ParsedRow, PlannedRow, Sheet, Unit, read_upload
from admin_app.exchange.sheets import sheet_named
from admin_app.identity_numbers import without_numbers
from models.change import ChangeRow
from models.import_run import ImportRow, ImportRun
from models.kinds import sealed
from models.region import level_of

# A row knows the lower half of who wrote it; a snapshot the whole, with how often the half began anew (its epoch).
_NEXT = "pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
_NEAREST = f"({_NEXT} >> 32 << 32) + change_row.xmin::text::bigint"
_WRITTEN_BY = f"CASE WHEN {_NEAREST} >= {_NEXT} THEN {_NEAREST} - 4294967296 ELSE {_NEAREST} END"
_MOST_UNDER_WAY = 1_000_000  # rows of the ledger, of all acts that are being written at one time
_MOVED_ON = "预览之后，名单涉及的数据已被别人修改。已按最新数据重新核对，请再看一遍预览后确认。"


@dataclass(frozen=True, slots=True)
class _Planned:
    """Rows set against the register, and what had been written by then."""

    rows: list[PlannedRow]
    texts: list[str]
    position: int
    snapshot: str | None

    @classmethod
    def of(cls, session: ScopedSession, actor: Actor, sheet: Sheet, rows: list[ParsedRow]) -> Self:
        position, snapshot = ledger_position(session), _snapshot(session)
        planned = sheet.plan(session, actor, rows)
        return cls(planned, list(map(_plan_text, planned)), position, snapshot)

    @property
    def digest(self) -> str:
        return digest(self.rows, self.texts)

    @property
    def values(self) -> dict[str, Any]:
        """What the run says of it."""
        changed = Counter(label for row in self.rows if row.outcome == "changed" for label in _labels(row))
        return {"counts": _counts(self.rows), "changed": dict(changed.most_common()), "plan_digest": self.digest,
                "ledger_position": self.position, "snapshot": self.snapshot}


def check(session: ScopedSession, actor: Actor, sheet: Sheet, path: Path, filename: str) -> ImportRun:
    """Read a file, check every row, and keep the preview. Writes no record of the register, and writes at all only
    once everything is checked: a big list takes longer than anybody else waits for the store.

    Raises Invalid (the file), Refused."""
    actor.require(Permission.IMPORT_CREATE)
    actor.require(f"{sheet.area}.edit")
    with _only_reading(session) as reading:
        upload = read_upload(sheet, path, filename, lambda tab: _unit(reading, actor, sheet, tab))
        planned = _Planned.of(reading, actor, sheet, upload.rows)
    run = ImportRun(
        region_code=actor.region_code, account_id=actor.account_id, sheet=sheet.name,
        filename=without_numbers(filename)[:200],
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(), state=CHECKED,
        captions=upload.captions, passed_over=upload.passed_over, lacking=upload.lacking, notes=upload.notes,
        created_at=datetime.now(UTC), **planned.values,
    )
    rows = _rows(run, planned)
    session.add(run)
    session.flush()
    insert_rows(session, ImportRow, [{"run_id": run.id, **row} for row in rows])
    return run


def _only_reading(session: ScopedSession) -> ScopedSession:
    """Beside one that writes, with the same wall. It shows what has been committed."""
    return ScopedSession(session.get_bind().engine, session.scope)


def _unit(session: ScopedSession, actor: Actor, sheet: Sheet, tab: str) -> Unit | None:
    """The village of whoever works for one alone, else that of which a tab bears the name."""
    if level_of(actor.region_code) == "村":
        return Unit(actor.region_code, "您所在的村（社区）")
    return Unit(tab, BY_TAB) if sheet.unit_of_tab and sheet.unit_of_tab(session, actor, tab) else None


def _snapshot(session: ScopedSession) -> str | None:
    """What can be seen now, where the ledger's last number does not tell: SQLite has one writer at a time."""
    return session.scalar(select(cast(func.pg_current_snapshot(), String))) if _on_postgresql(session) else None


def _on_postgresql(session: ScopedSession) -> bool:
    return bool(session.get_bind().dialect.name == "postgresql")


def _moved_on(session: ScopedSession, run: ImportRun) -> bool:
    """Whether anything in scope was written since the preview, also by who had begun before it and ended after."""
    if run.snapshot is None:
        return bool(ledger_position(session) != run.ledger_position)
    unseen = text(f"NOT pg_visible_in_snapshot(({_WRITTEN_BY})::text::xid8, CAST(:seen AS pg_snapshot))")
    found = session.scalar(select(exists().select_from(ChangeRow).where(
        ChangeRow.id > run.ledger_position - _MOST_UNDER_WAY, unseen)), {"seen": run.snapshot})
    return bool(found)


def _counts(planned: Sequence[PlannedRow]) -> dict[str, int]:
    counts = Counter(row.outcome for row in planned)
    warned = sum(map(_warned, planned))
    return {**{outcome: counts[outcome] for outcome in OUTCOMES}, "warned": warned}


def _labels(row: PlannedRow) -> set[str]:
    return {difference["label"] for difference in row.changes}


def _warned(row: PlannedRow) -> bool:
    return row.outcome != "refused" and any(m.level == "warning" for m in row.parsed.messages)


def digest(planned: Sequence[PlannedRow], texts: Sequence[str]) -> str:
    """The fingerprint of a preview: every row with its outcome, its plan, and what it replaces."""
    whole = hashlib.sha256()
    for row, plan in zip(planned, texts, strict=True):
        whole.update(f"{row.parsed.place}\0{row.outcome}\0{plan}\n".encode())
    return whole.hexdigest()


def _plan_text(row: PlannedRow) -> str:
    return _json({"plan": row.plan, "changes": row.changes})


def _rows(run: ImportRun, planned: _Planned) -> list[dict[str, Any]]:
    return [
        {
            "region_code": run.region_code, "excel_row": row.parsed.excel_row, "tab": row.parsed.tab,
            "outcome": row.outcome, "label": row.label,
            "messages": [m.as_dict() for m in row.parsed.messages], "warned": _warned(row),
            "cells": sealed(_json({"cells": row.parsed.cells, "values": row.parsed.values}), "import_row.cells"),
            "plan": sealed(plan, "import_row.plan"),
        }
        for row, plan in zip(planned.rows, planned.texts, strict=True)
    ]


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def confirm(session: ScopedSession, actor: Actor, run_id: int, plan_digest: str) -> ImportRun:
    """Write what was previewed, in one change; gives the run with its change.

    Effects, in order: sets the rows against the register anew where something was written since, while others work on;
    waits until nobody else writes; takes the run (once: a second confirmation is refused); makes sure that the preview
    confirmed is this one and still holds; writes new and changed rows; marks the run.
    Raises Conflict, Invalid, NotFound, Refused. Commits through its recording."""
    actor.require(Permission.IMPORT_CREATE)
    _look_again(session, actor, run_id)
    session.alone()
    try:
        return _confirm(session, actor, run_id, plan_digest)
    except IntegrityError:
        # Out of sight of whoever looks for what has moved on, somebody else has taken a number of the list.
        session.alone()
        run = run_of(session, actor, run_id)
        again = _planned_again(session, actor, run)
        if again.digest == run.plan_digest:
            raise
        _keep_anew(session, run, again)
        session.commit()
        raise Conflict(_MOVED_ON) from None


def _look_again(session: ScopedSession, actor: Actor, run_id: int) -> None:
    """Plan a preview anew on which something was written since, before anybody has to wait for its confirmation.
    Where it still holds that is noted, so that only what is written from here on is looked at once more. Commits.
    Raises Conflict, NotFound, Refused."""
    with _only_reading(session) as reading:
        seen = run_of(reading, actor, run_id)
        if seen.state != CHECKED or not _moved_on(reading, seen):
            return
        again = _planned_again(reading, actor, seen)
    session.alone()
    run = run_of(session, actor, run_id)
    if run.state != CHECKED or run.plan_digest != seen.plan_digest:
        return
    _keep_anew(session, run, again)
    session.commit()
    if again.digest != seen.plan_digest:
        raise Conflict(_MOVED_ON)


def _confirm(session: ScopedSession, actor: Actor, run_id: int, plan_digest: str) -> ImportRun:
    run = run_of(session, actor, run_id)
    sheet = sheet_named(run.sheet)
    actor.require(f"{sheet.area}.edit")
    if run.plan_digest != plan_digest:
        raise Conflict("您确认的不是最新的预览。请刷新页面，看过新的预览后再确认。")
    taken = session.execute(
        update(ImportRun).where(ImportRun.id == run_id, ImportRun.state == CHECKED)
        .values(state=CONFIRMED, confirmed_at=datetime.now(UTC))
        .execution_options(synchronize_session=False))
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("这份名单已经确认过或已放弃，没有重复写入。请查看导入结果。")
    if _moved_on(session, run) and (again := _planned_again(session, actor, run)).digest != run.plan_digest:
        _keep_anew(session, run, again)
        session.commit()
        raise Conflict(_MOVED_ON)
    plans = [orjson.loads(plan.open())["plan"] for plan in session.scalars(
        select(ImportRow.plan).where(ImportRow.run_id == run_id, ImportRow.outcome.in_(("new", "changed")))
        .order_by(ImportRow.id))]
    if not plans:
        raise Invalid("这份名单没有需要写入的内容：所有行都相同或未通过。")
    with recording(session, actor, "import", f"{sheet.title}：{run.filename}") as change:
        sheet.apply(session, actor, plans)
        session.execute(update(ImportRun).where(ImportRun.id == run_id).values(change_id=change.id)
                        .execution_options(synchronize_session=False))
    return run_of(session, actor, run_id)


def _kept_rows(session: ScopedSession, run: ImportRun) -> Sequence[ImportRow]:
    return session.scalars(select(ImportRow).where(ImportRow.run_id == run.id).order_by(ImportRow.id)).all()


def _planned_again(session: ScopedSession, actor: Actor, run: ImportRun) -> _Planned:
    """The kept rows set against the register as it is now."""
    sheet = sheet_named(run.sheet)
    actor.require(f"{sheet.area}.edit")
    called = sheet.called(run.captions)
    return _Planned.of(session, actor, sheet, [sheet_row(sheet, row, called) for row in _kept_rows(session, run)])


def _keep_anew(session: ScopedSession, run: ImportRun, again: _Planned) -> None:
    """The run is open for its preview as it is now; one that is the same is not written again."""
    if again.digest != run.plan_digest:
        for row, new, plan in zip(_kept_rows(session, run), again.rows, again.texts, strict=True):
            row.outcome, row.label = new.outcome, new.label
            row.messages, row.warned = [m.as_dict() for m in new.parsed.messages], _warned(new)
            row.plan = plan
    session.execute(update(ImportRun).where(ImportRun.id == run.id).values(
        state=CHECKED, confirmed_at=None, **again.values).execution_options(synchronize_session=False))


def sheet_row(sheet: Sheet, row: ImportRow, called: Mapping[str, str]) -> ParsedRow:
    """A kept row as it was read: values and the messages of its reading."""
    kept = orjson.loads(row.cells.open())
    read = [Message(**m) for m in row.messages if m.get("stage") == "read"]
    return ParsedRow(row.excel_row, kept["cells"], sheet.restore(kept["values"]), read, row.tab, called)
