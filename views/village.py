"""村（社区）: the villages of one's own area, as a view of their own over the divisions."""

from models.region import Region
from views.base import RegisterView


class VillageView(RegisterView):
    model = Region
    endpoint_name = "village"
    title = "村（社区）"
    fixed = {"level": "村"}  # noqa: RUF012
    category_name = "基础资料"
    columns = ("name", "code", "settlement", "valid_until")
    filters = ("settlement",)
    search = ("name", "code")
    can_add = False
    can_change = False
    own_area_only = True
    fieldsets = (("村（社区）", ("code", "name", "settlement", "valid_from", "valid_until", "successor_code")),)
    shown_beside = {"村（社区）": ("level", "parent_code")}  # noqa: RUF012
