"""监护人: who answers for a child."""

from typing import Any

from models.base import Base, Privacy, Wall, field, region_code
from models.kinds import SealedText
from models.student import Student, belongs_to_student
from sqlalchemy import Index
from sqlalchemy.orm import Mapped, relationship


class Guardian(Base):
    """A guardian of one child."""

    __tablename__ = "guardian"
    __title__ = "监护人"
    __wall__ = Wall.CHILD
    __area__ = "family"
    __searched__ = "name"
    __table_args__ = (*belongs_to_student(), Index(None, "region_code", "id"))

    region_code: Mapped[str] = region_code("村（社区）")
    student_id: Mapped[int] = field("学生")
    name: Mapped[str] = field("监护人姓名", privacy=Privacy.NAME)
    relation: Mapped[str | None] = field("与孩子关系", codes="guardian_relation")
    phone: Mapped[Any] = field("联系电话", SealedText("guardian.phone"), privacy=Privacy.PHONE,
                               nullable=True)
    away: Mapped[bool | None] = field("是否外出务工")
    workplace: Mapped[str | None] = field("务工地点", privacy=Privacy.ADDRESS)
    note: Mapped[str | None] = field("备注", multiline=True, privacy=Privacy.CONDITION)

    student: Mapped[Student] = relationship(back_populates="guardians")

    def __str__(self) -> str:
        return self.name
