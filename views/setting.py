"""设置."""

from typing import Any

from admin_app.settings import RULES
from admin_app.web.form_fields import rule_form
from models.setting import Setting
from views.base import RegisterView
from wtforms import Form


class SettingView(RegisterView):
    model = Setting
    category_name = "基础资料"
    columns = ("label", "value", "advice")
    search = ("label",)
    can_add = False
    fieldsets = (("设置", ("value",)),)
    shown_beside = {"设置": ("label", "advice", "key")}  # noqa: RUF012

    def form_of(self, record: Any) -> type[Form]:
        return rule_form(super().form_of(record), RULES[record.key])
