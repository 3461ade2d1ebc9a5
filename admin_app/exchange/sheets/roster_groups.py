"""The 自然村（组） of a family, the level below a village's code, which each list writes in its own way."""

import re
from collections.abc import Iterable

from admin_app.exchange.cells import Noted, one_line, open_text, plain_word, says_nothing
from admin_app.exchange.reader import RawCell
from admin_app.exchange.sheet import ParsedRow, change
from admin_app.exchange.sheets.roster_families import Named
from admin_app.exchange.sheets.roster_words import group_key, numbered_group
from models.natural_group import NaturalGroup

CAPTION = "自然村（组）"
_LONGEST = 40
_WITH_GROUP = re.compile("(.*(?:村|社区|委会|居委|村委|大队))"
                         "(第?[一二三四五六七八九十0-9]{1,3}(?:村民小组|居民小组|组|队))")


def group_name(cell: RawCell) -> Noted[str | None]:
    """The name of a group, a number as the village calls it: 3 is 3组."""
    written = plain_word(one_line(cell))
    if not written or says_nothing(written):
        return Noted(None)
    numbered = numbered_group(written)
    return Noted(numbered) if numbered else open_text(cell, _LONGEST)


def part_village(row: ParsedRow) -> None:
    """Takes 东街社区3组 apart, where the list has no column for the group."""
    parted = _WITH_GROUP.fullmatch(plain_word(row.values.get("village") or ""))
    if parted and not row.values.get("natural_group"):
        row.values |= {"village": parted[1], "natural_group": numbered_group(parted[2])}


class Groups:
    """The groups of the villages, and what the rows of one roster said of them."""

    def __init__(self, standing: Iterable[NaturalGroup] = ()) -> None:
        self._by_key: dict[tuple[str, str], int] = {}  # by village, and what names are compared by
        self._names: dict[int, str] = {}
        self._said: dict[str | int, tuple[str, str]] = {}  # of a family, and by which row
        self._new: dict[tuple[str, str], str] = {}  # as the first row writes each
        for group in standing:
            self._by_key.setdefault((group.region_code, group_key(plain_word(group.name))), group.id)
            self._names[group.id] = group.name

    def of(self, row: ParsedRow, region: str, named: Named, changes: list[dict[str, str]]) -> int | str | None:
        """The group that a row gives to its family: its number, or the name of one that the village has not yet; None
        for what stands. The first row that says one speaks for the family."""
        if not (name := row.values.get("natural_group")):
            return None
        home = named.stands.id if named.stands else named.key
        first, place = self._said.setdefault(home, (name, row.place))
        if place != row.place:
            if first != name:
                row.warn(CAPTION, f"与{place}同户，自然村（组）却不同，以{place}为准。")
            return None
        at = (region, group_key(plain_word(name)))
        group = self._by_key.get(at)
        held = named.stands.natural_group_id if named.stands else None
        if group is not None and group == held:
            return None
        if held is not None and not (named.by_number or named.child_at_home):
            row.warn(CAPTION, f"登记的是“{self._names[held]}”，没有改动。如有变动，请在户的页面修改。")
            return None
        if group is None and at not in self._new:
            self._new[at] = name
            row.warn(CAPTION, f"本村还没有“{name}”，确认导入时会新增这个自然村（组）。")
        called = self._new[at] if group is None else self._names[group]
        if named.stands is not None:
            changes.append(change(CAPTION, self._names.get(held or 0), called))
        return called if group is None else group
