"""户."""

from typing import Any

from flask import url_for

from admin_app.access.permissions import Permission
from admin_app.web.context import actor
from models.household import Household
from views.base import RegisterView


class HouseholdView(RegisterView):
    model = Household
    category_name = "户与学生"
    columns = ("head_name", "register_number", "region_code", "natural_group_id", "phone", "address")
    filters = ("household_hardship.kind", "natural_group_id")
    search = ("head_name", "register_number")
    fieldsets = (
        ("户", ("region_code", "register_number", "natural_group_id", "address")),
        ("户主", ("head_name", "identity_number", "phone")),
        ("其他", ("note",)),
    )
    settled = frozenset({"region_code"})  # another village is a hand-over, which says why
    related = (
        ("student", ("name", "sex", "birth_date", "schooling_state", "school_id", "grade")),
        ("guardian", ("student_id", "name", "relation", "phone", "away")),
        ("special_group_flag", ("student_id", "kind", "since", "state")),
        ("household_hardship", ("kind", "since", "state")),
        ("responsibility_letter", ("number", "school_year", "level", "state", "signed_on")),
    )

    def further_buttons(self, record: Any) -> list[dict[str, str]]:
        if not actor().may(Permission.FAMILY_HAND_OVER):
            return []
        url = url_for("families.hand_over", id=record.id)
        return [{"label": "移交到其他村（社区）", "url": url, "kind": "secondary", "icon": "switch"}]
