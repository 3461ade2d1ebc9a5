"""List pages, look-ups and exports: what a view declares, put before a person.

Everything that a list shows is in its address. Arguments that mean nothing are passed over.
"""

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from flask import Response, jsonify, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from admin_app.access.masking import Sight, sight
from admin_app.access.permissions import Permission
from admin_app.changes.seal import fingerprint
from admin_app.display import LOCAL_ZONE, names_region, pointed_at
from admin_app.exchange.exporter import list_sheet
from admin_app.listing import (
    COUNT_CAP, LAST_PAGE, Wanted, capped_count, filter_kind, page_of, sortable,
)
from admin_app.web.context import actor, display, plant, session
from admin_app.access.scope import unscoped
from models.base import Base, declared, table_of
from models.kinds import IdentityIndexed
from models.region import Region, prefix_of
from models.school import School

if TYPE_CHECKING:
    from views.base import RegisterView

SIZES = (20, 50, 100)
MOST_SCHOOLS = 300
LOOKUP_LIMIT = 20


def wanted_by(view: "RegisterView") -> Wanted:
    """The list that the address asks for."""
    equals: dict[str, Any] = dict(view.fixed)
    for name in filter(partial(_plain, view), view.filters):
        value = request.args.get(name, "").strip()
        if value and not names_region(view.model, name):
            kind = table_of(view.model).c[name].type.python_type
            if kind is int and not (value.isdecimal() and len(value) < 18):
                continue
            if kind is int:
                equals[name] = int(value)
            elif kind is str:
                equals[name] = value
    region = request.args.get("region", "").strip()
    if view.own_area_only and not region.startswith(prefix_of(actor().region_code)):
        region = actor().region_code
    sort = request.args.get("sort", "")
    ordered = sort in sortable(view.model) and _plain(view, sort)
    columns = tuple(n for n in view.search
                    if sight(actor().role, declared(view.model, n).privacy) is Sight.FULL)
    return Wanted(
        view.model, equals, region if region.isdecimal() and len(region) == 12 else None,
        request.args.get("search", "").replace("\0", "").strip(), columns,
        actor().may(Permission.FAMILY_REVEAL),
        sort if ordered else view.default_sort, ordered and request.args.get("desc") == "1",
    )


def _plain(view: "RegisterView", name: str) -> bool:
    """Whether the role sees this column in full: order and filters tell what a mask hides."""
    return sight(actor().role, declared(view.model, name).privacy) is Sight.FULL


def address(view: "RegisterView", **changes: Any) -> str:
    """This list's address with some arguments changed; None takes one away."""
    known = {"search", "region", "sort", "desc", "page", "size", *view.filters}
    arguments = {k: v for k, v in request.args.items() if k in known and v}
    arguments |= changes
    query = urlencode({k: v for k, v in arguments.items() if v not in (None, "")})
    return view.get_url(".index_view") + (f"?{query}" if query else "")


def page(view: "RegisterView") -> ResponseReturnValue:
    wanted = wanted_by(view)
    size = next((s for s in SIZES if request.args.get("size") == str(s)), SIZES[0])
    asked = request.args.get("page", "1")
    number = min(int(asked), LAST_PAGE) - 1 if asked.isdecimal() and int(asked[:9]) > 0 else 0
    count = capped_count(session(), wanted)
    number = min(number, max(0, (min(count, COUNT_CAP) - 1) // size))
    rows = page_of(session(), wanted, number, size)
    columns = [c for c in view.columns if not display().absent(declared(view.model, c))]
    display().prepare(view.model, columns, rows)
    return render_template(
        "admin/list.html", title=view.heading,
        columns=[_column(view, wanted, name) for name in columns],
        rows=[_row(view, columns, record) for record in rows],
        search={"value": wanted.search, "placeholder": _placeholder(view)} if view.search else None,
        filters=[_filter(view, name) for name in view.filters if _offered(view, name)], chips=_chips(view, wanted),
        pager=_pager(view, count, number, size, len(rows)), buttons=_buttons(view),
        tree=_tree(view, wanted), hidden={k: v for k in ("region", "sort", "desc", "size")
                                          if (v := request.args.get(k))},
        empty=_empty(view, wanted),
    )


def _placeholder(view: "RegisterView") -> str:
    """What a word may be in this list's search."""
    about_people = "student_id" in table_of(view.model).c or issubclass(view.model, IdentityIndexed)
    if not about_people:
        return "、".join(declared(view.model, name).label for name in view.search)
    return "姓名、拼音、身份证号或后六位" if actor().may(Permission.FAMILY_REVEAL) else "姓名或拼音"


def _column(view: "RegisterView", wanted: Wanted, name: str) -> dict[str, Any]:
    label, mine = declared(view.model, name).label, wanted.sort == name
    url = None
    if name in sortable(view.model) and sight(actor().role, declared(view.model, name).privacy) is Sight.FULL:
        url = address(view, sort=name, desc="1" if mine and not wanted.descending else None, page=None)
    order = ("descending" if wanted.descending else "ascending") if mine else None
    return {"name": name, "label": label, "sort_url": url, "sorted": order}


def _row(view: "RegisterView", columns: list[str], record: Base) -> dict[str, Any]:
    url = view.get_url(".details_view", id=record.id)
    cells = []
    for position, name in enumerate(columns):
        shown = display().of(record, name)
        cells.append({"text": shown.text, "colour": shown.colour, "muted": False,
                      "url": url if position == 0 else None})
    actions = [{"label": "查看", "url": url}]
    if view.can_change and view.may("edit"):
        actions.append({"label": "修改", "url": view.get_url(".edit_view", id=record.id)})
    return {"pk": record.id, "url": url, "cells": cells, "actions": actions}


def _offered(view: "RegisterView", name: str) -> bool:
    """A filter by a record of another ledger comes from a link there; only short lists are offered."""
    target = pointed_at(view.model, name)
    return target is None or target is School


def _filter(view: "RegisterView", name: str) -> dict[str, Any]:
    field, options = declared(view.model, name), []
    if field.states and view.model.__moves__:
        options = [{"value": s.code, "label": s.label} for s in view.model.__moves__.states]
    elif field.codes:
        options = [{"value": i.code, "label": i.label} for i in display().codes(field.codes)]
    elif pointed_at(view.model, name) is School:
        options = [{"value": str(key), "label": label} for key, label in session().execute(
            select(School.id, School.name).order_by(School.name).limit(MOST_SCHOOLS))]
    kind = "options" if options else filter_kind(view.model, name)
    return {"name": name, "label": field.label, "kind": kind, "options": options,
            "value": request.args.get(name, "")}


def _chips(view: "RegisterView", wanted: Wanted) -> list[dict[str, str]]:
    chips = [{"label": f"{declared(view.model, n).label}：{display().value(view.model, n, v).text}",
              "remove_url": address(view, **{n: None, "page": None})}
             for n, v in wanted.equals.items() if n not in view.fixed]
    if wanted.search:
        chips.append({"label": f"搜索：{wanted.search}", "remove_url": address(view, search=None, page=None)})
    if wanted.region and wanted.region != actor().region_code:
        chips.append({"label": f"区划：{display().region(wanted.region)}",
                      "remove_url": address(view, region=None, page=None)})
    return chips


def _pager(view: "RegisterView", count: int, number: int, size: int, shown: int) -> dict[str, Any]:
    pages = max(1, -(-min(count, COUNT_CAP) // size))
    near = sorted({1, pages, *range(max(1, number - 1), min(pages, number + 3) + 1)})
    return {
        "page": number + 1, "pages": pages,
        "total_label": f"共 {COUNT_CAP:,}+ 条" if count > COUNT_CAP else f"共 {count:,} 条",
        "first": number * size + 1 if shown else 0, "last": number * size + shown,
        "prev_url": address(view, page=number) if number else None,
        "next_url": address(view, page=number + 2) if number + 1 < pages else None,
        "links": [{"label": str(n), "url": address(view, page=n), "active": n == number + 1} for n in near],
        "sizes": [{"label": str(s), "url": address(view, size=s, page=None), "active": s == size}
                  for s in SIZES],
    }


def _buttons(view: "RegisterView") -> list[dict[str, str]]:
    buttons = []
    if view.can_add and view.may("create"):
        buttons.append({"label": "新增", "url": view.get_url(".create_view"), "kind": "primary", "icon": "plus"})
    if view.import_sheet and actor().may(Permission.IMPORT_CREATE):
        buttons += [
            {"label": "导入", "url": url_for("imports.upload", sheet=view.import_sheet), "kind": "secondary",
             "icon": "upload"},
            {"label": "下载模板", "url": url_for("imports.template", sheet=view.import_sheet),
             "kind": "secondary", "icon": "sheet"},
        ]
    if view.may("export"):
        target = address(view, page=None, size=None).replace(
            view.get_url(".index_view"), view.get_url(".export"), 1)
        buttons.append({"label": "导出", "url": target, "kind": "secondary", "icon": "download"})
    return buttons


def _tree(view: "RegisterView", wanted: Wanted) -> list[dict[str, Any]]:
    """The divisions under the actor's own, one level below where the list stands."""
    if view.model.__region__ is None or len(prefix_of(actor().region_code)) == 12:
        return []
    own = prefix_of(actor().region_code)
    asked = prefix_of(wanted.region or actor().region_code)
    prefix = asked if asked.startswith(own) else own
    base = prefix if len(prefix) < 12 else prefix[:9]
    nodes = session().execute(
        select(Region.code, Region.name).where(Region.parent_code == base.ljust(12, "0"))
        .order_by(Region.code).limit(400)).all()
    children = [{"label": n.name, "url": address(view, region=n.code, page=None),
                 "active": n.code == wanted.region, "children": []} for n in nodes]
    root = base.ljust(12, "0")
    to_root = root if root != actor().region_code else None
    above = {"label": display().region(root), "url": address(view, region=to_root, page=None),
             "active": wanted.region in (None, root), "children": children}
    return [above]


def _empty(view: "RegisterView", wanted: Wanted) -> str:
    if wanted.search or wanted.equals or wanted.region:
        return "没有符合条件的记录。可以去掉上面的某个条件再试。"
    if view.import_sheet and actor().may(Permission.IMPORT_CREATE):
        return f"还没有{view.heading}记录。可以点“新增”逐个登记，或用“导入”从 Excel 名单一次录入。"
    return f"还没有{view.heading}记录。"


def lookup(view: "RegisterView") -> ResponseReturnValue:
    """Records that a word finds, for fields that point to them: at most 20, in scope."""
    wanted = Wanted(view.model, search=request.args.get("q", "").replace("\0", "").strip(),
                    search_columns=view.search, may_search_identity=actor().may(Permission.FAMILY_REVEAL))
    if issubclass(view.model, Region):
        return jsonify(_regions(wanted.search))
    found = page_of(session(), wanted, 0, LOOKUP_LIMIT)
    hint = next((c for c in ("region_code", "kind") if c in table_of(view.model).c), None)
    if hint:
        display().prepare(view.model, [hint], found)
    return jsonify([{"id": r.id, "label": display().label_of(r),
                     "hint": display().of(r, hint).text if hint else ""} for r in found])


def _regions(text: str) -> list[dict[str, str]]:
    """Divisions under the actor's own, by name or code."""
    prefix = prefix_of(actor().region_code)
    query = select(Region).where(Region.code >= prefix, Region.code < prefix + ":",
                                 Region.valid_until.is_(None))
    if text:
        query = query.where(Region.name.contains(text, autoescape=True) | Region.code.startswith(text, autoescape=True))
    found = session().scalars(query.order_by(Region.code).limit(LOOKUP_LIMIT))
    return [{"id": r.code, "label": r.name, "hint": r.code} for r in found]


def export(view: "RegisterView") -> Response:
    """The list as filtered, as a framed sheet."""
    wanted = wanted_by(view)
    with unscoped(plant().engine, "the seal's fingerprint in the footer") as wide:
        seal_mark = fingerprint(wide)
    title = f"{display().region(actor().region_code)}{view.heading}"
    columns = [c for c in view.columns if not display().absent(declared(view.model, c))]
    path = list_sheet(session(), actor(), wanted, columns, title=title, fingerprint=seal_mark)
    stamp = datetime.now(LOCAL_ZONE).strftime("%Y%m%d")
    response = send_file(path, mimetype="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    response.headers["Content-Disposition"] = (
        f"attachment; filename=export-{stamp}.xlsx; filename*=UTF-8''{quote(f'{title}{stamp}.xlsx')}")
    response.call_on_close(lambda: path.unlink(missing_ok=True))
    return response

