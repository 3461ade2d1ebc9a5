"""任务: long work that goes on after the page has been answered."""

from datetime import datetime
from typing import Any

from models.base import Base, RegionCode, Wall, field
from models.kinds import SealedText
from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import Mapped


class Task(Base):
    """One piece of work that a person asked for, under the grant they had. A worker holds it by a
    lease; when the lease runs out, the worker is dead and another takes the task up again."""

    __tablename__ = "task"
    __title__ = "任务"
    __wall__ = Wall.SYSTEM
    __area__ = "ledger"
    __recorded__ = False
    __region__ = None
    __table_args__ = (Index(None, "account_id", "id"), Index(None, "state", "lease_until"))

    account_id: Mapped[int] = field("发起人", ForeignKey("account.id"))
    role: Mapped[str] = field("角色", codes="role")
    region_code: Mapped[str] = field("授权区划", RegionCode)
    kind: Mapped[str] = field("种类", meaning="export、batch")
    title: Mapped[str] = field("标题")
    arguments: Mapped[Any] = field("参数", SealedText("task.arguments"))
    state: Mapped[str] = field("状态", meaning="queued、running、done、failed")
    done: Mapped[int] = field("已完成条数", default=0)
    total: Mapped[int] = field("总条数", default=0)
    message: Mapped[str | None] = field("结果说明")
    result: Mapped[dict[str, Any] | None] = field("结果", JSON)
    attempts: Mapped[int] = field("执行次数", default=0)
    seen: Mapped[bool] = field("已看过结果", default=False)
    created_at: Mapped[datetime] = field("提交时间")
    lease_until: Mapped[datetime | None] = field("执行租期")
    finished_at: Mapped[datetime | None] = field("完成时间")
