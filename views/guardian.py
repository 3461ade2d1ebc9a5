"""监护人."""

from models.guardian import Guardian
from views.base import RegisterView


class GuardianView(RegisterView):
    model = Guardian
    category_name = "户与学生"
    columns = ("name", "student_id", "relation", "phone", "region_code", "away")
    filters = ("relation",)
    search = ("name",)
    fieldsets = (("监护人", ("student_id", "name", "relation", "phone", "away", "workplace", "note")),)
