"""问责记录."""

from models.accountability_record import AccountabilityRecord
from views.base import RegisterView


class AccountabilityRecordView(RegisterView):
    model = AccountabilityRecord
    category_name = "责任落实"
    columns = ("subject", "subject_kind", "region_code", "situation", "form", "decided_on", "rectify_by", "state")
    filters = ("state", "situation", "form", "rectify_by")
    search = ("subject", "document_number")
    fieldsets = (
        ("对象与情形", ("region_code", "subject_kind", "subject", "situation", "facts")),
        ("决定", ("form", "decided_by", "document_number", "decided_on", "rectify_by")),
        ("其他", ("note",)),
    )
    shown_beside = {"整改": ("rectified_on", "recheck")}  # noqa: RUF012
