"""设置."""

from models.setting import Setting
from views.base import RegisterView


class SettingView(RegisterView):
    model = Setting
    category_name = "基础资料"
    columns = ("key", "value")
    search = ("key",)
    fieldsets = (("设置", ("key", "value")),)
