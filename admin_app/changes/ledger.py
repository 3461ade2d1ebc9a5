"""Recording: everything that writes, writes inside one `recording`.

Services raise and flush, they never commit; the edge (page, import, command, job) opens one
recording, and it commits once. What changed nothing leaves nothing.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import cast

from sqlalchemy import ColumnElement, select

from admin_app.access import postgresql_wall, sqlite_wall
from admin_app.access.actor import Actor
from admin_app.access.scope import ScopedSession
from admin_app.changes import papers
from admin_app.errors import Invalid
from admin_app.identity_numbers import without_numbers
from models.base import Base
from models.change import Change, ChangeRow

LONGEST_TEXT = 2000  # characters
SHORTEST_REASON, LONGEST_REASON = 2, 200  # characters; the longest where one line is asked for
SHORTEST_FOR_FULL = 4  # of a reason to see, or to take out, what is masked
REVEAL = "reveal"  # the operation of a row that tells who looked, and of no change
_OPEN = "open_change"


@contextmanager
def recording(session: ScopedSession, actor: Actor, verb: str, reason: str | None = None, *,
              undoes_id: int | None = None, kept: bool = False, at: datetime | None = None) -> Iterator[Change]:
    """Open one change, and commit it at the end with everything written inside. The papers of what it moved go along.

    An exception rolls all of it back. A change that touched no record is rolled back too, unless
    `kept` (a looking-at that must be on record). It happens now; only who tells of a past (`seed/`) says when."""
    if not session.writing:
        raise RuntimeError("a recording wants a writing session")
    if session.info.get(_OPEN):
        raise RuntimeError("one act is one change: a recording is open already")
    said = as_kept(reason)
    try:
        change = Change(
            at=at or datetime.now(UTC), account_id=actor.account_id or None, actor=actor.name,
            role=actor.role, origin=actor.origin, verb=verb, reason=said or None,
            request_id=actor.request_id, address=actor.address, region_code=actor.region_code,
            undoes_id=undoes_id,
        )
        session.add(change)
        session.flush()
        session.info[_OPEN] = change.id
        connection = session.connection()
        wall = postgresql_wall if connection.dialect.name == "postgresql" else sqlite_wall
        wall.open_change(connection, change.id, change.region_code)
        yield change
        session.flush()
        papers.follow(session, change.id)
        if kept or touched_any(session, change.id):
            session.commit()
        else:
            session.rollback()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info[_OPEN] = None


def open_change(session: ScopedSession) -> int:
    """The number of the act that is being recorded. Raises RuntimeError where there is none."""
    number = session.info.get(_OPEN)
    if number is None:
        raise RuntimeError("whatever writes, writes inside a recording")
    return cast(int, number)


def as_kept(reason: str | None) -> str:
    """A reason as it stands in the ledger, for good: one readable line, without a whole identity number."""
    readable = "".join(c if c.isprintable() else " " for c in (reason or "")[:LONGEST_TEXT])
    return without_numbers(" ".join(readable.split()))


def touched_any(session: ScopedSession, change_id: int) -> bool:
    """Whether the change has touched a record yet."""
    return session.scalar(select(ChangeRow.id).where(ChangeRow.change_id == change_id).limit(1)) is not None


def explained(what: str, reason: str | None, such_as: str = "") -> str:
    """The reason of an act that is not done without one. Raises Invalid."""
    said = as_kept(reason)
    if len(said) < SHORTEST_REASON:
        example = f"，如“{such_as}”" if such_as else ""
        raise Invalid(f"{what}须写明原因{example}；它会记入变更台账。", "reason")
    return said


def record_reveal(session: ScopedSession, change: Change, record: Base, columns: list[str]) -> None:
    """Put on record that somebody looked at full values of this record."""
    session.add(ChangeRow(
        change_id=change.id, table_name=record.__tablename__, pk=record.id,
        region_code=getattr(record, record.__region__ or "", change.region_code),
        operation=REVEAL, columns=",".join(columns), before=None, after=None,
    ))


def ledger_position(session: ScopedSession, table: str | None = None, pk: int | None = None) -> int:
    """The number of the last row of the ledger: of one record (its version), or of all in scope."""
    query = select(ChangeRow.id).order_by(ChangeRow.id.desc()).limit(1)
    if table is not None and pk is not None:
        query = query.where(*changes_of(table, [pk]))
    return session.scalar(query) or 0


def changes_of(table: str, keys: Sequence[int]) -> tuple[ColumnElement[bool], ...]:
    """The conditions of the rows of the ledger that changed one of these records: who looks makes no new version."""
    return ChangeRow.table_name == table, ChangeRow.pk.in_(keys), ChangeRow.operation != REVEAL
