"""学校: where children learn."""

from datetime import date

from models.base import Base, RegionCode, Wall, field
from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped


class School(Base):
    """A school. Its 标识码 is unique, kept on rename, void on closure."""

    __tablename__ = "school"
    __title__ = "学校"
    __wall__ = Wall.REFERENCE
    __area__ = "place"

    code: Mapped[str | None] = field("学校标识码", unique=True, meaning="10 位：类别 2 + 省 2 + 序号 6")
    name: Mapped[str] = field("学校名称", unique=True)
    kind: Mapped[str] = field("办学类型", codes="school_kind")
    region_code: Mapped[str] = field("所在区划", RegionCode, ForeignKey("region.code"), index=True)
    address: Mapped[str | None] = field("地址")
    closed_on: Mapped[date | None] = field("停办日期")
    note: Mapped[str | None] = field("备注", multiline=True)

    def __str__(self) -> str:
        return self.name
