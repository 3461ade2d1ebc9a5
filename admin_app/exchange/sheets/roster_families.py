"""Which family a row of a roster belongs to: one that stands in the register, or a new one that several rows share.

A row with a 户编号 means that family. Many lists have none: then a child's own family is the one where it stands, and a
new child joins the family with the same head's number, or else the only one of the village whose head has that name.
The preview says so where the name alone decided.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from admin_app.access.bulk import in_parts
from admin_app.access.scope import ScopedSession
from admin_app.exchange.sheet import ParsedRow
from models.household import Household
from models.kinds import IDENTITY_INDEX, cipher
from models.student import Student


@dataclass(frozen=True, slots=True)
class Named:
    """The family that a row means: `key` is the same for all its rows, `stands` is None for a new one. `leads` is the
    row that speaks for it, with the head that this one gave: of a family that stands and is named by its 户编号, the
    row of a child who stands there, before others one that agrees with the register."""

    key: str
    stands: Household | None
    leads: tuple[str, str | None]
    by_number: bool  # the row says its 户编号
    at_home: bool  # some row that says it is of a child who stands in this family
    child_at_home: bool  # this very row is


class Families:
    """The families of the register, as far as the rows of one roster may mean them, and what the rows made of them."""

    def __init__(self, standing: Iterable[Household]) -> None:
        self.standing = {h.id: h for h in standing}
        self._by_number = {(h.region_code, h.register_number): h for h in self.standing.values()}
        self._by_identity = {(h.region_code, h.identity_index): h for h in self.standing.values() if h.identity_index}
        self._by_head: dict[tuple[str, str], list[Household]] = defaultdict(list)
        for household in self.standing.values():
            self._by_head[household.region_code, household.head_name].append(household)
        self._joined: dict[str, Household] = {}
        self._first: dict[str, tuple[str, str | None]] = {}
        self._at_home: dict[int, tuple[str, str | None]] = {}

    @classmethod
    def read(cls, session: ScopedSession, rows: Sequence[ParsedRow], children: Sequence[Student]) -> "Families":
        """One query for each way in which a row may mean a family, and some thousand keys."""
        bare = [row for row in rows if not row.values.get("register_number")]
        found: dict[int, Household] = {}
        for column, keys in (
            (Household.register_number, (row.values.get("register_number") for row in rows)),
            (Household.id, (child.household_id for child in children)),
            (Household.identity_index, (index_of(row.values.get("head_identity")) for row in bare)),
            (Household.head_name, (_head(row) for row in bare)),
        ):
            found |= {h.id: h for h in _standing(session, column, keys)}
        return cls(found.values())

    def join(self, row: ParsedRow, child: Student) -> None:
        """The rows that name a family as the row of a standing child does belong where that child stands."""
        household, number = self._home_of(child), row.values.get("register_number")
        if household is not None and not number:
            self._joined.setdefault(_key(row, child.region_code), household)
        elif household is not None and household.register_number == number:
            head = row.values.get("head_name")
            if household.id not in self._at_home or (
                    head == household.head_name != self._at_home[household.id][1]):
                self._at_home[household.id] = (row.place, head)

    def of(self, row: ParsedRow, region: str, child: Student | None) -> Named:
        """The family of a row. Warns where rows of one family disagree about its head, and where a name decided."""
        number = row.values.get("register_number")
        stands = self._by_number.get((region, number)) if number else self._without_number(row, region, child)
        key = _key(row, region) if stands is None or number else f"={stands.id}"
        given = row.values.get("head_name")
        first = self._first.setdefault(key, (row.place, given))
        speaks = self._at_home.get(stands.id) if stands is not None and number else None
        leads = speaks or first
        child_at_home = stands is not None and child is not None and child.household_id == stands.id
        if given and leads[1] and leads[1] != given and (stands is None or not number or child_at_home):
            row.warn("户主姓名", f"与{leads[0]}同户，户主姓名却不同，以{leads[0]}为准。")
        return Named(key, stands, leads, bool(number), speaks is not None, child_at_home)

    def _home_of(self, child: Student) -> Household | None:
        return self.standing.get(child.household_id or 0)

    def _without_number(self, row: ParsedRow, region: str, child: Student | None) -> Household | None:
        if child is not None and (own := self._home_of(child)):
            return own
        identity, head = index_of(row.values.get("head_identity")), _head(row)
        if identity and (found := self._by_identity.get((region, identity))):
            return found
        if found := self._joined.get(_key(row, region)):
            return found
        alike = [h for h in self._by_head.get((region, head or ""), [])
                 if not (identity and h.identity_index and h.identity_index != identity)]
        if len(alike) == 1:
            row.warn("户主姓名", f"按村和户主姓名归入已有的户“{head}”（户编号 {alike[0].register_number}）。"
                                 "如不是同一户，请在名单中填上户编号或户主身份证号后重新上传。")
            return alike[0]
        if alike:
            row.warn("户主姓名", f"本村有 {len(alike)} 户的户主都叫“{head}”，按新的一户登记。"
                                 "如是其中一户，请在名单中填上户编号或户主身份证号后重新上传。")
        return None


def _standing(session: ScopedSession, column: Any, keys: Iterable[Any]) -> Iterable[Household]:
    for part in in_parts(dict.fromkeys(key for key in keys if key)):
        yield from session.scalars(select(Household).where(column.in_(part)))


def _head(row: ParsedRow) -> str | None:
    return row.values.get("head_name") or row.values.get("guardian_name")


def _key(row: ParsedRow, region: str) -> str:
    """What the rows of one family have in common."""
    if number := row.values.get("register_number"):
        return f"{region}:{number}"
    return f"{region}:{row.values.get('head_identity') or ''}:{_head(row) or row.place}"


def index_of(number: str | None) -> str | None:
    """The blind index under which an identity number is found."""
    return cipher().index(number, IDENTITY_INDEX) if number else None
