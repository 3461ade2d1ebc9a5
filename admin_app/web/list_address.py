"""What the address of a list asks for, and addresses like it. Everything that a list shows is in its
address, so that a reload, the back button, a saved view and a colleague see the same.

Arguments that mean nothing are passed over. A filter whose value cannot be read finds nothing and says so: were
it passed over, a batch over 全部符合条件 would take what nobody asked for.
"""

import re
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import g, request
from sqlalchemy import Date

from admin_app.access.masking import Sight, sight
from admin_app.access.permissions import Permission, Role
from admin_app.display import names_region
from admin_app.listing import BEFORE, LAST_PAGE, LONGEST_SEARCH, Wanted, sortable
from admin_app.web.context import actor
from models.base import Base, Privacy, declared, table_of
from models.region import prefix_of

if TYPE_CHECKING:
    from views.base import RegisterView

SIZES = (20, 50, 100)
PLACE = "at"  # where a record stood in the list that led to it


def given(name: str) -> str:
    """What the address says under a name. No longer than anybody types: it stands in every link of the page."""
    return request.args.get(name, "")[:LONGEST_SEARCH].replace("\0", "").strip()


def wanted_by(view: "RegisterView") -> Wanted:
    """The list that the address asks for."""
    role = actor().role
    plain = _in_full(view.model, view.filters, role)
    asked = given("region")
    region = asked if re.fullmatch(r"[0-9]{12}", asked) else ""
    equals, before = _equals(view.model, plain), _before(view.model, plain)
    unread = _unread(view.model, plain, equals, before)
    if asked and not region and view.model.__region__:
        unread.append(("region", asked))
    if view.own_area_only and not region.startswith(prefix_of(actor().region_code)):
        region = actor().region_code
    sort = given("sort")
    ordered = may_sort(view, sort)
    return Wanted(
        view.model, equals={**view.fixed, **equals}, before=before, unread=tuple(unread),
        region=region or None,
        search=given("search"),
        search_columns=_in_full(view.model, view.search, role),
        may_search_identity=actor().may(Permission.FAMILY_REVEAL),
        may_search_names=sight(role, Privacy.NAME) is Sight.FULL,
        sort=sort if ordered else "id", descending=ordered and given("desc") == "1",
    )


def _equals(model: type[Base], names: tuple[str, ...]) -> dict[str, Any]:
    """The filters that ask for one value."""
    found: dict[str, Any] = {}
    for name in filter(request.args.__contains__, names):
        value = given(name)
        if not value or names_region(model, name):
            continue
        kind = table_of(model).c[name].type.python_type
        if name == "school_year" and (year := re.fullmatch(r"(\d{4})(?:-\d{4})?(?:学年)?", value)):
            found[name] = int(year[1])  # as the column writes it, 2026-2027学年, and as the list keeps it
        elif kind is int and name != "school_year" and value.isdecimal() and len(value) < 18:
            found[name] = int(value)
        elif kind is str:
            found[name] = value
    return found


def _before(model: type[Base], names: tuple[str, ...]) -> dict[str, date]:
    """The filters that ask for a day earlier than one, or none."""
    found = {}
    for name in names:
        said = given(name + BEFORE)
        if said and isinstance(table_of(model).c[name].type, Date) and (day := day_in(said)):
            found[name] = day
    return found


def _unread(model: type[Base], names: tuple[str, ...], equals: dict[str, Any],
            before: dict[str, date]) -> list[tuple[str, str]]:
    """The filters that ask for something, as argument and value, and could not be read."""
    if not request.args:
        return []
    by_value = [n for n in names if not names_region(model, n) and not isinstance(table_of(model).c[n].type, Date)]
    asked = [*(n for n in by_value if n not in equals), *(n + BEFORE for n in names if n not in before)]
    return [(argument, said) for argument in asked if (said := given(argument))]


def day_in(text: str) -> date | None:
    """2026-09-01 or 20260901 as a day, None for anything else."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def _in_full(model: type[Base], names: tuple[str, ...], role: Role) -> tuple[str, ...]:
    """The columns that the role sees in full: order and filters tell what a mask hides."""
    return tuple(name for name in names if sight(role, declared(model, name).privacy) is Sight.FULL)


def may_sort(view: "RegisterView", name: str) -> bool:
    return name in sortable(view.model) and bool(_in_full(view.model, (name,), actor().role))


def offered_columns(view: "RegisterView") -> list[str]:
    """The columns that a list may show to this role: those of the view first, then what else people typed."""
    return _offered(view.model, view.columns, actor().role)


@lru_cache(maxsize=256)
def _offered(model: type[Base], own: tuple[str, ...], role: Role) -> list[str]:
    further = [c.name for c in table_of(model).columns if c.name not in own and not c.primary_key
               and not c.info["field"].generated]
    return [c for c in (*own, *further) if sight(role, declared(model, c).privacy) is not Sight.ABSENT]


def chosen_columns(view: "RegisterView") -> list[str]:
    """The columns that the address asks for (`cols=a,b`, or `col` once for each), else the view's."""
    asked = request.args.getlist("col") or request.args.get("cols", "").split(",")
    offered = offered_columns(view)
    chosen = [c for c in offered if c in asked] or [c for c in offered if c in view.columns]
    # What a record is called stands first and leads to it.
    return [offered[0], *[c for c in chosen if c != offered[0]]]


def size_of_page() -> int:
    return next((s for s in SIZES if request.args.get("size") == str(s)), SIZES[0])


def number_of_page() -> int:
    """0 is the first."""
    asked = request.args.get("page", "1")
    return min(int(asked[:9]), LAST_PAGE) - 1 if asked.isdecimal() and int(asked[:9]) > 0 else 0


def arguments(view: "RegisterView", **changes: Any) -> dict[str, Any]:
    """What the address says of this list, with some of it changed; None takes one away."""
    said = g.setdefault("list_arguments", {}).get(view.endpoint)
    if said is None:  # asked for once for each link of the page
        said = g.list_arguments[view.endpoint] = _arguments(view)
    return {k: v for k, v in {**said, **changes}.items() if v not in (None, "")}


def _arguments(view: "RegisterView") -> dict[str, Any]:
    said: dict[str, Any] = {k: v for k in _known(view.filters) if (v := given(k))} if request.args else {}
    columns = chosen_columns(view)
    if columns != [c for c in offered_columns(view) if c in view.columns]:
        said["cols"] = ",".join(columns)
    return said


@lru_cache(maxsize=64)
def _known(filters: tuple[str, ...]) -> tuple[str, ...]:
    return ("search", "region", "sort", "desc", "page", "size", *filters, *[f + BEFORE for f in filters])


def query_of(view: "RegisterView", **changes: Any) -> str:
    return urlencode(arguments(view, **changes), safe=",")


def onward(view: "RegisterView", endpoint: str, **arguments_: Any) -> str:
    """A page of one record, with the list that led to it and the place there: after a form one goes on."""
    place = request.args.get(PLACE, "")
    said = {**arguments(view, page=None), **({PLACE: place} if place.isdecimal() and len(place) < 10 else {})}
    own = {k: v for k, v in said.items() if k not in arguments_}
    return view.get_url(endpoint, **arguments_) + (f"&{urlencode(own, safe=',')}" if own else "")


def back_to_list(view: "RegisterView") -> str:
    """The list that led to a record, at the page where it stood."""
    place = request.args.get(PLACE, "")
    page = int(place[:9]) // size_of_page() + 1 if place.isdecimal() else 1
    return address(view, page=page if page > 1 else None)


def address(view: "RegisterView", endpoint: str = ".index_view", **changes: Any) -> str:
    """This list's address with some arguments changed; None takes one away."""
    query = query_of(view, **changes)
    return view.get_url(endpoint) + (f"?{query}" if query else "")
