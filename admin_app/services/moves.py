"""Making a move: the one function by which a state changes, in page, batch, import and command."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import func, select, update

from admin_app.access.actor import Actor
from admin_app.access.scope import ScopedSession
from admin_app.errors import Conflict, Invalid, Refused
from admin_app.services.records import clean
from models.attachment import Attachment
from models.base import Base, declared, model_of, table_of
from models.moves import Move


def permission(model: type[Base], move: Move) -> str:
    return f"{model.__area__}.{move.act}"


def open_moves(actor: Actor, record: Base) -> list[Move]:
    """The moves that the record's state and the actor's role allow."""
    moves = type(record).__moves__
    if moves is None:
        return []
    return [m for m in moves.open_to(getattr(record, moves.column)) if actor.may(permission(type(record), m))]


def require_open(record: Base, move: Move) -> None:
    """Raises Refused when the record's state does not have this move."""
    moves = type(record).__moves__
    state = getattr(record, moves.column) if moves else ""
    if moves is None or state not in move.sources:
        label = moves.labels[state] if moves else ""
        raise Refused(f"当前状态是“{label}”，不能“{move.label}”。请返回页面查看可办理的事项。")


def make_move(session: ScopedSession, actor: Actor, record: Base, verb: str, *,
              values: Mapping[str, Any], reason: str | None = None, new_evidence: int = 0) -> Move:
    """Move a record from its state by a verb.

    Effects: checks that the table of moves has it, that the role permits it, that the fields, the
    reason and the evidence it asks for are there; then compare-and-set: the state changes only if it
    is still the one it was. Raises Invalid (naming the column), Refused, Conflict."""
    model = type(record)
    moves = model.__moves__
    move = moves.by_verb.get(verb) if moves else None
    if moves is None or move is None:
        raise Invalid(f"“{model.__title__}”没有这项操作。请刷新页面后重新选择。")
    actor.require(permission(model, move))
    require_open(record, move)
    state = getattr(record, moves.column)
    values = {name: clean(declared(model, name).label, name, value) if isinstance(value, str) else value
              for name, value in values.items()}
    for name in move.asks:
        if values.get(name) in (None, "") and getattr(record, name) in (None, ""):
            raise Invalid(f"“{move.label}”须填写“{declared(model, name).label}”。", name)
    for name, value in values.items():
        if isinstance(value, date) and name.endswith("_on") and value > date.today():
            raise Invalid(f"“{declared(model, name).label}”不能晚于今天。请改正。", name)
    if move.reason and not (reason or "").strip():
        raise Invalid(f"“{move.label}”须写明原因。", "reason")
    if move.evidence and not new_evidence and not _attached(session, record):
        raise Invalid(f"“{move.label}”须有佐证。请上传证明材料的照片或扫描件。", "evidence")
    given = {name: value for name, value in values.items()
             if name in (*move.asks, *move.optional) and value not in (None, "")}
    for name, value in given.items():
        for key in table_of(model).c[name].foreign_keys:
            if key.column.name == "id" and session.get(model_of(key.column.table.name), value) is None:
                raise Invalid(f"所选的“{declared(model, name).label}”不存在，或不在您的管辖范围内。请重新选择。", name)
    state_column = getattr(model, moves.column)
    moved = session.execute(
        update(model).where(model.id == record.id, state_column == state)
        .values({moves.column: move.target, **given}).execution_options(synchronize_session=False)
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("别人刚刚办理过这条记录，状态已经改变。请刷新页面后再看。")
    session.expire(record)
    return move


def _attached(session: ScopedSession, record: Base) -> bool:
    count = session.scalar(select(func.count()).select_from(Attachment).where(
        Attachment.owner_table == record.__tablename__, Attachment.owner_id == record.id))
    return bool(count)
