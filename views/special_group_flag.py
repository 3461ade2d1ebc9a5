"""特殊群体标记."""

from models.special_group_flag import SpecialGroupFlag
from views.base import RegisterView


class SpecialGroupFlagView(RegisterView):
    model = SpecialGroupFlag
    category_name = "户与学生"
    columns = ("student_id", "kind", "region_code", "since", "until", "state", "verified_on")
    filters = ("kind", "state")
    search = ("note",)
    fieldsets = (("标记", ("student_id", "kind", "since", "note")),)
    shown_beside = {"标记": ("verified_on", "until")}  # noqa: RUF012
