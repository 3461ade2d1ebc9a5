"""Which village a row of a roster means, in the many ways in which lists call one."""

from collections.abc import Iterator
from typing import Self

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import aliased

from admin_app.access.actor import Actor
from admin_app.access.scope import ScopedSession
from admin_app.exchange.cells import plain_word
from admin_app.exchange.sheet import ParsedRow
from models.region import (
    COMMITTEES, LEVEL_LENGTHS, Region, code_of, in_use, prefix_of, spoken_name, under, villages_under,
)

CAPTION = "村（社区）"
_RURAL = ("村", "行政村", "村委", "村委会", "村民委员会", "大队")
_URBAN = ("社区", "居委", "社区居委", "居委会", "居民委员会")
_ENDINGS = ("社区居民委员会", "居民委员会", "村民委员会", "社区居委会", "社区居委", "村委会", "居委会", "居委", "村委",
            "行政村", "大队", "社区", "村")
_TOWN_ENDINGS = ("街道办事处", "办事处", "街道", "民族乡", "镇", "乡")


class Villages:
    """The villages of an actor's area, and what they may be called."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}  # by their codes
        self.settlements: dict[str, str] = {}
        self.above: dict[str, str] = {}  # names of what villages lie in, and how their codes begin
        # The codes by names and codes; by short names (康宁, 康宁居委会); and, where no other is, by those of the
        # other kind (康宁村 for 康宁社区).
        self._named: tuple[dict[str, list[str]], ...] = ({}, {}, {})
        self._ended: dict[str, str] = {}  # the words of villages that are no more, and what is said
        self._said: set[str] = set()

    @classmethod
    def read(cls, session: ScopedSession, actor: Actor) -> Self:
        found = cls.in_use(session, actor)
        wider = [code_of(actor.region_code[:length]) for length in LEVEL_LENGTHS.values()]
        for code, name in session.execute(select(Region.code, Region.name).where(
                Region.level != "村", or_(and_(*under(actor.region_code)), Region.code.in_(wider)))):
            found.above[plain_word(name)] = prefix_of(code)
        into = aliased(Region)
        for code, name, successor in session.execute(
                select(Region.code, Region.name, into.name).outerjoin(into, into.code == Region.successor_code)
                .where(*under(actor.region_code), Region.level == "村", ~in_use())):
            said = f"“{name}”已撤销，请改填{f'并入后的“{successor}”' if successor else '并入后的村（社区）'}。"
            found._ended |= dict.fromkeys((plain_word(name), _stem(plain_word(name)), code), said)
        return found

    @classmethod
    def in_use(cls, session: ScopedSession, actor: Actor) -> Self:
        """Those alone that take families, without what they lie in."""
        found = cls()
        for code, name, settlement in session.execute(select(Region.code, Region.name, Region.settlement).where(
                *villages_under(actor.region_code))):
            found.names[code], found.settlements[code] = name, settlement or ""
            for by, words in zip(found._named, _called(code, plain_word(name)), strict=True):
                for word in words:
                    by.setdefault(word, []).append(code)
        return found

    def named(self, word: str) -> list[str]:
        """The codes of the villages that a word may mean."""
        whole, shortly, loosely = self._named
        return whole.get(word) or shortly.get(word) or loosely.get(word) or loosely.get(_stem(word)) or []

    def of(self, row: ParsedRow) -> str | None:
        """The code of the village that a row means; None, and said, where it is none or one of several."""
        text = row.values.get("village")
        if not text:
            return None
        if (within := self._town(row)) is None:
            return None
        for word, begin in self._readings(plain_word(text), within):
            codes = [code for code in self.named(word) if code.startswith(begin)]
            if len(codes) == 1:
                if self._kind_differs(word) and word not in self._said:
                    self._said.add(word)
                    row.warn(CAPTION, f"“{text}”按“{self.names[codes[0]]}”登记。"
                                      "如不是同一个，请写明全名后重新上传。")
                return codes[0]
            if codes:
                row.error(CAPTION, f"有 {len(codes)} 个村（社区）都叫“{text}”。"
                                   "请在前面写明乡镇，或改填 12 位区划代码。")
                return None
            if word in self._ended:
                row.error(CAPTION, self._ended[word])
                return None
        there = f"在“{row.values['town']}”" if within else ""
        row.error(CAPTION, f"您{there}的管辖范围内没有叫“{text}”的村（社区）。请核对名称，或填写区划代码；"
                           "新设的村请先登记区划。")
        return None

    def _town(self, row: ParsedRow) -> str | None:
        """How the codes begin of the town that a row names beside its village, '' where it names none; None, and said,
        where it is none of those that the actor's villages lie in."""
        if not (said := row.values.get("town")):
            return ""
        word = plain_word(said)
        found = {prefix for name, prefix in self.above.items()
                 if word in (name, prefix, code_of(prefix)) or _town_stem(word) == _town_stem(name)}
        if len(found) == 1:
            return found.pop()
        row.error("乡镇（街道）", f"有 {len(found)} 个乡镇（街道）都叫“{said}”。请写全名。" if found else
                  f"您的管辖范围内没有叫“{said}”的乡镇（街道）。请核对名称；不清楚的，请删去这一格，按村名查找。")
        return None

    def _kind_differs(self, word: str) -> bool:
        """Whether a word says 村 of what is a 社区, or the other way about."""
        return word.endswith((*_RURAL, *_URBAN)) and not any(word in by for by in self._named[:2])

    def _readings(self, word: str, begin: str = "") -> Iterator[tuple[str, str]]:
        """A village as it may be written, alone or behind the names of what it lies in (左权县城区西街社区), each
        reading with the beginning of the codes that it leaves."""
        yield word, begin
        for name, prefix in self.above.items():
            if word.startswith(name) and word != name and prefix.startswith(begin):
                yield from self._readings(word.removeprefix(name), prefix)


def is_village(session: ScopedSession, actor: Actor, name: str) -> bool:
    """Whether a name is that of one village of the actor's area, and of no other."""
    return len(Villages.in_use(session, actor).named(plain_word(name))) == 1


def _called(code: str, written: str) -> tuple[set[str], ...]:
    """What a village may be called: as it is; shortly; and, loosely, as one of the other kind."""
    spoken = spoken_name(written)
    # 东街村委会 is the committee of 东街村; 柳湾 alone may be a 村 or a 社区.
    whole = {spoken, *(spoken + e for e in (*COMMITTEES, *(e.removeprefix("村") for e in COMMITTEES)))} \
        if spoken.endswith(("村", "社区")) else set()
    short = {_stem(written), _stem(spoken)}
    kind = next((kind for kind in (_RURAL, _URBAN) if written.endswith(kind)), (*_RURAL, *_URBAN))
    return ({written, code, *whole}, {*short, *(s + e for s in short for e in kind)},
            {s + e for s in short for e in ("", *_RURAL, *_URBAN)})


def _town_stem(name: str) -> str:
    """'城关镇' → '城关', '康宁街道办事处' → '康宁'."""
    ending = next((e for e in _TOWN_ENDINGS if name.endswith(e) and len(name) > len(e) + 1), "")
    return name.removesuffix(ending)


def _stem(name: str) -> str:
    """'亲水湾村委会' → '亲水湾', '康宁社区居民委员会' → '康宁'."""
    ending = next((e for e in _ENDINGS if name.endswith(e) and len(name) > len(e) + 1), "")
    return name.removesuffix(ending)
