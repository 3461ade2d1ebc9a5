"""导入: one uploaded list, what was found in it row by row, and the change that it became."""

from datetime import datetime
from typing import Any

from models.base import Base, Wall, field, region_code
from models.kinds import SealedText
from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import Mapped, relationship


class ImportRun(Base):
    """One upload: checked, then confirmed exactly as previewed, or set aside."""

    __tablename__ = "import_run"
    __title__ = "导入"
    __wall__ = Wall.CHILD
    __area__ = "import"
    __recorded__ = False
    __table_args__ = (Index(None, "region_code", "id"),)

    region_code: Mapped[str] = region_code("导入范围")
    account_id: Mapped[int] = field("导入人", ForeignKey("account.id"))
    sheet: Mapped[str] = field("表")
    filename: Mapped[str] = field("文件名")
    sha256: Mapped[str] = field("文件摘要")
    state: Mapped[str] = field("状态", meaning="checked、confirmed、set_aside")
    counts: Mapped[dict[str, int]] = field("条数", JSON)
    changed: Mapped[dict[str, int] | None] = field("更新的行改动的项", JSON, meaning="每一项各在几行中改动")
    captions: Mapped[list[str]] = field("原列名", JSON)
    passed_over: Mapped[list[str] | None] = field("没有导入的列", JSON)
    notes: Mapped[list[str] | None] = field("读取说明", JSON)
    lacking: Mapped[list[str] | None] = field("名单里没有的列", JSON)
    plan_digest: Mapped[str] = field("预览摘要", meaning="确认的必须正是预览过的")
    ledger_position: Mapped[int] = field("预览时的台账位置", default=0)
    snapshot: Mapped[str | None] = field("预览时的快照", meaning="PostgreSQL 的快照：编号小的变更也可能后提交")
    change_id: Mapped[int | None] = field("变更", ForeignKey("change.id"))
    created_at: Mapped[datetime] = field("上传时间")
    confirmed_at: Mapped[datetime | None] = field("确认时间")

    rows: Mapped[list["ImportRow"]] = relationship(back_populates="run",
                                                   order_by="ImportRow.id")


class ImportRow(Base):
    """One row of the list: the user's own cells (sealed), what will become of them, and why."""

    __tablename__ = "import_row"
    __title__ = "导入明细"
    __wall__ = Wall.CHILD
    __area__ = "import"
    __recorded__ = False
    __table_args__ = (Index(None, "run_id", "outcome", "id"),)

    region_code: Mapped[str] = region_code("导入范围")
    run_id: Mapped[int] = field("导入", ForeignKey("import_run.id"))
    tab: Mapped[str | None] = field("工作表", meaning="名单分在几张工作表上时")
    excel_row: Mapped[int] = field("Excel 行号")
    outcome: Mapped[str] = field("结果", meaning="new、changed、same、refused")
    warned: Mapped[bool] = field("有提醒", default=False)
    messages: Mapped[list[dict[str, str]]] = field("说明", JSON)
    label: Mapped[str] = field("姓名")
    cells: Mapped[Any] = field("原始单元格", SealedText("import_row.cells"), nullable=False)
    plan: Mapped[Any] = field("拟写入", SealedText("import_row.plan"), nullable=True)

    run: Mapped[ImportRun] = relationship(back_populates="rows")


