"""区划."""

from models.region import Region
from views.base import RegisterView


class RegionView(RegisterView):
    model = Region
    category_name = "基础资料"
    columns = ("name", "code", "level", "parent_code", "valid_until")
    filters = ("level",)
    search = ("name", "code")
    default_sort = "id"
    fieldsets = (
        ("区划", ("code", "name", "level", "parent_code", "settlement")),
        ("变更", ("valid_from", "valid_until", "successor_code")),
    )
