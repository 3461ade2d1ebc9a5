"""家庭困难类型."""

from models.household import HouseholdHardship
from views.base import RegisterView


class HouseholdHardshipView(RegisterView):
    model = HouseholdHardship
    category_name = "户与学生"
    columns = ("household_id", "kind", "region_code", "since", "until", "state")
    filters = ("kind", "state")
    search = ("note",)
    fieldsets = (("困难类型", ("household_id", "kind", "since", "note")),)
    shown_beside = {"困难类型": ("risk_cleared_on", "until")}  # noqa: RUF012
