"""责任书."""

from models.responsibility_letter import ResponsibilityLetter
from views.base import RegisterView


class ResponsibilityLetterView(RegisterView):
    model = ResponsibilityLetter
    category_name = "责任落实"
    columns = ("number", "level", "school_year", "region_code", "party_a", "party_b", "state", "signed_on")
    filters = ("state", "level", "school_year", "signed_on")
    search = ("number", "party_a", "party_b")
    list_buttons = (("生成本学年责任书", "letters.new_year", "sheet"),)
    fieldsets = (
        ("责任书", ("number", "level", "school_year", "household_id", "school_id", "region_code")),
        ("双方", ("party_a", "party_b", "target", "valid_until", "note")),
    )
    shown_beside = {"双方": ("signed_on",)}  # noqa: RUF012
