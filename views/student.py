"""学生."""

from models.student import Student
from views.base import RegisterView


class StudentView(RegisterView):
    model = Student
    category_name = "户与学生"
    columns = ("name", "sex", "birth_date", "identity_number", "region_code", "schooling_state", "school_id",
               "grade", "checked_on")
    filters = ("schooling_state", "sex", "school_id", "grade", "boarding", "ethnic_group", "special_group_flag.kind",
               "household_hardship.kind", "household_id", "identity_number", "birth_date", "checked_on", "leave_until")
    search = ("name",)
    import_sheet = "roster"
    fieldsets = (
        ("孩子", ("household_id", "name", "identity_kind", "identity_number", "sex", "birth_date",
                "ethnic_group", "relation_to_head")),
        ("住址", ("registered_address", "current_address")),
        ("就学", ("school_id", "grade", "class_name", "boarding", "student_number", "study_place",
                "elsewhere_school")),
        ("核查", ("checked_on", "note")),
    )
    shown_beside = {"就学": ("absent_since", "leave_until")}  # noqa: RUF012
    related = (
        ("guardian", ("name", "relation", "phone", "away")),
        ("special_group_flag", ("kind", "since", "until", "state")),
        ("student", ("name", "sex", "birth_date", "schooling_state", "school_id", "grade")),
        ("household_hardship", ("kind", "since", "until", "state")),
        ("responsibility_letter", ("number", "school_year", "level", "state", "signed_on")),
    )
