"""批量办理: one move of many records: chosen, previewed, confirmed exactly as previewed, undone as one."""

from datetime import datetime
from typing import Any

from models.base import Base, Wall, field, region_code
from models.kinds import SealedText
from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import Mapped


class BatchRun(Base):
    """`keys` are the chosen records; `refused` says, by record, why one was left as it is."""

    __tablename__ = "batch_run"
    __title__ = "批量办理"
    __wall__ = Wall.CHILD
    __area__ = "import"
    __recorded__ = False
    __table_args__ = (Index(None, "account_id", "id"),)

    region_code: Mapped[str] = region_code("办理人区划")
    account_id: Mapped[int] = field("办理人", ForeignKey("account.id"))
    table_name: Mapped[str] = field("台账")
    verb: Mapped[str] = field("操作")
    keys: Mapped[list[int]] = field("所选记录", JSON)
    given: Mapped[Any] = field("填写内容", SealedText("batch_run.given"), nullable=True,
                               meaning="字段的值与佐证文件")
    reason: Mapped[str | None] = field("原因")
    state: Mapped[str] = field("状态", meaning="chosen、checked、confirmed")
    counts: Mapped[dict[str, int]] = field("条数", JSON)
    refused: Mapped[dict[str, str]] = field("未办理", JSON)
    digest: Mapped[str | None] = field("预览摘要", meaning="确认的必须正是预览过的")
    task_id: Mapped[int | None] = field("任务", ForeignKey("task.id"))
    change_id: Mapped[int | None] = field("变更", ForeignKey("change.id"))
    created_at: Mapped[datetime] = field("提交时间")
    confirmed_at: Mapped[datetime | None] = field("确认时间")
