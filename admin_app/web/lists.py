"""List pages: what a view declares, put before a person.

A page is its rows inside a frame. What stands around the rows (`list_frame.py`) is the same for everyone of a
role and place who asks for the same list, so it is made once, and anew where reference data or the count changed.
"""

from typing import TYPE_CHECKING, Any, cast

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from admin_app.access.keepers import may_keep
from admin_app.services.saved_views import views_of
from admin_app.web.context import actor, display, plant, session, signed_in
from admin_app.web.list_address import arguments, number_of_page, turned, wanted_by
from admin_app.web.list_frame import ListFrame, names_records, piece, shown_at_most
from admin_app.web.pager import page_links

if TYPE_CHECKING:
    from views.base import RegisterView


def page(view: "RegisterView") -> ResponseReturnValue:
    same = (view.endpoint, request.script_root, *arguments(view, page=None).items())
    shown = display()
    frame = shown.kept(same, lambda: _frame(view, same))
    number = min(number_of_page(), frame.pages - 1)
    rows = frame.query.page(session(), number, shown)
    shown.prepare(view.model, frame.query.columns, rows)
    return render_template(
        "admin/list.html", title=view.heading, view=view.endpoint, frame=frame,
        rows=frame.writer.rows(rows, number * frame.query.size),
        pager=shown.kept((*same, number), lambda: _pager(view, frame, number, len(rows))), saved=_saved(view),
    )


def _frame(view: "RegisterView", same: tuple[Any, ...]) -> ListFrame:
    """What stands around the rows: of reference data, of how many rows there are and of whether they are the person's
    to keep, which hangs on everybody's grants; so that a write leaves it as it is. A filter by a record says what that
    is called, and is asked again."""
    wanted = wanted_by(view)
    count = display().count(wanted)
    if names_records(wanted):
        return ListFrame.around(view, wanted, count)
    kept, cap = may_keep(session(), actor(), view.model), shown_at_most(wanted)
    return cast(ListFrame, display().lasting((*same, count, cap, kept), lambda: ListFrame.around(view, wanted, count)))


def _pager(view: "RegisterView", frame: ListFrame, number: int, shown: int) -> Markup:
    first = number * frame.query.size
    return piece("pager", {
        "page": number + 1, "pages": frame.pages, "total_label": frame.total,
        "first": first + 1 if shown else 0, "last": first + shown,
        "prev_url": turned(view, page=number) if number else None,
        "next_url": turned(view, page=number + 2) if number + 1 < frame.pages else None,
        "links": page_links(number, frame.pages, lambda page: turned(view, page=page)),
    }, frame.sizes, source="macros.html")


def _saved(view: "RegisterView") -> list[dict[str, Any]]:
    """常用视图: one's own, and those shared with one's role."""
    who, person = actor(), signed_in()
    if person is None or not person.has_views:
        return []
    return [{"name": v.name, "url": f"{view.get_url('.index_view')}?{v.query}", "shared": v.role is not None,
             "delete_url": url_for("saved_views.delete", id=v.id) if v.account_id == who.account_id else None}
            for v in views_of(plant().engine, who, view.endpoint)]
