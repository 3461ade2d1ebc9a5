"""常用视图: lists under a name, private or for a role."""

from urllib.parse import parse_qsl, urlencode

from sqlalchemy import Engine, func, or_, select

from admin_app.access.actor import Actor
from admin_app.access.permissions import ROLE_LABELS, Permission, Role
from admin_app.access.scope import unscoped
from admin_app.errors import Invalid, NotFound
from admin_app.identity_numbers import without_numbers
from models.region import prefix_of
from models.saved_view import SavedView

LONGEST_NAME = 20
MOST_VIEWS = 30
LONGEST_QUERY = 2000


def views_of(engine: Engine, actor: Actor, table: str) -> list[SavedView]:
    """One's own views of a list, and those shared with one's role from here or above."""
    with unscoped(engine, "one's own saved views, and those shared with one's role") as wide:
        found = wide.scalars(select(SavedView).where(
            SavedView.table_name == table,
            or_(SavedView.account_id == actor.account_id, SavedView.role == actor.role.value),
        ).order_by(SavedView.name, SavedView.id)).all()
        wide.expunge_all()
    here = prefix_of(actor.region_code)
    return [v for v in found if v.account_id == actor.account_id or here.startswith(prefix_of(v.region_code))]


def kept_query(query: str) -> str:
    """The address of a list as it is kept: readable, and without identity numbers."""
    return urlencode([(name, without_numbers(value)) for name, value in parse_qsl(query)], safe=",")


def save(engine: Engine, actor: Actor, *, table: str, name: str, query: str, role: str | None) -> bool:
    """Keep the list under a name; the same name again replaces one's own view of that name: whether it did.

    Raises Invalid, Refused. A view that is shared holds no search words: they are people's names."""
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME:
        raise Invalid(f"请给视图起个名字，最多 {LONGEST_NAME} 个字。", "name")
    if len(query) > LONGEST_QUERY:
        raise Invalid("这个视图的条件太长，没有保存。请减少条件后再试。", "name")
    if role:
        actor.require(Permission.FAMILY_CONFIRM)
        if role not in set(Role):
            raise Invalid(f"没有这个角色。可共享给：{'、'.join(ROLE_LABELS.values())}。", "role")
        if any(k == "search" for k, _ in parse_qsl(query)):
            raise Invalid("共享的视图里不能有搜索词（可能是孩子的姓名）。请去掉搜索条件后再共享。", "role")
    with unscoped(engine, "one's own saved views", writing=True) as wide:
        own = select(SavedView).where(SavedView.account_id == actor.account_id, SavedView.table_name == table)
        held = wide.scalar(own.where(SavedView.name == name))
        if held is None and (wide.scalar(select(func.count()).select_from(own.subquery())) or 0) >= MOST_VIEWS:
            raise Invalid(f"每个列表最多保存 {MOST_VIEWS} 个视图。请先删去不用的。", "name")
        if held is not None and held.role and held.role != role:
            raise Invalid(f"“{name}”已共享给{ROLE_LABELS[Role(held.role)]}，没有替换。请换个名字，或先删去它。", "name")
        view = held or SavedView(account_id=actor.account_id, table_name=table, name=name)
        view.query, view.role, view.region_code = kept_query(query), role or None, actor.region_code
        wide.add(view)
        wide.commit()
    return held is not None


def delete(engine: Engine, actor: Actor, view_id: int) -> str:
    """Take one's own view away; gives its list. Raises NotFound."""
    with unscoped(engine, "one's own saved views", writing=True) as wide:
        view = wide.get(SavedView, view_id)
        if view is None or view.account_id != actor.account_id:
            raise NotFound("没有这个视图，或它不是您保存的。")
        table = view.table_name
        wide.delete(view)
        wide.commit()
    return table
