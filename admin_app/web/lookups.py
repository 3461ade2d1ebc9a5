"""Records that a word finds, for fields that point to them: at most 20, in scope."""

from typing import TYPE_CHECKING

from flask import jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from admin_app.display import told_apart_by
from admin_app.listing import LONGEST_SEARCH, Wanted, page_of
from admin_app.web.context import actor, display, session
from admin_app.web.list_address import searchable
from models.base import table_of
from models.region import Region, in_use, prefix_of, spoken_name

if TYPE_CHECKING:
    from views.base import RegisterView

LIMIT = 20


def lookup(view: "RegisterView") -> ResponseReturnValue:
    asked = request.args.get("q", "").replace("\0", "").strip()[:LONGEST_SEARCH]
    wanted = Wanted(view.model, search=asked, **searchable(view))
    if issubclass(view.model, Region):
        return jsonify(_regions(wanted.search))
    found = page_of(session(), wanted, 0, LIMIT)
    place = [c for c in ("region_code", "kind") if c in table_of(view.model).c][:1]
    display().prepare(view.model, [*told_apart_by(view.model), *place], found)
    display().prepare_labels(view.model, found)
    return jsonify([{"id": r.id, "label": display().label_of(r), "hint": " · ".join(
        [*display().told_apart(r), *[spoken_name(display().of(r, c).text) for c in place]])} for r in found])


def _regions(text: str) -> list[dict[str, str]]:
    """Divisions under the actor's own, by name or code."""
    prefix = prefix_of(actor().region_code)
    query = select(Region).where(Region.code >= prefix, Region.code < prefix + ":", in_use())
    if text:
        query = query.where(Region.name.contains(text, autoescape=True) | Region.code.startswith(text, autoescape=True))
    found = session().scalars(query.order_by(Region.code).limit(LIMIT))
    return [{"id": r.code, "label": r.name, "hint": r.code} for r in found]
