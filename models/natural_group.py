"""自然村/组: the level below the statistical code that the real tables use."""

from models.base import Base, Wall, field, region_code
from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped


class NaturalGroup(Base):
    """A hamlet or group of one village."""

    __tablename__ = "natural_group"
    __title__ = "自然村（组）"
    __wall__ = Wall.OFFICE
    __area__ = "family"
    __table_args__ = (UniqueConstraint("region_code", "name"), UniqueConstraint("id", "region_code"))

    region_code: Mapped[str] = region_code("村（社区）", ForeignKey("region.code"))
    name: Mapped[str] = field("名称")
    leader_name: Mapped[str | None] = field("组长姓名")
    note: Mapped[str | None] = field("备注", multiline=True)

    def __str__(self) -> str:
        return self.name
