"""What the address of a list asks for, and addresses like it. Everything that a list shows is in its
address, so that a reload, the back button, a saved view and a colleague see the same.

Arguments that mean nothing are passed over. A filter whose value cannot be read finds nothing and says so: were
it passed over, a batch over 全部符合条件 would take what nobody asked for.
"""

import re
import unicodedata
from calendar import monthrange
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, urlencode

from flask import g, request
from sqlalchemy import Date

from admin_app.access.masking import Sight, sight
from admin_app.access.permissions import Permission, Role, permits
from admin_app.filters import BEFORE, EMPTY, FROM, TO, column_of, filter_of, is_moment, may_be_empty
from admin_app.identity_numbers import in_words, without_numbers
from admin_app.listing import LAST_PAGE, LONGEST_SEARCH, Wanted, holds_numbers
from admin_app.ordering import sortable
from admin_app.web.context import actor
from models.base import Base, Privacy, declared, name_column, names_region, pointed_at, table_of
from models.region import prefix_of

if TYPE_CHECKING:
    from views.base import RegisterView

SIZES = (20, 50, 100)
_LONGEST = 200
_COMPACT = re.compile(r"(\d{4})(\d{2})?(\d{2})?", re.A)
_SEPARATED = re.compile(r"(\d{4})\s*(?:年|[-./年]\s*(\d{1,2})\s*(?:月|[-./月]\s*(\d{1,2})\s*日?)?)", re.A)
PLACE = "at"  # where a record stood in the list that led to it


def _said() -> dict[str, str]:
    """What the address says, by name; nothing empty, several values of one name with commas between. No value is longer
    than anybody types: it stands in every link of the page."""
    said = g.get("said")
    if said is None:
        whole = {name: ",".join(filter(None, values))[:_LONGEST] for name, values in request.args.lists()}
        cut = {name: (value if "," in value[:LONGEST_SEARCH] else value[:LONGEST_SEARCH]).replace("\0", "").strip()
               for name, value in whole.items()}
        said = g.said = {name: value for name, value in cut.items() if value}
    return cast(dict[str, str], said)


def given(name: str) -> str:
    """What the address says under a name, empty if nothing."""
    return _said().get(name, "")


def wanted_by(view: "RegisterView") -> Wanted:
    """The list that the address asks for."""
    role = actor().role
    equals, days, unread = _filters(view, role)
    asked = given("region")
    region = asked if re.fullmatch(r"[0-9]{12}", asked) else ""
    if asked and not region and view.model.__region__:
        unread.append(("region", asked))
    if view.own_area_only and not region.startswith(prefix_of(actor().region_code)):
        region = actor().region_code
    sort = given("sort")
    ordered = may_sort(view, sort)
    return Wanted(
        view.model, equals={**view.fixed, **equals}, days=days, unread=tuple(unread),
        region=region or None,
        search=_search(view), **searchable(view),
        sort=sort if ordered else "id", descending=ordered and given("desc") == "1",
    )


def searchable(view: "RegisterView") -> dict[str, Any]:
    """What a word is looked for in, in a list and in a field that points to its records: what the role sees in full."""
    role = actor().role
    return {"search_columns": _in_full(view.model, view.search, role), "may_search_identity": _may_search_identity(),
            "may_search_names": sight(role, Privacy.NAME) is Sight.FULL}


def _search(view: "RegisterView") -> str:
    """What is searched for, and stands in every link of the page: never a whole identity number. The box shows a
    number's last four alone; what finds it is sent beside (`told`)."""
    asked, told = given("search")[:LONGEST_SEARCH], given("told")[:LONGEST_SEARCH]
    if told and in_words(told) == asked:
        asked = told
    return without_numbers(asked, found_by_number=_may_search_identity() and holds_numbers(view.model))


def _may_search_identity() -> bool:
    return actor().may(Permission.FAMILY_REVEAL)


def _filters(view: "RegisterView", role: Role) -> tuple[dict[str, Any], dict[str, date], list[tuple[str, str]]]:
    """The filters that ask for values, those that ask for days, and those that could not be read or are not for this
    role, as argument and value."""
    model = view.model
    equals: dict[str, Any] = {}
    days: dict[str, date] = {}
    unread: list[tuple[str, str]] = []
    for argument, said in _said().items():
        name, kind = filter_of(view.filters, argument)
        if name not in view.filters:
            continue
        if hidden_filter(view, argument, role, said):
            unread.append((argument, said))
            continue
        of, column = column_of(model, name)
        dated = isinstance(table_of(of).c[column].type, Date)
        if kind:
            if dated and (span := span_in(said)):
                days[argument] = span[kind == TO]
            else:
                unread.append((argument, said))
        elif not dated and not names_region(of, column):
            empty = may_be_empty(model, name)
            values = tuple(dict.fromkeys("" if empty and one == EMPTY else _value(of, column, one)
                                         for one in said.split(",") if one))
            if values and None not in values:
                equals[name] = values if len(values) > 1 else values[0]
            else:
                unread.append((argument, said))
    return equals, days, unread


def _value(model: type[Base], name: str, said: str) -> str | int | None:
    """One value of a filter, None for one that cannot be read."""
    kind = table_of(model).c[name].type.python_type
    if name == "school_year":  # as the column writes it, 2026-2027学年, and as the list keeps it
        year = re.fullmatch(r"(\d{4})(?:-\d{4})?(?:学年)?", said)
        return int(year[1]) if year else None
    if kind is bool or is_moment(model, name):
        return {"1": True, "0": False}.get(said)
    if kind is int:
        return int(said) if said.isdecimal() and len(said) < 18 else None
    return said if kind is str else None


def span_in(text: str) -> tuple[date, date] | None:
    """The first and the last day of what was written: 2026-09-01, 20260901 or 2026年9月1日 is a day, 2026-09 a month,
    2026 a year. None for anything else."""
    written = unicodedata.normalize("NFKC", text).strip()
    read = _COMPACT.fullmatch(written) or _SEPARATED.fullmatch(written)
    if read is None:
        return None
    year, month, day = (int(part) if part else None for part in read.groups())
    try:
        first = date(year or 0, month or 1, day or 1)
    except ValueError:
        return None
    if day:
        return first, first
    return first, date(first.year, month or 12, monthrange(first.year, month or 12)[1])


@lru_cache(maxsize=1024)
def _in_full(model: type[Base], names: tuple[str, ...], role: Role) -> tuple[str, ...]:
    """The columns that the role sees in full: order and filters tell what a mask hides."""
    places = {name: column_of(model, name) for name in names}
    return tuple(name for name, (of, column) in places.items()
                 if sight(role, declared(of, column).privacy) is Sight.FULL
                 and (of is model or permits(role, Permission(f"{of.__area__}.view"))))


def hidden_filter(view: "RegisterView", argument: str, role: Role, said: str = "") -> bool:
    """Whether an argument is a filter of this list by what a role does not see in full: passed over in silence, the
    list would be of more than was asked for. That nothing is written there (`said`), a mask does not hide."""
    name, _ = filter_of(view.filters, argument)
    if name not in view.filters or _in_full(view.model, (name,), role):
        return False
    return said != EMPTY or not may_be_empty(view.model, name) or \
        sight(role, declared(view.model, name).privacy) is Sight.ABSENT


def may_sort(view: "RegisterView", name: str) -> bool:
    """Whether a list is put in the order of a column: of what it can show, and what tells nothing hidden."""
    return name in sortable(view.model) and name in offered_columns(view) and _tells_nothing_hidden(
        view.model, name, actor().role)


@lru_cache(maxsize=1024)
def _tells_nothing_hidden(model: type[Base], name: str, role: Role) -> bool:
    """Whether the role sees a column in full, and the name that it is put in order by."""
    target = pointed_at(model, name)
    called = name_column(target) if target else None
    return bool(_in_full(model, (name,), role) and (target is None or (called and _in_full(target, (called,), role))))


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
    known = _known(view.filters)
    said: dict[str, Any] = {k: v for k, v in _said().items() if k in known}
    if "search" in said:
        said["search"] = _search(view)
    columns = chosen_columns(view) if {"col", "cols"} & request.args.keys() else []
    if columns and columns != [c for c in offered_columns(view) if c in view.columns]:
        said["cols"] = ",".join(columns)
    return said


def known_part(view: "RegisterView", query: str) -> str:
    """What of an address means something to this list: nothing else is kept in a saved view."""
    known = _known(view.filters) | {"cols"}
    return urlencode([(name, value) for name, value in parse_qsl(query) if name in known], safe=",")


@lru_cache(maxsize=64)
def _known(filters: tuple[str, ...]) -> frozenset[str]:
    return frozenset(("search", "region", "sort", "desc", "page", "size", *filters,
                      *[f + kind for f in filters for kind in (FROM, TO, BEFORE)]))


def query_of(view: "RegisterView", **changes: Any) -> str:
    return urlencode(arguments(view, **changes), safe=",")


def turned(view: "RegisterView", **changes: Any) -> str:
    """The list that is open with some arguments changed, one of them at least said: its links are many, and short."""
    return f"?{query_of(view, **changes)}"


def _led_here(view: "RegisterView") -> dict[str, Any]:
    """The list that led to a record, and the place there."""
    place = request.args.get(PLACE, "")
    return {**arguments(view, page=None), **({PLACE: place} if place.isdecimal() and len(place) < 10 else {})}


def onward_query(view: "RegisterView") -> str:
    return urlencode(_led_here(view), safe=",")


def onward(view: "RegisterView", endpoint: str, **arguments_: Any) -> str:
    """A page of one record, with the list that led to it and the place there: after a form one goes on."""
    said = _led_here(view)
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
