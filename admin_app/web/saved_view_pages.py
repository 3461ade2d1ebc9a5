"""Saving a list under a name, and taking the name away."""

from urllib.parse import parse_qsl

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue

from admin_app.access.permissions import ROLE_LABELS, Role
from admin_app.errors import Invalid
from admin_app.services import saved_views
from admin_app.web.context import actor, plant, view_of
from admin_app.web.list_address import hidden_filter, known_part
from admin_app.web.list_frame import caption_of

pages = Blueprint("saved_views", __name__, url_prefix="/views")


@pages.post("/<table>")
def save(table: str) -> ResponseReturnValue:
    list_url = _list_of(table)
    query = known_part(view_of(table), request.form.get("query", ""))
    try:
        _seen_alike(table, query, request.form.get("role", ""))
        replaced = saved_views.save(plant().engine, actor(), table=table, name=request.form.get("name", ""),
                                    query=query, role=request.form.get("role") or None)
        flash("已保存，替换了原来的同名视图。" if replaced else "已保存为常用视图。", "success")
    except Invalid as fault:
        flash(fault.message, "warning")
    said = saved_views.kept_query(query)
    return redirect(f"{list_url}?{said}" if said else list_url)


def _seen_alike(table: str, query: str, role: str) -> None:
    """Whoever a view is shared with must be able to ask for the same. Raises Invalid."""
    view = view_of(table)
    hidden = [name for name, value in parse_qsl(query)
              if role in set(Role) and hidden_filter(view, name, Role(role), value)]
    if hidden:
        named = "”“".join(dict.fromkeys(caption_of(view, name) for name in hidden))
        raise Invalid(f"“{named}”是{ROLE_LABELS[Role(role)]}不能筛选的项目，没有共享。请去掉这个条件后再共享。", "role")


@pages.post("/<int:id>/delete")
def delete(id: int) -> ResponseReturnValue:
    table = saved_views.delete(plant().engine, actor(), id)
    flash("已删去这个视图。", "success")
    return redirect(_list_of(table))


def _list_of(table: str) -> str:
    """The address of a list that the person may see. Raises NotFound."""
    return str(view_of(table).get_url(".index_view"))
