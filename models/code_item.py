"""代码表: the closed lists, with official codes where a standard exists."""

from datetime import date

from models.agreement import InOrder
from models.base import Base, Wall, field
from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped


class CodeItem(Base):
    """One entry of one code table. A disabled entry stays readable on old records and is no longer
    offered on new ones."""

    __tablename__ = "code_item"
    __title__ = "代码表"
    __wall__ = Wall.REFERENCE
    __area__ = "code"
    __agreements__ = (InOrder("valid_from", "valid_until"),)
    __region__ = None
    __table_args__ = (UniqueConstraint("code_table", "code"),)

    code_table: Mapped[str] = field("代码表", codes="code_table")
    code: Mapped[str] = field("代码")
    label: Mapped[str] = field("名称")
    position: Mapped[int] = field("排序", default=0)
    colour: Mapped[str | None] = field("颜色", codes="tag_colour", meaning="标签颜色")
    valid_from: Mapped[date | None] = field("启用日期")
    valid_until: Mapped[date | None] = field("停用日期", meaning="停用后旧记录仍可读，新记录不可选")
    standard: Mapped[str | None] = field("依据", meaning="标准或文件")
    mapping: Mapped[str | None] = field("对照代码", meaning="上级系统中的代码")

    def __str__(self) -> str:
        return self.label
