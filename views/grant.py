"""授权."""

from typing import Any

from admin_app.web.account_pages import (
    change_grant, grant_badge, grant_buttons, grant_from_form, roles_to_grant,
)
from models.account import Grant
from models.base import Base
from views.base import RegisterView


class GrantView(RegisterView):
    model = Grant
    category_name = "账号与授权"
    columns = ("account_id", "role", "region_code", "since", "until", "ended_at", "note")
    filters = ("role", "account_id", "ended_at", "until")
    search = ("account.display_name", "account.username", "note")
    settled = frozenset({"account_id", "role", "region_code", "since"})
    fieldsets = (("授权", ("account_id", "role", "region_code", "since", "until", "note")),)
    shown_beside = {"授权": ("ended_at", "granted_by_id")}  # noqa: RUF012

    def prepare(self, form: Any, record: Base | None) -> None:
        super().prepare(form, record)
        if record is None:
            form["role"].choices = roles_to_grant()

    def badge(self, record: Any) -> dict[str, str] | None:
        return grant_badge(record)

    def make(self, values: dict[str, Any]) -> Base:
        return grant_from_form(values)

    def change(self, record: Any, values: dict[str, Any], as_of: int, why: str) -> None:
        change_grant(record, values, as_of, why)

    def further_buttons(self, record: Any) -> list[dict[str, str]]:
        return grant_buttons(record)
