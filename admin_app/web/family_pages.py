"""What is done with a whole family."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin_app.changes.ledger import explained, recording
from admin_app.errors import Invalid, NotFound
from admin_app.services.hand_over import hand_over as move_family
from admin_app.web.account_pages import region_of
from admin_app.web.context import actor, display, session
from models.household import Household

pages = Blueprint("families", __name__, url_prefix="/families")


@pages.route("/<int:id>/hand-over", methods=["GET", "POST"])
def hand_over(id: int) -> ResponseReturnValue:
    household = session().get(Household, id)
    if household is None:
        raise NotFound()
    error = None
    if request.method == "POST":
        try:
            village = region_of(request.form.get("region_code", ""))
            reason = explained("移交", request.form.get("reason"), "举家迁入")
            with recording(session(), actor(), "household:hand_over", reason):
                move_family(session(), actor(), household, village)
            flash(f"已移交到“{village.name}”。", "success")
            return redirect(url_for("household.details_view", id=id))
        except Invalid as fault:
            session().rollback()
            error = fault.message
    household = session().get(Household, id)
    page = render_template(
        "admin/hand_over.html", title=f"移交：{display().label_of(household)}" if household else "移交", error=error,
        present=display().region(household.region_code) if household else "", lookup_url=url_for("region.lookup"),
        back=url_for("household.details_view", id=id), reason=request.form.get("reason", ""),
        region_code=request.form.get("region_code", ""))
    return page, 400 if error else 200
