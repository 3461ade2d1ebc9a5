"""附件: evidence. The file lies in the data folder under its hash; this row is the only way to it."""

from models.base import Base, Privacy, Wall, field, region_code
from sqlalchemy import Index
from sqlalchemy.orm import Mapped


class Attachment(Base):
    """One file attached to one record."""

    __tablename__ = "attachment"
    __title__ = "附件"
    __wall__ = Wall.CHILD
    __area__ = "attachment"
    __table_args__ = (Index(None, "owner_table", "owner_id"), Index(None, "region_code", "id"))

    region_code: Mapped[str] = region_code("所属区划")
    owner_table: Mapped[str] = field("所属台账", internal=True)
    owner_id: Mapped[int] = field("所属记录", internal=True)
    sha256: Mapped[str] = field("内容摘要", internal=True)
    filename: Mapped[str] = field("文件名", privacy=Privacy.CONDITION)
    content_type: Mapped[str] = field("类型", generated=True)
    size: Mapped[int] = field("大小（字节）", generated=True)
    void_reason: Mapped[str | None] = field("作废原因", privacy=Privacy.CONDITION,
                                                    meaning="作废的附件留存备查，不再作为佐证")

    def __str__(self) -> str:
        return self.filename
