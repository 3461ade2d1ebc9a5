"""常用视图: a list as somebody set it up, under a name."""

from models.base import Base, RegionCode, Wall, field
from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped


class SavedView(Base):
    """The address of a list (filters, columns, order, page size), private, or shared with a role in
    the area below the one who shares it. A shared one holds no search words: they are names."""

    __tablename__ = "saved_view"
    __title__ = "常用视图"
    __wall__ = Wall.SYSTEM
    __area__ = "ledger"
    __recorded__ = False
    __region__ = None
    __table_args__ = (Index(None, "account_id", "table_name"), Index(None, "role", "table_name"))

    account_id: Mapped[int] = field("保存人", ForeignKey("account.id"))
    table_name: Mapped[str] = field("台账")
    name: Mapped[str] = field("名称")
    query: Mapped[str] = field("条件", Text)
    role: Mapped[str | None] = field("共享给角色", codes="role")
    region_code: Mapped[str] = field("共享范围", RegionCode, meaning="保存人的授权区划")
