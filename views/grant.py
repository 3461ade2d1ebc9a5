"""授权."""

from typing import Any

from admin_app.web.account_pages import grant_buttons, grant_from_form
from models.account import Grant
from models.base import Base
from views.base import RegisterView


class GrantView(RegisterView):
    model = Grant
    category_name = "账号与授权"
    columns = ("account_id", "role", "region_code", "since", "until", "granted_by_id")
    filters = ("role", "account_id")
    search = ("note",)
    can_change = False
    fieldsets = (("授权", ("account_id", "role", "region_code", "since", "until", "note")),)

    def make(self, values: dict[str, Any]) -> Base:
        return grant_from_form(values)

    def further_buttons(self, record: Any) -> list[dict[str, str]]:
        return grant_buttons(record)
