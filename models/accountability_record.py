"""问责记录: who was held to account, for what, in which form (《教育督导问责办法》2021)."""

from datetime import date

from models.agreement import InOrder, OfKind
from models.base import Base, Wall, field, region_code
from models.moves import Move, Moves, State
from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped

ACCOUNTABILITY_MOVES = Moves(
    "state",
    (
        State("proposed", "拟问责", "yellow"),
        State("decided", "已决定", "orange"),
        State("rectified", "已整改", "azure"),
        State("closed", "已办结", "green", settled=True),
        State("withdrawn", "已撤销", "secondary", settled=True),
    ),
    (
        Move("decide", "作出决定", ("proposed",), "decided",
             asks=("form", "decided_by", "decided_on"), optional=("document_number", "rectify_by")),
        Move("report_rectified", "上报整改", ("decided",), "rectified", asks=("rectified_on",),
             evidence=True),
        Move("recheck", "复核办结", ("rectified",), "closed", asks=("recheck",)),
        Move("return", "退回整改", ("rectified",), "decided", reason=True, optional=("rectify_by",),
             clears=("rectified_on",)),
        Move("withdraw", "撤销", ("proposed", "decided"), "withdrawn", reason=True),
    ),
)


class AccountabilityRecord(Base):
    """One act of holding a unit or a person to account."""

    __tablename__ = "accountability_record"
    __title__ = "问责记录"
    __wall__ = Wall.OFFICE
    __area__ = "accountability"
    __moves__ = ACCOUNTABILITY_MOVES
    __agreements__ = (InOrder("decided_on", "rectify_by"), InOrder("decided_on", "rectified_on"),
                      OfKind("form", "subject_kind", ("1", "2")))
    __table_args__ = (Index(None, "region_code", "state", "id"), Index(None, "region_code", "id"))

    region_code: Mapped[str] = region_code("单位所在区划", ForeignKey("region.code"))
    subject_kind: Mapped[str] = field("对象类别", codes="accountability_subject")
    subject: Mapped[str] = field("问责对象")
    situation: Mapped[str] = field("问责情形", codes="accountability_situation")
    facts: Mapped[str | None] = field("主要事实", multiline=True)
    form: Mapped[str | None] = field("问责方式", codes="accountability_form")
    decided_by: Mapped[str | None] = field("决定机关")
    document_number: Mapped[str | None] = field("文号")
    decided_on: Mapped[date | None] = field("决定日期")
    rectify_by: Mapped[date | None] = field("整改期限")
    rectified_on: Mapped[date | None] = field("整改完成日期")
    recheck: Mapped[str | None] = field("复核结论", multiline=True)
    state: Mapped[str] = field("状态", states=True, generated=True, default="proposed")
    note: Mapped[str | None] = field("备注", multiline=True)

    def __str__(self) -> str:
        return self.subject
