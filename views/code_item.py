"""代码表."""

from models.code_item import CodeItem
from views.base import RegisterView


class CodeItemView(RegisterView):
    model = CodeItem
    category_name = "基础资料"
    columns = ("label", "code_table", "code", "position", "colour", "valid_until", "standard")
    filters = ("code_table",)
    search = ("label", "code")
    fieldsets = (
        ("代码", ("code_table", "code", "label", "position", "colour", "standard", "mapping")),
        ("有效期", ("valid_from", "valid_until")),
    )
    settled = frozenset({"code_table", "code"})  # records hold the code
