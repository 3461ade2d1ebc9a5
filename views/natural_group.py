"""自然村（组）."""

from models.natural_group import NaturalGroup
from views.base import RegisterView


class NaturalGroupView(RegisterView):
    model = NaturalGroup
    category_name = "基础资料"
    columns = ("name", "region_code", "leader_name", "note")
    search = ("name",)
    settled = frozenset({"region_code"})  # its families would stay behind
    fieldsets = (("自然村（组）", ("region_code", "name", "leader_name", "note")),)
    related = (("household", ("register_number", "head_name", "address")),)
