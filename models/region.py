"""区划: every administrative division, from the province to the village."""

from datetime import date

from models.agreement import InOrder
from models.base import Base, RegionCode, Wall, field
from sqlalchemy import ColumnElement, ForeignKey, or_
from sqlalchemy.orm import Mapped

LEVEL_LENGTHS = {"省": 2, "地市": 4, "县": 6, "乡镇": 9, "村": 12}
WHOLE_COUNTRY = ""  # the prefix of every code
ABOVE_ALL = "全国"  # the level of the one division above the provinces


def prefix_of(code: str) -> str:
    """The part of a 12-digit code that its subordinates share: '140722400000' → '140722400'."""
    if code.endswith("0" * 12):
        return WHOLE_COUNTRY
    for length in (2, 4, 6, 9):
        if set(code[length:]) <= {"0"}:
            return code[:length]
    return code


def code_of(prefix: str) -> str:
    """The full code of the division that a prefix names: '140722400' → '140722400000'."""
    return prefix.ljust(12, "0")


def level_of(code: str) -> str:
    """The level of a 12-digit code, by its zeros (统计用区划代码编制规则)."""
    length = len(prefix_of(code))
    return next((level for level, size in LEVEL_LENGTHS.items() if size == length), ABOVE_ALL)


COMMITTEES = ("居民委员会", "村民委员会", "村委会", "居委会")  # with which the official name of a village ends
_SPOKEN = {"社区居民委员会": "社区", "社区居委会": "社区", "居民委员会": "居委会", "村民委员会": "村", "村委会": "村"}


def spoken_name(name: str) -> str:
    """A division as people call it, where there is little room: '康宁社区居民委员会' → '康宁社区',
    '亲水湾村委会' → '亲水湾村', '三家村村委会' → '三家村'."""
    ending = next((e for e in _SPOKEN if name.endswith(e) and len(name) > len(e)), None)
    if ending is None:
        return name
    return name.removesuffix(ending).removesuffix(_SPOKEN[ending]) + _SPOKEN[ending]


class Region(Base):
    """A division. Villages are abolished and recoded often: an old code stays, ends, and names its
    successor."""

    __tablename__ = "region"
    __title__ = "区划"
    __wall__ = Wall.REFERENCE
    __area__ = "place"
    __agreements__ = (InOrder("valid_from", "valid_until"),)
    __region__ = "code"

    code: Mapped[str] = field("区划代码", RegionCode, unique=True, meaning="统计用区划代码，12 位")
    name: Mapped[str] = field("名称")
    level: Mapped[str] = field("级别", meaning="省、地市、县、乡镇、村", filled_in=True,
                                advice="省、地市、县、乡镇、村；留空按代码填写")
    parent_code: Mapped[str | None] = field("上级区划", RegionCode, ForeignKey("region.code"), index=True,
                                            generated=True)
    settlement: Mapped[str | None] = field("城乡分类", codes="settlement")
    valid_from: Mapped[date | None] = field("启用日期")
    valid_until: Mapped[date | None] = field("撤销日期", meaning="最后一天；空表示仍在用")
    successor_code: Mapped[str | None] = field("并入区划", RegionCode, ForeignKey("region.code"))

    def __str__(self) -> str:
        return self.name

    @property
    def ended(self) -> bool:
        """Whether its last day is over."""
        return self.valid_until is not None and self.valid_until < date.today()


def in_use() -> ColumnElement[bool]:
    """The condition of a division whose last day, where it has one, is not over."""
    return or_(Region.valid_until.is_(None), Region.valid_until >= date.today())


def under(code: str) -> tuple[ColumnElement[bool], ...]:
    """The conditions of a division and all below it."""
    prefix = prefix_of(code)
    return Region.code >= prefix, Region.code < prefix + ":"


def villages_under(code: str) -> tuple[ColumnElement[bool], ...]:
    """The conditions of the villages in use under a division."""
    return *under(code), Region.level == "村", in_use()
