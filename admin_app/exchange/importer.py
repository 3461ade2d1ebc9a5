"""The life of an import: upload → check → preview → confirm exactly what was previewed → result.

Nothing of the register is written before the confirmation, and then all of it in one transaction
under one change; a server killed in between leaves nothing. The user's cells and the plans lie
sealed. A preview is confirmed once, and only while the register still stands as it was previewed:
otherwise it is made anew and shown again. What takes long, setting rows against the register, is done
where one only reads: nobody waits for it. The rows of a preview that nobody confirms are let go of;
the run stays, with its counts.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any, Self

import orjson
from sqlalchemy import Engine, String, and_, cast, delete, exists, func, or_, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError

from admin_app.access.actor import Actor
from admin_app.access.bulk import insert_rows
from admin_app.access.permissions import Permission
from admin_app.access.scope import ScopedSession, unscoped
from admin_app.changes.ledger import ledger_position, recording
from admin_app.changes.undo import undone_of
from admin_app.errors import Conflict, Invalid, NotFound, Refused
from admin_app.exchange.sheet import BY_TAB, Message, ParsedRow, PlannedRow, Sheet, Unit, read_upload
from admin_app.exchange.sheets import sheet_named
from admin_app.identity_numbers import without_numbers
from models.change import ChangeRow
from models.import_run import ImportRow, ImportRun
from models.kinds import sealed
from models.region import level_of

CHECKED, CONFIRMED, SET_ASIDE = "checked", "confirmed", "set_aside"
UNFINISHED_FOR = timedelta(days=14)
MOST_WAITING = 100_000  # rows of one person's previews together: as many as one list may have
OUTCOMES = ("new", "changed", "same", "refused")
_SETTLED = "settled"  # of the refused rows, those that nobody is reminded of any more
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
        return {"counts": _counts(self.rows), "plan_digest": self.digest, "ledger_position": self.position,
                "snapshot": self.snapshot}


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


def run_of(session: ScopedSession, actor: Actor, run_id: int) -> ImportRun:
    """A run of the actor's own unit. Raises NotFound."""
    run = session.get(ImportRun, run_id)
    if run is None or run.region_code != actor.region_code:
        raise NotFound("没有这次导入，或它不是您的单位做的。")
    return run


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
    return _Planned.of(session, actor, sheet, [sheet_row(sheet, row) for row in _kept_rows(session, run)])


def _keep_anew(session: ScopedSession, run: ImportRun, again: _Planned) -> None:
    """The run is open for its preview as it is now; one that is the same is not written again."""
    if again.digest != run.plan_digest:
        for row, new, plan in zip(_kept_rows(session, run), again.rows, again.texts, strict=True):
            row.outcome, row.label = new.outcome, new.label
            row.messages, row.warned = [m.as_dict() for m in new.parsed.messages], _warned(new)
            row.plan = plan
    session.execute(update(ImportRun).where(ImportRun.id == run.id).values(
        state=CHECKED, confirmed_at=None, **again.values).execution_options(synchronize_session=False))


def sheet_row(sheet: Sheet, row: ImportRow) -> ParsedRow:
    """A kept row as it was read: values and the messages of its reading."""
    kept = orjson.loads(row.cells.open())
    read = [Message(**m) for m in row.messages if m.get("stage") == "read"]
    return ParsedRow(row.excel_row, kept["cells"], sheet.restore(kept["values"]), read, row.tab)


def set_aside(session: ScopedSession, actor: Actor, run_id: int) -> None:
    """Put a preview away unconfirmed. Commits."""
    run = run_of(session, actor, run_id)
    if not _put_away(session, run.id):
        raise Conflict("这份名单已经确认过或已放弃。")
    session.commit()


def _put_away(session: ScopedSession, run_id: int) -> bool:
    """Whether it was still waiting: somebody may be confirming it."""
    put = session.execute(update(ImportRun).where(ImportRun.id == run_id, ImportRun.state == CHECKED)
                          .values(state=SET_ASIDE).execution_options(synchronize_session=False))
    return bool(put.rowcount == 1)  # type: ignore[attr-defined]


def make_room(session: ScopedSession, actor: Actor, latest: ImportRun) -> list[str]:
    """Put away the person's own previews that waited longest, where all together have more rows than one list may;
    gives the names of their files. An office that checks the lists of all its villages first never meets it."""
    waiting_too = session.scalars(select(ImportRun).where(
        ImportRun.account_id == actor.account_id, ImportRun.state == CHECKED, ImportRun.id != latest.id)
        .order_by(ImportRun.id.desc())).all()
    held = list(accumulate(_rows_held(run) for run in (latest, *waiting_too)))[1:]
    return [run.filename for run, so_far in zip(waiting_too, held, strict=True)
            if so_far > MOST_WAITING and _put_away(session, run.id)]


def _rows_held(run: ImportRun) -> int:
    return sum(run.counts[outcome] for outcome in OUTCOMES)


def forget(engine: Engine, now: datetime | None = None) -> int:
    """Let go of the rows of previews that were put away, or that nobody has confirmed for two weeks; gives how many
    previews. Each by itself, and a busy store is left alone: the next round comes in a minute."""
    too_old = and_(ImportRun.state == CHECKED, ImportRun.created_at < (now or datetime.now(UTC)) - UNFINISHED_FOR)
    put_away = and_(ImportRun.state == SET_ASIDE, exists().where(ImportRow.run_id == ImportRun.id))
    done = 0
    with unscoped(engine, "previews of every unit grow old") as wide:
        old = wide.execute(select(ImportRun.id, ImportRun.state).where(or_(too_old, put_away))).all()
    with suppress(OperationalError):
        for run_id, state in old:
            with unscoped(engine, "previews of every unit grow old", writing=True) as wide:
                if state == SET_ASIDE or _put_away(wide, run_id):
                    wide.execute(delete(ImportRow).where(ImportRow.run_id == run_id)
                                 .execution_options(synchronize_session=False))
                    done += 1
                wide.commit()
    return done


def settle(session: ScopedSession, actor: Actor, run_id: int) -> None:
    """What an import left behind is seen to, or needs nothing: nobody is reminded of it any more. A preview that holds
    nothing to write is put away. Commits."""
    actor.require(Permission.IMPORT_CREATE)
    run = run_of(session, actor, run_id)
    if run.state == CHECKED:
        if has_something(run):
            raise Conflict("这份名单还没有确认。请先打开预览，确认导入或放弃。")
        run.state = SET_ASIDE
    run.counts = {**run.counts, _SETTLED: run.counts["refused"]}
    session.commit()


def recent(session: ScopedSession, actor: Actor, sheet: str) -> list[ImportRun]:
    query = select(ImportRun).where(ImportRun.region_code == actor.region_code, ImportRun.sheet == sheet)
    return list(session.scalars(query.order_by(ImportRun.id.desc()).limit(10)))


def unfinished(session: ScopedSession, actor: Actor, sheet: str) -> list[ImportRun]:
    """The unit's imports of the last two weeks that left rows behind, and were neither taken back nor settled; also
    those of which nothing could be written at all."""
    since = datetime.now(UTC) - UNFINISHED_FOR
    query = select(ImportRun).where(
        ImportRun.region_code == actor.region_code, ImportRun.sheet == sheet, ImportRun.state.in_((CHECKED, CONFIRMED)),
        func.coalesce(ImportRun.confirmed_at, ImportRun.created_at) >= since).order_by(ImportRun.id.desc()).limit(100)
    left = [run for run in session.scalars(query)
            if run.counts["refused"] > run.counts.get(_SETTLED, 0)
            and (run.state == CONFIRMED or not has_something(run))]
    taken_back = undone_of(session, [run.change_id for run in left if run.change_id])
    return [run for run in left if run.change_id not in taken_back]


def waiting(session: ScopedSession, actor: Actor, sheet: str) -> list[ImportRun]:
    """The unit's previews of the last two weeks that could be confirmed, and were neither confirmed nor put away."""
    since = datetime.now(UTC) - UNFINISHED_FOR
    return list(filter(has_something, session.scalars(select(ImportRun).where(
        ImportRun.region_code == actor.region_code, ImportRun.sheet == sheet, ImportRun.state == CHECKED,
        ImportRun.created_at >= since).order_by(ImportRun.id.desc()).limit(100))))


def lacking_of(run: ImportRun) -> list[str]:
    """The columns that a list has not, where that leaves new records without them."""
    return list(run.lacking or ()) if run.counts["new"] else []


def has_something(run: ImportRun) -> bool:
    """Whether a preview has anything to write."""
    return bool(run.counts["new"] or run.counts["changed"])


def rows_of(session: ScopedSession, run: ImportRun, outcome: str | None, page: int, size: int,
            warned: bool = False) -> tuple[list[ImportRow], int]:
    """One page of a preview's rows, and how many there are."""
    conditions = [ImportRow.run_id == run.id]
    if outcome in OUTCOMES:
        conditions.append(ImportRow.outcome == outcome)
    if warned:
        conditions.append(ImportRow.warned.is_(True))
    total = session.scalar(select(func.count()).select_from(ImportRow).where(*conditions)) or 0
    rows = session.scalars(select(ImportRow).where(*conditions).order_by(ImportRow.id)
                           .offset(page * size).limit(size)).all()
    return list(rows), total


def rows_told(session: ScopedSession, actor: Actor, run: ImportRun, *, refused: bool) -> tuple[
        list[ImportRow], list[list[str]]]:
    """The refused rows, or those that go in with a reminder, with the cells as the list had them, for whoever brought
    the list: numbers and telephones stand in them in full. Raises NotFound, Refused."""
    if run.account_id != actor.account_id:
        raise Refused("下载的是名单的原文，含完整的证件号和电话，只给导入这份名单的人。请由导入人下载。")
    if run.state == SET_ASIDE:
        raise NotFound("这份名单没有导入，它的明细已不再保存。要导入请重新上传。")
    which = ImportRow.outcome == "refused" if refused else ImportRow.warned.is_(True)
    rows = session.scalars(select(ImportRow).where(ImportRow.run_id == run.id, which).order_by(ImportRow.id)).all()
    return list(rows), [orjson.loads(row.cells.open())["cells"] for row in rows]


def planned(row: ImportRow) -> dict[str, Any]:
    """What a kept row would do: `plan`, None where it was refused or is the same, and `changes` before → after."""
    return dict(orjson.loads(row.plan.open())) if row.plan else {"plan": None, "changes": []}
