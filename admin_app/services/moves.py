"""Making moves, the one way by which the state of a record changes: in page, batch and command."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select, update

from admin_app.access.actor import Actor
from admin_app.access.scope import ScopedSession
from admin_app.changes.ledger import explained
from admin_app.errors import Conflict, Invalid, Refused
from admin_app.services.records import (
    agreeing_with, as_written, disagreements, faults_in, read_of, require_running, too_early,
)
from admin_app.standing import hold_afresh, hold_owners, unfit
from models.attachment import Attachment
from models.base import Base, declared, model_of, table_of
from models.moves import Move, Moves


FURTHEST = timedelta(days=731)  # 休学 and 延缓 are granted by the year: beyond two, a year was mistyped
NO_EVIDENCE = "“{}”须有佐证。请上传证明材料的照片或扫描件。"


def permission(model: type[Base], move: Move) -> str:
    return f"{model.__area__}.{move.act}"


def moves_of(actor: Actor, model: type[Base]) -> list[Move]:
    """The moves of a ledger that the actor's role allows, whatever state a record is in."""
    return [m for m in model.__moves__.moves if actor.may(permission(model, m))] if model.__moves__ else []


def open_moves(actor: Actor, record: Base) -> list[Move]:
    """The moves that the record as it stands and the actor's role allow."""
    own = _standing(record)
    return [move for move in moves_of(actor, type(record)) if closed(type(record), move, own) is None]


def closed(model: type[Base], move: Move, own: Mapping[str, Any]) -> Refused | Invalid | None:
    """Why a record with these values does not have this move, whatever is given: its state, or what it must be."""
    moves = model.__moves__
    if moves is None or (state := own[moves.column]) not in move.sources:
        label = moves.labels.get(state, state) if moves else ""
        return Refused(f"当前状态是“{label}”，不能“{move.label}”。")
    return Invalid(move.only.why) if move.only and own[move.only.column] != move.only.value else None


def require_open(record: Base, move: Move) -> None:
    """Raises Refused when the record does not have this move in its state."""
    if isinstance(fault := closed(type(record), move, _standing(record)), Refused):
        raise Refused(f"{fault.message}请返回页面查看可办理的事项。")


def _standing(record: Base) -> dict[str, Any]:
    return {column.name: getattr(record, column.name) for column in table_of(type(record)).columns}


def make_move(session: ScopedSession, actor: Actor, record: Base, verb: str, *,
              values: Mapping[str, Any], reason: str | None = None, new_evidence: int = 0) -> Move:
    """Move a record from its state by a verb.

    Effects: checks that the table of moves has it, that the role permits it, that the fields, the
    reason and the evidence it asks for are there, of the record as it stands and stays until the act ends; then moves
    it. Raises Invalid (naming the column), Refused, Conflict."""
    model = type(record)
    moves = model.__moves__
    move = moves.by_verb.get(verb) if moves else None
    if moves is None or move is None:
        raise Invalid(f"“{model.__title__}”没有这项操作。请刷新页面后重新选择。")
    actor.require(permission(model, move))
    if moves.brings_back(move):
        hold_owners(session, model, [record.id])
    hold_afresh(session, record)  # as it stands now, and stays until this act ends
    given = given_values(session, model, move, values, reason)
    own = {name: getattr(record, name) for name in looked_at(model, move, given)}
    beside = unfit(session, model, [record.id]) if moves.brings_back(move) else {}
    proven = bool(new_evidence) or not move.evidence or record.id in with_evidence(session, model, [record.id])
    [read] = read_of(session, model, [{**own, **given}])
    if fault := hindrance(model, move, given, own, read, beside=beside.get(record.id), proven=proven):
        raise fault
    apply(session, model, move, [record.id], given)
    session.expire(record)
    for fault in faults_in(session, actor, record, {*given, *agreeing_with(model, given)}):
        raise fault  # what a form refuses, a move does not bring in
    return move


def apply(session: ScopedSession, model: type[Base], move: Move, keys: Sequence[int], given: Mapping[str, Any]) -> None:
    """Move records that are held and were judged (`hindrance`), and what ends with them. Raises Conflict where one is
    not as it was judged."""
    moves, every = model.__moves__, model.__mapper__.c
    assert moves is not None
    state = {moves.column: move.target} if move.target else {}
    moved = session.execute(
        update(model).where(every.id.in_(keys), every[moves.column].in_(move.sources))
        .values({**state, **dict.fromkeys(move.clears), **given}).execution_options(synchronize_session=False))
    if moved.rowcount != len(keys):  # type: ignore[attr-defined]
        raise Conflict("别人刚刚办理过所选的记录，没有写入。请刷新页面，看过现在的状态后再办理。")
    end_with(session, model, move, keys)


def end_with(session: ScopedSession, model: type[Base], move: Move, keys: Sequence[int]) -> None:
    """What hangs on these records ends with them, today and in the same act, where the move settles them: nobody is
    asked to verify the flag of a child who has left school for good, and no number counts it."""
    for other, moves, ending in _ends(model, move):
        columns = table_of(other).c
        session.execute(
            update(other).where(columns[f"{model.__tablename__}_id"].in_(keys),
                                columns[moves.column].in_(ending.sources))
            .values({moves.column: ending.target, **dict.fromkeys(ending.asks, date.today())})
            .execution_options(synchronize_session=False))


def ends_too(model: type[Base], move: Move) -> str:
    """What this move ends beside the record, in words; empty where it does not."""
    said: dict[str, str] = {}
    for other, _, ending in _ends(model, move):
        said.setdefault(other.__title__, f"名下还有效的{other.__title__}一并{ending.label}")
    return f"办理后，{'，'.join(said.values())}。" if said else ""


def _ends(model: type[Base], move: Move) -> list[tuple[type[Base], Moves, Move]]:
    """The ledgers whose records end with one that this move settles, each with its moves and the one by which."""
    moves = model.__moves__
    if moves is None or move.target in ("", *moves.standing):
        return []
    return [(other, theirs, theirs.by_verb[verb]) for table, verb in moves.ends
            if (theirs := (other := model_of(table)).__moves__)]


def given_values(session: ScopedSession, model: type[Base], move: Move, values: Mapping[str, Any],
                 reason: str | None) -> dict[str, Any]:
    """What a verb was given, checked as far as it is the same for every record. Raises Invalid."""
    cleaned = {name: as_written(declared(model, name), name, value) if isinstance(value, str) else value
               for name, value in values.items()}
    given = {name: value for name, value in cleaned.items()
             if name in (*move.asks, *move.optional) and value not in (None, "")}
    over = model.__moves__ is not None and move.target not in ("", *model.__moves__.standing)
    for name, value in given.items():
        if ahead := too_early(declared(model, name).label, name, value, over=over):
            raise ahead
        for key in table_of(model).c[name].foreign_keys:
            if key.column.name != "id":
                continue
            target = session.get(model_of(key.column.table.name), value)
            if target is None:
                raise Invalid(f"所选的“{declared(model, name).label}”不存在，或不在您的管辖范围内。请重新选择。", name)
            require_running(target, declared(model, name).label, name)
    for name in move.ahead:
        day: Any = given.get(name)
        if day is not None and day < date.today():
            raise Invalid(f"“{declared(model, name).label}”不能早于今天。请改正。", name)
        if day is not None and day > date.today() + FURTHEST:
            raise Invalid(f"“{declared(model, name).label}”（{day}）太远了，一次最多两年。请核对年份；到期前可以续办。",
                          name)
    for fault in disagreements(model, given):
        raise fault
    if move.reason:
        explained(f"“{move.label}”", reason)
    return given


def looked_at(model: type[Base], move: Move, given: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns of a record that decide whether it makes a move with these values."""
    assert model.__moves__ is not None
    return tuple(dict.fromkeys((model.__moves__.column, *move.asks, *([] if move.target else given),
                                *([move.only.column] if move.only else []), *agreeing_with(model, given))))


def hindrance(model: type[Base], move: Move, given: Mapping[str, Any], own: Mapping[str, Any],
              read: Mapping[str, Any], *, beside: str | None, proven: bool) -> Refused | Invalid | None:
    """Why a record does not make this move with these values; None where it does. `own` are its values of `looked_at`,
    `read` is what its agreements read elsewhere once these are given, `beside` says why it is not to stand again."""
    if shut := closed(model, move, own):
        return shut
    for name in move.asks:
        past = name in move.ahead and own[name] is not None and own[name] < date.today()
        if name not in given and (past or own[name] in (None, "")):
            return Invalid(lacking(model, move, name), name)
    if fault := next(disagreements(model, {**{n: own[n] for n in agreeing_with(model, given)}, **read, **given}), None):
        return fault
    if not move.target and (idle := _nothing_new(model, move, given, own)):
        return Invalid(idle, next(iter(given), None))
    if beside is not None:
        return Invalid(beside)
    return None if proven else Invalid(NO_EVIDENCE.format(move.label), "evidence")


def _nothing_new(model: type[Base], move: Move, given: Mapping[str, Any], own: Mapping[str, Any]) -> str | None:
    """Why a move that leaves the state as it is has nothing to note of a record: it says so already, or a later day."""
    for name, value in given.items():
        standing = own[name]
        if isinstance(standing, date) and name.endswith("_on") and standing > value:
            return f"已有更晚的“{declared(model, name).label}”（{standing}），没有用较早的覆盖它。"
    return f"已经是这样登记的，不用再“{move.label}”。" if all(own[n] == v for n, v in given.items()) else None


def lacking(model: type[Base], move: Move, name: str) -> str:
    return f"“{move.label}”须填写“{declared(model, name).label}”。"


def with_evidence(session: ScopedSession, model: type[Base], keys: Sequence[int]) -> set[int]:
    """Which of these records have at least one attachment."""
    return set(session.scalars(select(Attachment.owner_id).where(
        Attachment.owner_table == model.__tablename__, Attachment.owner_id.in_(keys),
        Attachment.void_reason.is_(None))))
