"""责任书: signed level by level; 城区 with the village, the village with the family, the bureau with the
school."""

from datetime import date

from models.agreement import InOrder, InSchoolYear
from models.base import Base, Privacy, Wall, field, region_code
from models.household import Household
from models.moves import Move, Moves, State
from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, relationship

LETTER_MOVES = Moves(
    "state",
    (
        State("unsigned", "待签订", "yellow"),
        State("signed", "已签订", "green"),
        State("void", "已作废", "secondary", settled=True),
    ),
    (
        Move("sign", "签订", ("unsigned",), "signed", asks=("signed_on",)),
        Move("void", "作废", ("unsigned", "signed"), "void", reason=True),
        Move("reissue", "恢复待签", ("void",), "unsigned", act="confirm", reason=True, clears=("signed_on",)),
    ),
    single=("household_id", "level", "school_year"),
)


class ResponsibilityLetter(Base):
    """One letter of one school year between two parties."""

    __tablename__ = "responsibility_letter"
    __title__ = "责任书"
    __wall__ = Wall.CHILD
    __area__ = "duty"
    __moves__ = LETTER_MOVES
    __once__ = ("region_code", "school_year", "number")
    __agreements__ = (InSchoolYear("signed_on", "school_year"), InOrder("signed_on", "valid_until"))
    __table_args__ = (
        ForeignKeyConstraint(["household_id", "region_code"], ["household.id", "household.region_code"],
                             onupdate="CASCADE", deferrable=True, initially="IMMEDIATE"),
        Index(None, "number", "region_code"),
        Index(None, "region_code", "state", "id"),
        Index(None, "region_code", "school_year", "id"),
        Index(None, "household_id"),
    )

    region_code: Mapped[str] = region_code("村（社区）", ForeignKey("region.code"))
    number: Mapped[str] = field("编号", filled_in=True, advice="留空由系统编号")
    level: Mapped[str] = field("层级", codes="letter_level", filled_in=True, advice="选了户的，留空即为村（社区）—户")
    school_year: Mapped[int] = field("学年", meaning="起始年份，如 2026 指 2026-2027 学年", filled_in=True,
                                     advice="起始年份，如 2026；留空为本学年")
    household_id: Mapped[int | None] = field("户")
    school_id: Mapped[int | None] = field("学校", ForeignKey("school.id"))
    party_a: Mapped[str] = field("甲方", filled_in=True, advice="村与户的责任书，留空由系统填写")
    party_b: Mapped[str] = field("乙方", privacy=Privacy.NAME, filled_in=True, advice="选了户的，留空即为户主")
    signed_on: Mapped[date | None] = field("签订日期")
    valid_until: Mapped[date | None] = field("责任期限至")
    target: Mapped[str | None] = field("目标", meaning="入学率、巩固率等")
    state: Mapped[str] = field("状态", states=True, generated=True, default="unsigned")
    note: Mapped[str | None] = field("备注", multiline=True, privacy=Privacy.CONDITION)

    household: Mapped[Household | None] = relationship()

    def __str__(self) -> str:
        return self.number
