"""What is done with a whole family, or with all those of a village."""

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin_app.access.permissions import Permission
from admin_app.changes.ledger import explained, recording
from admin_app.errors import Invalid, NotFound
from admin_app.services import hand_over as service
from admin_app.web.account_pages import region_of
from admin_app.web.context import actor, display, session
from admin_app.web.receipts import receipt
from models.base import Wall
from models.household import Household
from models.region import Region

pages = Blueprint("families", __name__, url_prefix="/families")


@pages.route("/<int:id>/hand-over", methods=["GET", "POST"])
def hand_over(id: int) -> ResponseReturnValue:
    household = session().get(Household, id)
    if household is None:
        raise NotFound()
    label, present = display().label_of(household), household.region_code
    what = f"现属“{display().region(present)}”。自然村（组）由新村另填；孩子、监护人"
    return _page(f"移交：{label}", what, "举家迁入", "",
                 url_for("household.details_view", id=id),
                 lambda village: service.hand_over(session(), actor(), household, village))


@pages.route("/villages/<int:place>/hand-over", methods=["GET", "POST"])
def hand_over_all(place: int) -> ResponseReturnValue:
    """Everybody of a village that was merged. Where nobody is left there is nothing to hand over."""
    former = session().get(Region, place)
    if former is None or not session().scope.covers(Wall.CHILD, former.code):
        raise NotFound()
    code, label = former.code, former.name
    families, children = service.left_in(session(), code)
    if not families and not children:
        raise NotFound(f"“{label}”没有登记户和孩子，不用移交。")
    what = f"“{label}”登记的 {families:,} 户、{children:,} 名孩子一次移交。自然村（组）、孩子、监护人"
    return _page(f"全部移交：{label}", what, "村（社区）合并", former.successor_code or "",
                 url_for("region.details_view", id=place),
                 lambda village: service.hand_over_all(session(), actor(), code, village))


def all_button(former: Region) -> list[dict[str, str]]:
    """The way to hand over everybody of a village that has ended, where somebody is left."""
    ended = former.valid_until is not None and session().scope.covers(Wall.CHILD, former.code)
    if not ended or not actor().may(Permission.FAMILY_HAND_OVER) or not any(service.left_in(session(), former.code)):
        return []
    url = url_for("families.hand_over_all", place=former.id)
    return [{"label": "全部移交到其他村（社区）", "url": url, "kind": "secondary", "icon": "switch"}]


def _page(title: str, what: str, such_as: str, proposed: str, back: str,
          act: Callable[[Region], None]) -> ResponseReturnValue:
    """Where to, and why: shown, or done in one change, which is undone from its page."""
    error, wanted = None, request.form.get("region_code", proposed)
    if request.method == "POST":
        try:
            village = region_of(wanted)
            with recording(session(), actor(), "household:hand_over",
                           explained("移交", request.form.get("reason"), such_as)) as change:
                act(village)
            receipt(change, f"已移交到“{village.name}”。")
            return redirect(back)
        except Invalid as fault:
            session().rollback()
            error = fault.message
    page = render_template(
        "admin/hand_over.html", title=title, error=error, what=what, lookup_url=url_for("region.lookup"), back=back,
        reason=request.form.get("reason", ""), region_code=wanted,
        region_shown=request.form.get("region_code-shown") or (display().region(wanted) if wanted else ""))
    return page, 400 if error else 200
