"""账号."""

from typing import Any

from admin_app.web.account_pages import FIRST_GRANT, account_buttons, account_use, make_from_form, roles_to_grant
from models.account import Account
from models.base import Base
from views.base import RegisterView


class AccountView(RegisterView):
    model = Account
    category_name = "账号与授权"
    columns = ("display_name", "username", "region_code", "must_change_password", "disabled_at")
    filters = ("must_change_password", "disabled_at")
    search = ("display_name", "username")
    fieldsets = (("账号", ("username", "display_name", "region_code", "note")),)
    shown_beside = {"账号": ("must_change_password", "password_changed_at", "sessions_from", "disabled_at")}  # noqa: RUF012
    asked_at_first = FIRST_GRANT
    related = (("grant", ("role", "region_code", "since", "until", "ended_at", "granted_by_id")),)

    def prepare(self, form: Any, record: Base | None) -> None:
        super().prepare(form, record)
        if record is None:
            form["role"].choices = roles_to_grant()

    def make(self, values: dict[str, Any]) -> Base:
        return make_from_form(values)

    def badge(self, record: Any) -> dict[str, str] | None:
        return {"text": "已停用", "colour": "red"} if record.disabled_at else None

    def further_facts(self, record: Any) -> list[dict[str, Any]]:
        return account_use(record)

    def further_buttons(self, record: Any) -> list[dict[str, str]]:
        return account_buttons(record)
