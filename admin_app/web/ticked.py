"""The rows that were ticked in a list, or all that match it."""

from dataclasses import replace

from flask import request

from admin_app.errors import Invalid
from admin_app.listing import Wanted

NO_RANGE = "没有选定办理范围。请返回列表，选“勾选的”或“全部符合条件”。"
MOST_TICKED = 500  # what a page can tick; more is "all that match"


def chosen_rows(wanted: Wanted) -> Wanted:
    """The list cut down to the ticked rows when the form says so. Raises Invalid for what is no number, and for a
    range that is none: what nobody asked for is not done to all."""
    how = request.form.get("range", "all")
    if how not in ("all", "ticked"):
        raise Invalid(NO_RANGE)
    if how == "all":
        return wanted
    ticked = request.form.getlist("pk")
    if not ticked:
        raise Invalid("没有选中任何记录。请先勾选，或选“全部符合条件”。")
    if len(ticked) > MOST_TICKED or any(not key.isdecimal() or len(key) > 18 for key in ticked):
        raise Invalid("所选的记录有误。请返回列表重新勾选。")
    return replace(wanted, keys=tuple(map(int, ticked)))
