"""责任人（七长与领导小组）."""

from models.post import Post
from views.base import RegisterView


class PostView(RegisterView):
    model = Post
    category_name = "责任落实"
    columns = ("holder", "kind", "unit", "position", "region_code", "phone", "since", "until")
    filters = ("kind",)
    search = ("holder", "unit")
    fieldsets = (
        ("职责", ("region_code", "kind", "unit", "holder", "position", "phone")),
        ("任期", ("since", "until", "document_number", "note")),
    )
