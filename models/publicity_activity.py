"""宣传活动: how the law is made known in a village; the photos are its attachments."""

from datetime import date

from models.base import Base, Wall, field, region_code
from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped


class PublicityActivity(Base):
    """One activity on one day in one village (or of 城区 as a whole)."""

    __tablename__ = "publicity_activity"
    __title__ = "宣传活动"
    __wall__ = Wall.OFFICE
    __area__ = "duty"
    __table_args__ = (Index(None, "region_code", "held_on", "id"), Index(None, "region_code", "id"))

    region_code: Mapped[str] = region_code("村（社区）", ForeignKey("region.code"))
    held_on: Mapped[date] = field("日期")
    topic: Mapped[str] = field("主题")
    form: Mapped[str] = field("形式", codes="publicity_form")
    reached: Mapped[int | None] = field("覆盖人数")
    handed_out: Mapped[int | None] = field("发放份数", meaning="宣传单、告知书等")
    person_in_charge: Mapped[str | None] = field("负责人")
    note: Mapped[str | None] = field("备注", multiline=True)

    def __str__(self) -> str:
        return self.topic
