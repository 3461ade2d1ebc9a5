"""宣传活动."""

from models.publicity_activity import PublicityActivity
from views.base import RegisterView


class PublicityActivityView(RegisterView):
    model = PublicityActivity
    category_name = "责任落实"
    columns = ("topic", "held_on", "form", "region_code", "reached", "handed_out", "person_in_charge")
    filters = ("form",)
    search = ("topic", "person_in_charge")
    fieldsets = (
        ("活动", ("region_code", "held_on", "topic", "form")),
        ("效果", ("reached", "handed_out", "person_in_charge", "note")),
    )
