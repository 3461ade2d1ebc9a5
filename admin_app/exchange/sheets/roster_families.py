"""Which family a row of a roster belongs to: one that stands in the register, or a new one that several rows share.

A row with a 户编号 means that family. Many lists have none: then a child's own family is the one where it stands, and a
new child joins the family with the same head's number, or else the only one of the village whose head has that name.
The preview says so where the name alone decided. A 户编号 that the village has not moves nobody who stands.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from admin_app.access.bulk import in_parts
from admin_app.access.scope import ScopedSession
from admin_app.exchange.sheet import ParsedRow
from models.household import Household
from models.kinds import IDENTITY_INDEX, cipher
from models.student import Student

_LONGEST_BY_HAND = 8  # digits of a 户编号 that may begin with zeros; the register's own begin with a village's code


@dataclass(frozen=True, slots=True)
class Named:
    """The family that a row means: `key` is the same for all its rows, `stands` is None for a new one. `leads` is the
    row that speaks for it, with the head that this one gave: of a family that stands and is named by its 户编号, the
    row of a child who stands there, before others one that agrees with the register. `head_number` is the head's
    identity number; of a new family also where another row of it says it."""

    key: str
    stands: Household | None
    leads: tuple[str, str | None]
    head_number: str | None
    by_number: bool  # it is found by the 户编号 of the row
    at_home: bool  # some row that says it is of a child who stands in this family
    child_at_home: bool  # this very row is


class Families:
    """The families of the register, as far as the rows of one roster may mean them, and what the rows made of them."""

    def __init__(self, standing: Iterable[Household]) -> None:
        self.standing = {h.id: h for h in standing}
        self._by_number = {(h.region_code, h.register_number): h for h in self.standing.values()}
        self._by_bare: dict[tuple[str, str], list[Household]] = defaultdict(list)
        self._by_identity = {(h.region_code, h.identity_index): h for h in self.standing.values() if h.identity_index}
        self._by_head: dict[tuple[str, str], list[Household]] = defaultdict(list)
        for household in self.standing.values():
            self._by_head[household.region_code, household.head_name].append(household)
            if bare := _bare(household.register_number):
                self._by_bare[household.region_code, bare].append(household)
        self._joined: dict[str, dict[int, Household]] = defaultdict(dict)
        self._heads: dict[str, dict[str, None]] = defaultdict(dict)
        self._saying: set[str] = set()  # the rows that say the number of a head
        self._telling: dict[str, str] = {}  # the first of them, of each family whose leading row is none
        self._headed: dict[tuple[str, str], tuple[str | int, str]] = {}
        self._first: dict[str, tuple[str, str | None]] = {}
        self._at_home: dict[int, tuple[str, str | None]] = {}

    @classmethod
    def read(cls, session: ScopedSession, rows: Sequence[ParsedRow], children: Sequence[Student]) -> "Families":
        """One query for each way in which a row may mean a family, and some thousand keys."""
        bare = [row for row in rows if not row.values.get("register_number")]
        found: dict[int, Household] = {}
        for column, keys in (
            (Household.register_number, (n for row in rows for n in _written(row.values.get("register_number") or ""))),
            (Household.id, (child.household_id for child in children)),
            (Household.identity_index, map(index_of, dict.fromkeys(row.values.get("head_identity") for row in rows))),
            (Household.head_name, (_head(row) for row in bare)),
        ):
            found |= {h.id: h for h in _standing(session, column, keys)}
        return cls(found.values())

    def hear(self, row: ParsedRow, region: str) -> None:
        """What one row of a family says of its head's number holds for the others: many lists say it once."""
        if number := row.values.get("head_identity"):
            self._heads[_group(row, region)][number] = None
            self._saying.add(row.place)

    def join(self, row: ParsedRow, child: Student) -> None:
        """The rows that name a family as the row of a standing child does belong where that child stands."""
        household, number = self._home_of(child), row.values.get("register_number")
        meant = self._numbered(child.region_code, number) if number else None
        if household is not None and meant is None:
            key = _key(row, child.region_code, row.values.get("head_identity"))
            self._joined[key].setdefault(household.id, household)
        elif household is not None and household is meant:
            head = row.values.get("head_name")
            if household.id not in self._at_home or (
                    head == household.head_name != self._at_home[household.id][1]):
                self._at_home[household.id] = (row.place, head)

    def of(self, row: ParsedRow, region: str, child: Student | None) -> Named:
        """The family of a row. Warns where rows of one family disagree about its head, where a name decided, and where
        a 户编号 is not as the register has it."""
        number = row.values.get("register_number")
        meant = self._numbered(region, number) if number else None
        if meant is not None and meant.register_number != number:
            row.warn("户编号", f"“{number}”按本村已有的户编号“{meant.register_number}”登记（“{meant.head_name}”户）。"
                             "数字前面的 0 容易丢失，请把该列设为“文本”格式。")
        stands = meant or (self._unnumbered(row, region, child) if number
                           else self._without_number(row, region, child))
        head_number = self._head_number(row, region) if stands is None else row.values.get("head_identity")
        key = _key(row, region, head_number) if stands is None else f"#{stands.id}" if meant else f"={stands.id}"
        given = row.values.get("head_name")
        first = self._first.setdefault(key, (row.place, given))
        speaks = self._at_home.get(meant.id) if meant is not None else None
        leads = speaks or first
        child_at_home = stands is not None and child is not None and child.household_id == stands.id
        if given and leads[1] and leads[1] != given and (stands is None or (meant is not None and child_at_home)):
            row.warn("户主姓名", f"与{leads[0]}同户，户主姓名却不同，以{leads[0]}为准。")
        return Named(key, stands, leads, head_number, meant is not None, speaks is not None, child_at_home)

    def tells_head(self, row: ParsedRow, named: Named) -> bool:
        """Whether it is this row that tells its family the number of its head: the one that leads, or the first that
        says it where that one does not."""
        if named.leads[0] in self._saying:
            return named.leads[0] == row.place
        return self._telling.setdefault(named.key, row.place) == row.place

    def other_home_of(self, row: ParsedRow, region: str, named: Named) -> str:
        """Another family of the village, of the register or of the list, whose head has this number; '' if there is
        none. Whoever asks first is the head. Nobody heads two families of one village (`services/students.py`)."""
        if (number := named.head_number) is None:
            return ""
        standing = self._by_identity.get((region, index_of(number) or "")) if self._by_identity else None
        if standing is not None and standing is not named.stands:
            return f"“{standing.head_name}”户（户编号 {standing.register_number}）"
        home = named.stands.id if named.stands else named.key
        first, place = self._headed.setdefault((region, number), (home, row.place))
        return "" if first == home else f"{place}的另一户"

    def _home_of(self, child: Student) -> Household | None:
        return self.standing.get(child.household_id or 0)

    def _numbered(self, region: str, number: str) -> Household | None:
        """The family of a 户编号; or the only one whose number differs by zeros before it alone, which Excel dropped in
        this list, or in the one that brought the family."""
        if found := self._by_number.get((region, number)):
            return found
        bare = _bare(number)
        alike = self._by_bare.get((region, bare), [])
        return alike[0] if len(alike) == 1 and bare in (number, alike[0].register_number) else None

    def _unnumbered(self, row: ParsedRow, region: str, child: Student | None) -> Household | None:
        """The family of a row whose 户编号 the village has not: where the child stands, or where the list has another
        child of this number who stands; else a new one. What stands in the column may be somebody's identity number
        with a digit too few: it is not repeated."""
        if child is not None and (own := self._home_of(child)):
            row.warn("户编号", f"本村没有这个户编号，这个孩子仍在“{own.head_name}”户"
                             f"（户编号 {own.register_number}），没有改动。户编号有变的，请在户的页面修改；"
                             "已分户的，请先新增那一户，再导入这一行。")
            return own
        head = row.values.get("head_name")
        found = [h for h in self._joined.get(_group(row, region), {}).values() if head in (None, h.head_name)]
        if len(found) != 1:
            return None
        row.warn("户编号", f"本村没有这个户编号；名单中同一编号的孩子在“{found[0].head_name}”户"
                         f"（户编号 {found[0].register_number}），这一行也归入这一户。"
                         "如不是同一户，请核对户编号后重新上传。")
        return found[0]

    def _without_number(self, row: ParsedRow, region: str, child: Student | None) -> Household | None:
        if child is not None and (own := self._home_of(child)):
            return own
        number, head = self._head_number(row, region), _head(row)
        identity = index_of(number)
        if identity and (found := self._by_identity.get((region, identity))):
            return found
        if joined := self._joined.get(_key(row, region, number)):
            return next(iter(joined.values()))

        def may_be(household: Household) -> bool:
            return identity is None or household.identity_index in (None, identity)

        if found := next(filter(may_be, self._joined.get(_group(row, region), {}).values()), None):
            return found
        alike = list(filter(may_be, self._by_head.get((region, head or ""), [])))
        if len(alike) == 1:
            row.warn("户主姓名", f"按村和户主姓名归入已有的户“{head}”（户编号 {alike[0].register_number}）。"
                                 "如不是同一户，请在名单中填上户编号或户主身份证号后重新上传。")
            return alike[0]
        if alike:
            row.warn("户主姓名", f"本村有 {len(alike)} 户的户主都叫“{head}”，按新的一户登记。"
                                 "如是其中一户，请在名单中填上户编号或户主身份证号后重新上传。")
        elif identity is None and len(heads := self._heads.get(_group(row, region), ())) > 1:
            row.warn("户主姓名", f"名单中有 {len(heads)} 户的户主都叫“{head}”，这一行没有户主身份证号，按另外一户登记。"
                                 "如是其中一户，请填上户主身份证号后重新上传。")
        return None

    def _head_number(self, row: ParsedRow, region: str) -> str | None:
        """The identity number of the head, also where only another row of the family has it; of two, neither."""
        if own := row.values.get("head_identity"):
            return str(own)
        said = self._heads.get(_group(row, region), ())
        return next(iter(said)) if len(said) == 1 else None


def _standing(session: ScopedSession, column: Any, keys: Iterable[Any]) -> Iterable[Household]:
    for part in in_parts(dict.fromkeys(key for key in keys if key)):
        yield from session.scalars(select(Household).where(column.in_(part)))


def _head(row: ParsedRow) -> str | None:
    return row.values.get("head_name") or row.values.get("guardian_name")


def _key(row: ParsedRow, region: str, head_number: str | None) -> str:
    """What the rows of one family have in common."""
    by_head = head_number and not row.values.get("register_number")
    return f"{region}:head:{head_number}" if by_head else _group(row, region)


def _group(row: ParsedRow, region: str) -> str:
    """What the rows of one family have in common but for the number of its head, which not each of them says."""
    if number := row.values.get("register_number"):
        return f"{region}:{number}"
    return f"{region}::{_head(row) or row.place}"


def _bare(number: str) -> str:
    """A 户编号 in digits that people gave by hand, without the zeros before it; '' for any other."""
    by_hand = len(number) <= _LONGEST_BY_HAND and number.isascii() and number.isdigit()
    return number.lstrip("0") if by_hand else ""


def _written(number: str) -> Iterator[str]:
    """A 户编号 as it may stand: with any zeros before it."""
    yield number
    if bare := _bare(number):
        yield from (bare.zfill(length) for length in range(len(bare), _LONGEST_BY_HAND + 1))


def index_of(number: str | None) -> str | None:
    """The blind index under which an identity number is found."""
    return cipher().index(number, IDENTITY_INDEX) if number else None
