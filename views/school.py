"""学校."""

from models.school import School
from views.base import RegisterView


class SchoolView(RegisterView):
    model = School
    category_name = "基础资料"
    columns = ("name", "code", "kind", "region_code", "closed_on")
    filters = ("kind",)
    search = ("name", "code")
    fieldsets = (("学校", ("name", "code", "kind", "region_code", "address", "closed_on", "note")),)
