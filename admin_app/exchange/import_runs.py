"""Runs of an import: their previews and what is read of them, those that wait, and those that left rows behind.

The rows of a preview that nobody confirms are let go of; the run stays, with its counts.
"""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

import orjson
from sqlalchemy import Engine, and_, delete, exists, func, or_, select, update
from sqlalchemy.exc import OperationalError

from admin_app.access.actor import Actor
from admin_app.access.permissions import Permission
from admin_app.access.scope import ScopedSession, unscoped
from admin_app.changes.undo import undone_of
from admin_app.errors import Conflict, NotFound, Refused
from models.import_run import ImportRow, ImportRun

CHECKED, CONFIRMED, SET_ASIDE = "checked", "confirmed", "set_aside"
UNFINISHED_FOR = timedelta(days=14)
MOST_WAITING = 100_000  # rows of one person's previews together: as many as one list may have
OUTCOMES = ("new", "changed", "same", "refused")
_SETTLED = "settled"  # of the refused rows, those that nobody is reminded of any more


def run_of(session: ScopedSession, actor: Actor, run_id: int) -> ImportRun:
    """A run of the actor's own unit. Raises NotFound."""
    run = session.get(ImportRun, run_id)
    if run is None or run.region_code != actor.region_code:
        raise NotFound("没有这次导入，或它不是您的单位做的。")
    return run


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
    # What is as it was stands behind what somebody should look at.
    rows = session.scalars(select(ImportRow).where(*conditions).order_by(ImportRow.outcome == "same", ImportRow.id)
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
