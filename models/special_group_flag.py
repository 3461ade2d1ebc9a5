"""特殊群体标记: left-behind, orphaned, disabled … each kind from when until when, with its proof."""

from datetime import date

from models.agreement import InOrder
from models.base import Base, Privacy, Wall, field, region_code
from models.moves import Move, Moves, State
from models.student import Student, belongs_to_student
from sqlalchemy import Index
from sqlalchemy.orm import Mapped, relationship

FLAG_MOVES = Moves(
    "state",
    (
        State("reported", "已上报", "yellow"),
        State("verified", "已核实", "green"),
        State("rejected", "已退回", "red", settled=True),
        State("ended", "已解除", "secondary", settled=True),
        State("dropped", "不再上报", "secondary", settled=True),
    ),
    (
        Move("verify", "核实", ("reported",), "verified", act="confirm", optional=("verified_on",)),
        Move("reject", "退回", ("reported",), "rejected", act="confirm", reason=True),
        Move("report_again", "重新上报", ("rejected",), "reported", evidence=True),
        Move("drop", "不再上报", ("rejected",), "dropped"),
        Move("end", "解除", ("reported", "verified"), "ended", asks=("until",)),
    ),
    single=("student_id", "kind"),
)


class SpecialGroupFlag(Base):
    """One flag of one child. The 教育 and the 民政 meaning of 留守 are two kinds, or the two
    departments' counts never agree."""

    __tablename__ = "special_group_flag"
    __title__ = "特殊群体标记"
    __wall__ = Wall.CHILD
    __area__ = "family"
    __moves__ = FLAG_MOVES
    __agreements__ = (InOrder("since"), InOrder("since", "verified_on"), InOrder("since", "until"))
    __table_args__ = (
        *belongs_to_student(),
        Index(None, "region_code", "kind", "id"),
        Index(None, "region_code", "state", "id"),
    )

    region_code: Mapped[str] = region_code("村（社区）")
    student_id: Mapped[int] = field("学生")
    kind: Mapped[str] = field("群体类型", codes="special_group", privacy=Privacy.CONDITION)
    since: Mapped[date | None] = field("起始日期")
    until: Mapped[date | None] = field("解除日期")
    verified_on: Mapped[date | None] = field("核实日期")
    state: Mapped[str] = field("状态", states=True, generated=True, default="reported")
    note: Mapped[str | None] = field("备注", multiline=True, privacy=Privacy.CONDITION)

    student: Mapped[Student] = relationship(back_populates="flags")
