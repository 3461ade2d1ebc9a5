"""批量办理: one move of many records, chosen, previewed, confirmed exactly as previewed.

The same table of moves, the same fields and evidence as for one record (`services/moves.py`), set by
set: nothing is asked for record by record, so 10,000 are no problem. What does not fit is refused with
its reason, and never holds up the rest.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import orjson
from sqlalchemy import Date, select, update

from admin_app.access.actor import Actor
from admin_app.access.bulk import in_parts, insert_rows
from admin_app.access.scope import ScopedSession
from admin_app.changes.ledger import as_kept, recording
from admin_app.errors import Conflict, Invalid, NotFound
from admin_app.listing import Wanted, all_keys
from admin_app.services import moves as move_service
from admin_app.services.records import read_of
from admin_app.standing import doubled, hold, hold_afresh, hold_owners, unfit
from admin_app.tasks import Work, kind
from models.attachment import Attachment
from models.base import Base, model_of, table_of
from models.batch_run import BatchRun
from models.moves import Move

MOST_RECORDS = 100_000
CHOSEN, CHECKED, CONFIRMED = "chosen", "checked", "confirmed"
GONE = "这条记录已不在您的管辖范围内，或已被移走。"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which records a batch will move, and why it leaves the others."""

    fit: list[int]
    refused: dict[int, str]

    def digest(self, run: BatchRun, given: str) -> str:
        said = f"{run.table_name}\0{run.verb}\0{given}\0{self.fit}\0{sorted(self.refused.items())}"
        return hashlib.sha256(said.encode()).hexdigest()


def move_named(actor: Actor, table: str, verb: str) -> tuple[type[Base], Move]:
    """The ledger and the move. Raises NotFound, Refused."""
    try:
        model = model_of(table)
        moves = model.__moves__
        move = moves.by_verb[verb] if moves else None
    except KeyError:
        move = None
    if move is None:
        raise NotFound("没有这项操作。请返回列表重新选择。")
    actor.require(move_service.permission(model, move))
    return model, move


def choose(session: ScopedSession, actor: Actor, wanted: Wanted, verb: str) -> BatchRun:
    """Take the records of a list (or its ticked ones) for a move. Commits nothing.

    Raises Invalid (none, too many, none in a state that has this move), NotFound, Refused."""
    model, move = move_named(actor, wanted.model.__tablename__, verb)
    keys = all_keys(session, wanted, MOST_RECORDS + 1)
    if not keys:
        raise Invalid("没有选中任何记录。请先勾选，或选“全部符合条件”。")
    if len(keys) > MOST_RECORDS:
        raise Invalid(f"一次最多办理 {MOST_RECORDS:,} 条。请用筛选缩小范围后再办理。")
    if not any(state in move.sources for state in _states(session, model, keys)):
        raise Invalid(f"所选 {len(keys):,} 条记录的状态都不能“{move.label}”。请看状态一列，改选别的事项或别的记录。")
    run = BatchRun(region_code=actor.region_code, account_id=actor.account_id, table_name=model.__tablename__,
                   verb=verb, keys=keys, state=CHOSEN, counts={"chosen": len(keys)}, refused={},
                   created_at=datetime.now(UTC))
    session.add(run)
    session.flush()
    return run


def _states(session: ScopedSession, model: type[Base], keys: Sequence[int]) -> Iterator[str]:
    """The states that these records are in, each once for some thousands."""
    every: Any = model
    assert model.__moves__ is not None
    state = getattr(every, model.__moves__.column)
    for part in in_parts(keys):
        yield from session.scalars(select(state).where(every.id.in_(part)).distinct())


def run_of(session: ScopedSession, actor: Actor, run_id: int) -> BatchRun:
    """A batch of the actor's own. Raises NotFound."""
    run = session.get(BatchRun, run_id)
    if run is None or run.account_id != actor.account_id or run.region_code != actor.region_code:
        raise NotFound("没有这次批量办理，或它不是您办的。")
    return run


def _take(session: ScopedSession, run: BatchRun) -> None:
    """Hold a run that is still open, as whoever held it before has left it: what the page read when it began may be
    over by now, and the receipt of what was done is not written again. Raises Conflict."""
    hold_afresh(session, run)
    if run.state == CONFIRMED:
        raise Conflict("这次批量办理已经确认过了，没有重复办理。请查看回执。")


def check(session: ScopedSession, actor: Actor, run: BatchRun, values: Mapping[str, Any], reason: str | None,
          evidence: dict[str, Any] | None) -> Verdict:
    """Say what the batch would do with these values, and keep it as its preview.

    Raises Conflict (already confirmed), Invalid (naming the field), Refused."""
    _take(session, run)
    model, move = move_named(actor, run.table_name, run.verb)
    given = move_service.given_values(session, model, move, values, reason)
    text = orjson.dumps({"values": given, "evidence": evidence}).decode()
    verdict = judge(session, model, move, run.keys, given, evidence is not None)
    if not verdict.fit:
        _blame_the_form(model, move, set(verdict.refused.values()))
    run.given, run.reason, run.state = text, as_kept(reason) or None, CHECKED
    _keep(run, verdict, text)
    session.flush()
    return verdict


def _blame_the_form(model: type[Base], move: Move, reasons: set[str]) -> None:
    """Where none can be moved for what the form lacks, the form says so, not each record. Raises Invalid."""
    for name in move.asks:
        if (why := move_service.lacking(model, move, name)) in reasons:
            raise Invalid(why, name)
    if (why := move_service.NO_EVIDENCE.format(move.label)) in reasons:
        raise Invalid(why, "evidence")


def must_be_given(session: ScopedSession, model: type[Base], move: Move, keys: Sequence[int]) -> tuple[str, ...]:
    """What the form of a batch cannot do without, as columns and `evidence`: no chosen record has it of its own."""
    every: Any = model
    wanting = [name for name in move.asks if not any(session.scalar(select(every.id).where(
        every.id.in_(part), getattr(every, name).is_not(None)).limit(1)) for part in in_parts(keys))]
    if move.evidence and not any(move_service.with_evidence(session, model, part) for part in in_parts(keys)):
        wanting.append("evidence")
    return tuple(wanting)


def _keep(run: BatchRun, verdict: Verdict, given: str) -> None:
    run.digest = verdict.digest(run, given)
    run.refused = {str(key): why for key, why in verdict.refused.items()}
    run.counts = {"chosen": len(run.keys), "fit": len(verdict.fit), "refused": len(verdict.refused)}


def judge(session: ScopedSession, model: type[Base], move: Move, keys: Sequence[int], given: Mapping[str, Any],
          evidence: bool) -> Verdict:
    """Which of these records the move takes, by state, fields and evidence: a few queries for thousands."""
    every: Any = model
    moves = model.__moves__
    assert moves is not None
    names = move_service.looked_at(model, move, given)
    columns = [getattr(every, name) for name in ("id", *names)]
    found: dict[int, str | None] = {}
    for part in in_parts(keys):
        beside = unfit(session, model, part) if moves.brings_back(move) else {}
        proven = set(part) if evidence or not move.evidence else move_service.with_evidence(session, model, part)
        rows = session.execute(select(*columns).where(every.id.in_(part))).all()
        standing = [dict(zip(names, values, strict=True)) for _, *values in rows]
        told = read_of(session, model, [{**own, **given} for own in standing])
        for (key, *_), own, read in zip(rows, standing, told, strict=True):
            fault = move_service.hindrance(model, move, given, own, read, beside=beside.get(key), proven=key in proven)
            found[key] = fault.message if fault else None
    refused = {key: found.get(key, GONE) for key in keys if found.get(key, GONE) is not None}
    return Verdict([key for key in keys if key not in refused], {k: str(w) for k, w in refused.items()})


def given_of(run: BatchRun) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The values and the evidence that the preview was made with."""
    kept = orjson.loads(run.given.open()) if run.given else {"values": {}, "evidence": None}
    columns = table_of(model_of(run.table_name)).c
    values = {name: date.fromisoformat(value) if isinstance(columns[name].type, Date) else value
              for name, value in kept["values"].items()}
    return values, kept["evidence"]


def confirm(session: ScopedSession, actor: Actor, run_id: int, digest: str) -> BatchRun:
    """Do what was previewed, in one change. Commits through its recording.

    Effects, in order: takes the run (once); makes sure that the preview still holds, else keeps the new
    one and says so; attaches the evidence to each record; moves all that fit in one statement for
    thousands; keeps the change. Raises Conflict, Invalid, NotFound, Refused."""
    run = run_of(session, actor, run_id)
    _take(session, run)
    if run.state != CHECKED or run.digest != digest:
        raise Conflict("您确认的不是最新的预览。请刷新页面，看过新的预览后再确认。")
    model, move = move_named(actor, run.table_name, run.verb)
    values, evidence = given_of(run)
    if model.__moves__ is not None and model.__moves__.brings_back(move):
        hold_owners(session, model, run.keys)
    for part in in_parts(run.keys):
        hold(session, model, part)  # as they are judged now they stay until they are moved
    verdict = judge(session, model, move, run.keys, values, evidence is not None)
    if verdict.digest(run, run.given.open()) != run.digest:
        _keep(run, verdict, run.given.open())
        session.commit()
        raise Conflict("预览之后，所选记录有了变化。已按最新数据重新核对，请再看一遍预览后确认。")
    if not verdict.fit:
        raise Invalid("所选记录没有一条可以办理。请看每条的原因。")
    with recording(session, replace(actor, origin="batch"), f"{run.table_name}:{run.verb}", run.reason) as change:
        if evidence:
            _attach(session, model, verdict.fit, evidence)
        _move(session, model, move, verdict.fit, values)
        session.execute(update(BatchRun).where(BatchRun.id == run_id).values(
            state=CONFIRMED, change_id=change.id, confirmed_at=datetime.now(UTC))
            .execution_options(synchronize_session=False))
    return run_of(session, actor, run_id)


def _move(session: ScopedSession, model: type[Base], move: Move, keys: Sequence[int],
          values: Mapping[str, Any]) -> None:
    brings_back = model.__moves__ is not None and model.__moves__.brings_back(move)
    for part in in_parts(keys):
        move_service.apply(session, model, move, part, values)
        if brings_back and doubled(session, model, part):
            raise Conflict(f"所选记录中有同样的“{model.__title__}”，这次没有写入任何一条。请每样只选一条后再办理。")


def _attach(session: ScopedSession, model: type[Base], keys: Sequence[int], evidence: dict[str, Any]) -> None:
    """The same paper proves each record: one file, one attachment for each."""
    every: Any = model
    for part in in_parts(keys):
        places = session.execute(select(every.id, every.region_code).where(every.id.in_(part)))
        insert_rows(session, Attachment, [
            {"region_code": region, "owner_table": model.__tablename__, "owner_id": key, **evidence}
            for key, region in places])


def reasons_of(run: BatchRun) -> list[tuple[str, int]]:
    """Why records are refused, with how many, the most frequent first."""
    return Counter(run.refused.values()).most_common()


@kind("batch")
def batch(work: Work) -> dict[str, Any]:
    """A confirmed preview, done by a worker. One that is done already is not done again."""
    with ScopedSession(work.engine, work.actor.scope, writing=True) as session:
        run = run_of(session, work.actor, work.arguments["batch"])
        if run.state != CONFIRMED:
            run = confirm(session, work.actor, run.id, work.arguments["digest"])
        counts = run.counts
    return {"message": f"成功 {counts['fit']:,} 条，未办理 {counts['refused']:,} 条。", "batch": run.id}
