"""设置."""

from models.setting import Setting
from views.base import RegisterView


class SettingView(RegisterView):
    model = Setting
    category_name = "基础资料"
    columns = ("label", "value", "advice")
    search = ("label",)
    can_add = False
    fieldsets = (("设置", ("value",)),)
