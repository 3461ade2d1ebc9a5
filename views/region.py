"""区划."""

from typing import Any

from flask import flash

from admin_app.listing import Wanted
from admin_app.web.context import display
from admin_app.web.family_pages import all_button
from models.household import Household
from models.region import Region
from views.base import RegisterView


class RegionView(RegisterView):
    model = Region
    category_name = "基础资料"
    columns = ("name", "code", "level", "parent_code", "valid_until")
    filters = ("level",)
    search = ("name", "code")
    fieldsets = (
        ("区划", ("code", "name", "level", "settlement")),
        ("变更", ("valid_from", "valid_until", "successor_code")),
    )
    shown_beside = {"区划": ("parent_code",)}  # noqa: RUF012
    settled = frozenset({"code", "level"})  # everything lies where its code says; a new code is a new division

    def change(self, record: Any, values: dict[str, Any], as_of: int, why: str) -> None:
        """The code list ends a village before its families have moved on: whoever enters that is told of them."""
        super().change(record, values, as_of, why)
        if record.valid_until and (left := display().count(Wanted(Household, region=record.code))):
            flash(f"“{record.name}”已撤销，还有 {left:,} 户登记在这里。"
                  "请在本页“全部移交到其他村（社区）”；分到几个村的，到“户”的列表中逐户移交。", "warning")

    def further_buttons(self, record: Any) -> list[dict[str, str]]:
        return all_button(record)
