"""What stands around the rows of a list: the tree, the search, the heads of the columns, 列设置, the bar for
ticked rows.

It depends on the view, the role and place of whoever asks, the address without its page, on reference data, on how
many rows there are and on whether they are the person's to keep; on no row, and on nobody's name but where a filter
asks for one record (`names_records`). So it is made once for all of them (`Reference.lasting`), and carries no token:
those that its forms need stand beside it (`form="…"`).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, cast

from flask import get_template_attribute, request, url_for
from markupsafe import Markup
from sqlalchemy import Boolean

from admin_app.access.permissions import Permission
from admin_app.filters import (
    BEFORE, EMPTY, FROM, HAPPENED, TO, column_of, day_filter, filter_kind, filter_of, is_moment, lasts, may_be_empty,
    takes_empty,
)
from admin_app.identity_numbers import in_words
from admin_app.listing import COUNT_CAP, Wanted, as_shown, cap_of, found_by
from admin_app.paging import PageQuery
from admin_app.reference import MOST_SCHOOLS, tree_root
from admin_app.services import moves as move_service
from admin_app.web.context import actor, display, session, shows
from admin_app.web.list_address import (
    SIZES, address, arguments, chosen_columns, given, hidden_filter, may_sort, offered_columns, query_of,
    size_of_page, turned,
)
from admin_app.web.list_rows import RowWriter
from admin_app.web.own_village import ended
from models.base import Base, Privacy, declared, name_column, pointed_at, table_of
from models.region import prefix_of, spoken_name
from models.school import School

if TYPE_CHECKING:
    from views.base import RegisterView


_FEW, _MANY = 5, 30  # options of a filter that several may be ticked of
_DAYS = {"": "", FROM: "从", TO: "到", BEFORE: "早于"}
_ALSO = "（含空）"
_NOT_TOLD, _NONE = "（内容不记）", "无"


@dataclass(frozen=True, slots=True)
class ListFrame:
    """The pieces, as HTML, in the order in which a page shows them; what asks for the rows, and what writes them."""

    query: PageQuery
    writer: RowWriter
    pages: int
    total: str  # how many rows there are, in words
    tree: Markup
    heading: Markup
    save_view: Markup  # empty while the list is as it comes
    search: Markup
    batch: Markup
    head: Markup
    order: Markup  # for a phone, where there is no head
    empty: Markup  # instead of a table
    sizes: Markup
    settings: Markup
    has_batch: bool

    @classmethod
    def around(cls, view: "RegisterView", wanted: Wanted, count: int) -> Self:
        columns, size, cap = chosen_columns(view), size_of_page(), shown_at_most(wanted)
        wanted = as_shown(wanted, count)
        total = total_label(count, cap) + "".join(f"，{said}" for said in _left_out(wanted))
        query, batch = query_of(view, page=None), _batch(view, wanted)
        advice = "" if count <= cap else "，请再多输入几个字" if cap < COUNT_CAP else "，可用筛选缩小范围"
        state = view.model.__moves__.column if batch and batch["verbs"] and view.model.__moves__ else None
        heads = [_column(view, wanted, name, count) for name in columns]
        hidden = {k: v for k in ("region", "sort", "desc", "size", "cols") if (v := arguments(view).get(k))}
        return cls(
            query=PageQuery.of(session(), wanted,
                               columns if not state or state in columns else [*columns, state], size),
            writer=RowWriter.of(view, columns, state, ticks=batch is not None),
            pages=max(1, -(-min(count, cap) // size)), total=total + advice,
            tree=piece("tree", _tree(view, wanted)),
            heading=piece("heading", view.heading, _buttons(view), ended()),
            save_view=piece("save_view", query, url_for("saved_views.save", table=view.endpoint),
                             actor().may(Permission.FAMILY_CONFIRM)) if query else Markup(),
            search=_search_form(view, wanted, hidden),
            batch=piece("batch_bar", batch, total, query) if batch else Markup(),
            head=piece("head", view.heading, total, batch is not None, heads),
            order=piece("order", heads, "" if batch else total),
            empty=piece("nothing", _empty(view, wanted)), sizes=piece("sizes", _sizes(view)),
            settings=piece("column_settings", _settings(view, columns)), has_batch=batch is not None,
        )


def names_records(wanted: Wanted) -> bool:
    """Whether a filter asks for one record of many, whose name stands beside it."""
    return any(_names_a_record(wanted.model, name) for name in wanted.equals)


def _names_a_record(model: type[Base], name: str) -> bool:
    """Whether a filter by this column says what a record is called; the names of schools are reference data."""
    return pointed_at(*column_of(model, name)) not in (None, School)


def shown_at_most(wanted: Wanted) -> int:
    """How far a list is counted and paged: where a search stopped looking, as many as it had found by then."""
    cap, found = cap_of(wanted), display().found(wanted) if wanted.search else None
    return len(found.keys) if found is not None and found.keys and found.count > cap else cap


def filter_field(asked: dict[str, Any], number: int) -> Markup:
    """One filter of the search form, and its number there."""
    return piece("filter_field", asked, number, source="macros.html")


def piece(name: str, *said: Any, source: str = "admin/list_frame.html") -> Markup:
    return cast(Markup, get_template_attribute(source, name)(*said))


def total_label(count: int, cap: int) -> str:
    return f"共 {cap:,}+ 条" if count > cap else f"共 {count:,} 条"


def _sizes(view: "RegisterView") -> list[dict[str, Any]]:
    return [{"label": str(s), "url": turned(view, size=s, page=None), "active": s == size_of_page()} for s in SIZES]


def _search_form(view: "RegisterView", wanted: Wanted, hidden: dict[str, Any]) -> Markup:
    """The search with its filters, of which each is made once for what it is given, whatever the place: their options
    are most of a list's page, and a word leaves them as they are."""
    fields = [_field(view, name, no) for no, name in enumerate(view.filters) if _offered(view, name)]
    chips = _chips(view, wanted)
    return piece("search_form", _search(view, wanted), fields, chips, hidden, request.path,
                 not chips and any(given(name) for name in view.filters), source="macros.html")


def _field(view: "RegisterView", name: str, number: int) -> Markup:
    said = tuple(map(given, (name, name + FROM, name + TO, name + BEFORE)))
    if said[0] and _names_a_record(view.model, name):
        return filter_field(_filter(view, name), number)
    return cast(Markup, display().of_role((view.endpoint, request.script_root, name, said),
                                          lambda: filter_field(_filter(view, name), number)))


def _search(view: "RegisterView", wanted: Wanted) -> dict[str, str] | None:
    if not view.search:
        return None
    shown = in_words(wanted.search)
    return {"value": shown, "told": wanted.search if shown != wanted.search else "",
            "placeholder": found_by(view.model, view.search, actor().may(Permission.FAMILY_REVEAL))}


def _column(view: "RegisterView", wanted: Wanted, name: str, count: int) -> dict[str, Any]:
    label, mine = declared(view.model, name).label, wanted.sort == name
    url = None
    if count <= COUNT_CAP and may_sort(view, name):
        url = turned(view, sort=name, desc="1" if mine and not wanted.descending else None, page=None)
    order = ("descending" if wanted.descending else "ascending") if mine else None
    return {"name": name, "label": label, "sort_url": url, "sorted": order}


def _offered(view: "RegisterView", name: str) -> bool:
    """What the role sees in full, or could be told that there is none of; records only of a ledger that it may open."""
    target = pointed_at(*column_of(view.model, name))
    return not hidden_filter(view, name, actor().role, EMPTY) and (target is None or shows(target))


def _filter(view: "RegisterView", name: str) -> dict[str, Any]:
    model, column = column_of(view.model, name)
    field, options, target = declared(model, column), [], pointed_at(model, column)
    if hidden_filter(view, name, actor().role):
        options = [(EMPTY, _NONE)]
    elif field.states and model.__moves__:
        options = [(s.code, s.label) for s in model.__moves__.states]
    elif field.codes:
        options = [(i.code, i.label) for i in display().codes(field.codes)]
    elif isinstance(table_of(model).c[column].type, Boolean):
        options = [("1", "是"), ("0", "否")]
    elif is_moment(model, column):
        options = [(str(int(done)), word) for done, word in HAPPENED.items()]
    elif target is School and len(display().schools()) <= MOST_SCHOOLS:
        options = [(str(key), label) for key, label in display().schools().items()]
    elif target:
        return {"name": name, "label": field.label, **_found_by_typing(view, name, target)}
    kind = "options" if options else filter_kind(view.model, name)
    if kind == "date":
        due = field.privacy is not Privacy.BIRTH and not lasts(name)  # nobody is due to be born
        days = [(name + kind, _DAYS[kind] + _also(name + kind), given(name + kind))
                for kind in ((FROM, TO, BEFORE) if due else (FROM, TO))]
        return {"name": name, "label": field.label, "kind": kind, "days": days, "value": "".join(d[2] for d in days)}
    chosen = given(name).split(",")
    return {"name": name, "label": field.label, "kind": kind, "options": options, "value": given(name),
            "many": _FEW <= len(options) <= _MANY, "chosen": chosen,
            "shown": "、".join(label for value, label in options if value in chosen) or "全部"}


def _found_by_typing(view: "RegisterView", name: str, target: type[Base]) -> dict[str, Any]:
    """A filter by one record of many, and by none of them."""
    said = given(name).split(",")
    keys = [key for key in said if key.isdecimal() and len(key) <= 18]
    label = display().named(target, int(keys[0])) if len(keys) == 1 else None
    return {"kind": "lookup", "value": keys[0] if label else "", "shown": label or "", "empty": EMPTY in said,
            "none": _NONE if may_be_empty(view.model, name) else "",
            "asked": declared(target, called).label if (called := name_column(target)) else "",
            "lookup_url": url_for(f"{target.__tablename__}.lookup")}


def _also(argument: str) -> str:
    return _ALSO if takes_empty(argument) else ""


def said_of(view: "RegisterView", wanted: Wanted, *, discreet: bool = False) -> str:
    """What a list was asked for, in one line; `discreet`, for the ledger and for a masked sheet, without what tells
    which child is meant."""
    ticked = [f"勾选的 {len(wanted.keys)} 条"] if wanted.keys is not None else []
    return "；".join([*[chip["label"] for chip in _chips(view, wanted, discreet)], *ticked, *_left_out(wanted)])


def _left_out(wanted: Wanted) -> list[str]:
    """What the list is silent about unless it is asked for it."""
    moves = wanted.model.__moves__
    return [f"不含{'、'.join(moves.labels[state] for state in wanted.left_out)}"] if moves and wanted.left_out else []


def _tells_who(view: "RegisterView", argument: str) -> bool:
    """Whether the value of a filter says which child or family is meant."""
    of, column = column_of(view.model, filter_of(view.filters, argument)[0])
    target = pointed_at(of, column)
    named = name_column(target) if target else None
    field = declared(target, named) if target and named else declared(of, column)
    return field.privacy not in (Privacy.OPEN, Privacy.CONDITION)


def _chips(view: "RegisterView", wanted: Wanted, discreet: bool = False) -> list[dict[str, str]]:
    def chip(label: str, value: str, argument: str) -> dict[str, str]:
        without: dict[str, Any] = {argument: None, "page": None}
        return {"label": f"{label}：{value}", "remove_url": address(view, **without)}

    def said(name: str, value: Any) -> str:
        if discreet and value != "" and _tells_who(view, name):
            return _NOT_TOLD
        of, column = column_of(view.model, name)
        values = value if isinstance(value, tuple) else (value,)
        if is_moment(of, column):
            return "、".join(HAPPENED[v] for v in values)
        return "、".join(display().value(of, column, v).text if v != "" else _NONE for v in values)

    chips = [chip(caption_of(view, n), said(n, v), n) for n, v in wanted.equals.items() if n not in view.fixed]
    chips += [chip(caption_of(view, argument), _NOT_TOLD if discreet and _tells_who(view, argument) else
                   f"{day}{_also(argument)}", argument) for argument, day in wanted.days.items()]
    chips += [chip(caption_of(view, argument), _NOT_TOLD if discreet else _unread(view, argument, value), argument)
              for argument, value in wanted.unread]
    if wanted.search:
        chips.append(chip("搜索", _NOT_TOLD if discreet else in_words(wanted.search), "search"))
    if wanted.region and wanted.region != actor().region_code:
        chips.append(chip("区划", display().region(wanted.region), "region"))
    return chips


def _unread(view: "RegisterView", argument: str, value: str) -> str:
    """Why a list was not asked for this."""
    return "您的身份不能按它筛选" if hidden_filter(view, argument, actor().role, value) else f"“{value}”看不懂"


def caption_of(view: "RegisterView", argument: str) -> str:
    """What a filter is called, by its argument."""
    if argument == "region":
        return "区划"
    name, kind = filter_of(view.filters, argument)
    return declared(*column_of(view.model, name)).label + _DAYS[kind]


def _buttons(view: "RegisterView") -> list[dict[str, str]]:
    buttons = []
    if view.may_add():
        buttons.append({"label": "新增", "url": view.get_url(".create_view"), "kind": "primary", "icon": "plus"})
        buttons += [{"label": label, "url": url_for(endpoint), "kind": "secondary", "icon": icon}
                    for label, endpoint, icon in view.list_buttons]
    if _may_import(view):
        buttons += [
            {"label": "导入", "url": url_for("imports.upload", sheet=view.import_sheet), "kind": "secondary",
             "icon": "upload"},
            {"label": "下载模板", "url": url_for("imports.template", sheet=view.import_sheet),
             "kind": "secondary", "icon": "sheet"},
        ]
    if view.may("export"):
        buttons.append({"label": "导出", "url": address(view, ".export", page=None, size=None), "kind": "secondary",
                        "icon": "download"})
    return buttons


def _may_import(view: "RegisterView") -> bool:
    return bool(view.import_sheet) and actor().may(Permission.IMPORT_CREATE) and not ended()


def _batch(view: "RegisterView", wanted: Wanted) -> dict[str, Any] | None:
    """What can be done with many rows at once: the moves that the role may make, and those of one state alone where
    the list shows no other; and an export."""
    moves = move_service.moves_of(actor(), view.model)
    if view.model.__moves__ and (states := wanted.equals.get(view.model.__moves__.column)):
        moves = [m for m in moves if {*([states] if isinstance(states, str) else states)} & {*m.sources}]
    verbs = [(m.verb, m.label, " ".join(m.sources)) for m in moves]
    if not verbs and not view.may("export"):
        return None
    return {"verbs": verbs, "url": url_for("batches.choose", table=view.endpoint),
            "export_url": view.get_url(".export") if view.may("export") else None}


def _settings(view: "RegisterView", columns: list[str]) -> dict[str, Any]:
    """列设置: the columns that may be shown, and what else of the address to keep."""
    return {"columns": [(n, declared(view.model, n).label, n in columns) for n in offered_columns(view)],
            "kept": arguments(view, cols=None, page=None), "reset_url": address(view, cols=None, page=None)}


def _tree(view: "RegisterView", wanted: Wanted) -> list[dict[str, Any]]:
    """The divisions under the actor's own, one level below where the list stands."""
    own = actor().region_code
    if view.model.__region__ is None or len(prefix_of(own)) == 12:
        return []
    root = tree_root(own, wanted.region)
    start = address(view, region=None, page=None)
    start = (start[start.index("?"):] + "&region=") if "?" in start else "?region="  # of the page that is open
    children = [{"label": spoken_name(name), "url": start + code, "active": code == wanted.region, "children": []}
                for code, name in display().below(root)]
    above = {"label": display().region(root), "active": wanted.region in (None, root), "children": children,
             "url": address(view, region=root if root != own else None, page=None)}
    return [above]


def _empty(view: "RegisterView", wanted: Wanted) -> str:
    if wanted.unread:
        faults = "；".join(f"条件“{caption_of(view, argument)}”：{_unread(view, argument, value)}"
                          for argument, value in wanted.unread)
        return f"{faults}。请改正后再查，或去掉这个条件：没有按它猜着显示，以免办错。"
    if reversed_ := [caption_of(view, n).removesuffix(_DAYS[FROM]) for n, day in wanted.days.items()
                     if day_filter(n)[1] == FROM and wanted.days.get(day_filter(n)[0] + TO, day) < day]:
        return f"“{'”“'.join(reversed_)}”的“从”晚于“到”，没有哪一天在其中。请对调两个日期再查。"
    if wanted.search or wanted.region or wanted.days or set(wanted.equals) - set(view.fixed):
        return "没有符合条件的记录。可以去掉上面的某个条件再试。"
    if _may_import(view):
        return f"还没有{view.heading}记录。可以点“新增”逐个登记，或用“导入”从 Excel 名单一次录入。"
    return f"还没有{view.heading}记录。"
