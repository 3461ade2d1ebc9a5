"""The change ledger on the screen: who did what, one act in full, undo and revert."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from admin_app.changes import history
from admin_app.changes.ledger import recording
from admin_app.changes.seal import fingerprint
from admin_app.changes.undo import (
    Undone, changed, check_may_undo, outcome, own, rest_of, undone, undone_of,
)
from admin_app.changes.undo import undo as undo_change
from admin_app.display import local_time
from admin_app.errors import Conflict, Invalid, NotFound, Refused
from admin_app.exchange.exporter import acts_sheet
from admin_app.listing import COUNT_CAP
from admin_app.text import OPERATION_LABELS, ORIGIN_LABELS, role_label, verb_label
from admin_app.web.context import actor, display, session
from admin_app.web.downloads import stamped, workbook
from admin_app.web.form_token import csrf_token
from admin_app.web.ledger_acts import acts, closed_to, how_many, open_to, over_all, records_of, touched_by, unread
from admin_app.web.list_frame import filter_field, total_label
from models.account import Account
from models.base import Base, model_of, models
from models.change import Change, ChangeRow

pages = Blueprint("ledger", __name__, url_prefix="/changes")
PAGE, LAST_PAGE = 50, 400
MOST_KEPT = 200  # named on the page of an act that was undone
_BACK = {  # what one record of an act is taken back by
    "update": {"label": "恢复", "asked": "把这条记录恢复到变更之前？"},
    "insert": {"label": "移除",
               "asked": "移除这条新增的记录？其下还有别的记录的会保留，请先移除那些。变更台账留存备查。"},
}
ARGUMENTS = frozenset({"who", "origin", "verb", "since", "until", "table", "pk", "region", "undone"})
SHEET = ("编号", "时间", "办理", "经办人", "身份", "经办人区划", "来源", "来源地址", "请求编号", "涉及记录",
         "改动的字段", "对应变更", "原因")
LOOKED_FOR = ("create", "edit", "reveal", "export", "import", "undo", "revert", "remove", "hand_over", "disable",
              "enable", "reset_password", "revoke_sessions", "backup")
UNDONE = (("any", "已被撤销"), ("others", "被他人撤销"))


@pages.get("/")
def changes() -> ResponseReturnValue:
    """Acts in scope, newest first, by person, time, origin, record."""
    number = _page()
    with over_all() as wide:
        found = wide.scalars(acts(request.args).order_by(Change.id.desc()).offset(number * PAGE).limit(PAGE + 1)).all()
        wide.expunge_all()
    more, shown, count = len(found) > PAGE, found[:PAGE], how_many(request.args, COUNT_CAP)
    named, gone = records_of([c.id for c in shown]), undone_of(session(), [c.id for c in shown])
    sheet, asked = f"{url_for('ledger.export')}?{urlencode(_arguments())}", _filters()
    return render_template(
        "admin/history.html", title="变更台账",
        changes=[{**_act(c), "records": named.get(c.id, ""), "undone": c.id in gone,
                  "url": url_for("ledger.change", id=c.id)} for c in shown],
        fields=[filter_field(one, no) for no, one in enumerate(asked)], open=any(one["value"] for one in asked),
        empty=_unread(),
        pager={**_pager(number, len(shown), more), "total_label": total_label(count, COUNT_CAP)},
        buttons=[{"label": "导出", "url": sheet, "kind": "post", "icon": "download", "token": csrf_token(),
                  "why": "may"}] if shown else [])


@pages.post("/export")
def export() -> ResponseReturnValue:
    """The acts of this address as a sheet, without what they did to whom: that stands on each act's page."""
    if (count := how_many(request.args, COUNT_CAP)) > COUNT_CAP:
        raise Invalid(f"一次最多导出 {COUNT_CAP:,} 条变更。请用时间或区划缩小范围，分几次导出。")
    with over_all() as wide:
        found = wide.scalars(acts(request.args).order_by(Change.id.desc())).all()
        wide.expunge_all()
        mark = fingerprint(wide)
    why = request.form.get("reason", "").strip()
    what = f"变更台账（{count:,} 条）"
    with recording(session(), actor(), "export", f"{what}：{why}" if why else what, kept=True):
        pass
    touched, gone = touched_by(found), undone_of(session(), [c.id for c in found])
    lines = [[str(c.id), a["when"], a["verb"], a["who"], a["role"], a["region"], a["origin"], a["address"],
              a["request_id"], *touched.get(c.id, ("", "")), _answers(c, gone), a["reason"]]
             for c in found for a in (_act(c),)]
    path = acts_sheet(session(), actor(), lines, SHEET, conditions=_conditions(), fingerprint=mark)
    return workbook(path, stamped("变更台账"))


def _conditions() -> str:
    """What this list was asked for, in one line."""
    said = []
    for one in _filters():
        if one["kind"] == "date":
            said += [f"{label} {value}" for _, label, value in one["days"] if value]
        elif one["value"]:
            said.append(f"{one['label']}：{one.get('shown') or dict(one['options']).get(one['value'], one['value'])}")
    return "；".join(said)


def _unread() -> str | None:
    """Why a list finds nothing that was asked for days which are none."""
    wrong = "、".join(f"“{text}”" for text in unread(request.args))
    return f"{wrong}看不懂，没有按它猜着显示。日期请写成 2026-11-29 或 20261129。" if wrong else None


def _answers(act: Change, gone: Mapping[int, int]) -> str:
    said = [f"撤销了 {act.undoes_id}"] if act.undoes_id else []
    return "；".join([*said, *([f"已被 {gone[act.id]} 撤销"] if act.id in gone else [])])


def _page() -> int:
    asked = request.args.get("page", "1")
    return min(int(asked[:6]), LAST_PAGE) - 1 if asked.isdecimal() and int(asked[:6]) > 0 else 0


def _filters() -> list[dict[str, Any]]:
    value = request.args.get
    origins = list(ORIGIN_LABELS.items())
    return [
        {"name": "who", "label": "经办人", "kind": "text", "options": [], "value": value("who", "")},
        {"name": "table", "label": "台账", "kind": "options", "value": value("table", ""), "options": [
            (m.__tablename__, m.__title__) for m in _told_of()]},
        {"name": "verb", "label": "办理", "kind": "options", "value": value("verb", ""), "options": [
            (verb, verb_label(verb)) for verb in _verbs(value("verb", ""))]},
        {"name": "region", "label": "区划", "kind": "lookup", "options": [], "value": value("region", ""),
         "lookup_url": url_for("region.lookup"),
         "shown": display().region(value("region", "")) if value("region", "") else ""},
        {"name": "pk", "label": "记录编号", "kind": "text", "options": [], "value": value("pk", "")},
        {"name": "origin", "label": "来源", "kind": "options", "options": origins, "value": value("origin", "")},
        {"name": "undone", "label": "撤销", "kind": "options", "options": UNDONE, "value": value("undone", "")},
        {"name": "days", "label": "日期", "kind": "date", "value": value("since", "") + value("until", ""),
         "days": [("since", "从", value("since", "")), ("until", "到", value("until", ""))]},
    ]


def _told_of() -> list[type[Base]]:
    """The ledgers whose acts this role is told of."""
    return [model for model in models() if model.__recorded__ and model.__tablename__ not in closed_to(actor().role)]


def _verbs(asked: str) -> list[str]:
    """What acts are looked for by: those of all ledgers, the moves of each, and what an address asks beside."""
    moves = [f"{m.__tablename__}:{move.verb}" for m in _told_of() if m.__moves__ for move in m.__moves__.moves]
    return list(dict.fromkeys([*LOOKED_FOR, *moves, *([asked] if asked and ":" not in asked else [])]))


def _arguments() -> dict[str, str]:
    """What this address asks of the list."""
    return {k: v for k, v in request.args.items() if k in ARGUMENTS and v}


def _pager(number: int, shown: int, more: bool) -> dict[str, Any]:
    def to(page: int) -> str:
        return f"{request.path}?{urlencode({**_arguments(), 'page': page})}"

    return {"page": number + 1, "pages": None, "total_label": "", "first": number * PAGE + 1 if shown else 0,
            "last": number * PAGE + shown if shown else 0, "prev_url": to(number) if number else None,
            "next_url": to(number + 2) if more else None, "links": []}


def _act(change: Change) -> dict[str, Any]:
    return {"id": change.id, "when": local_time(change.at), "who": change.actor, "role": role_label(change.role),
            "verb": verb_label(change.verb), "origin": ORIGIN_LABELS.get(change.origin, change.origin),
            "reason": change.reason or "", "address": change.address or "", "request_id": change.request_id,
            "region": display().region(change.region_code)}


@pages.get("/<int:id>")
def change(id: int, left: Undone | None = None, error: str = "") -> ResponseReturnValue:
    """One act in full: every record it touched, before and after; whether it was undone, and what that left. `left`
    is what an undo left that restored nothing, or took back one record alone: no other act tells of it."""
    found, number = changed(session(), id), _page()
    with over_all() as wide:
        if wide.scalar(select(Change.id).where(Change.id == id, *open_to(actor()))) is None:
            raise NotFound()
    rows = session().scalars(select(ChangeRow).where(ChangeRow.change_id == id).order_by(ChangeRow.id)
                             .offset(number * PAGE).limit(PAGE + 1)).all()
    entries = history.entries(session(), actor().role, display(), rows[:PAGE])
    _load_labels(entries)
    undone_by = undone(session(), id)
    done = left or outcome(session(), id, undone_by or 0) if left or undone_by else None
    rest = sum(one.untouched for one in done.kept) if done and undone_by else 0
    may = _offer(found) if rest or not undone_by else None
    offer = None if undone_by else may
    page = render_template(
        "admin/change.html", title=f"变更 {id}　{verb_label(found.verb)}", change=_facts(found),
        back=url_for("ledger.changes"), rows=[_line(e, offer is not None) for e in entries],
        pager={**_pager(number, len(entries), len(rows) > PAGE), "id": id}, undo=offer,
        undone_by=_undoing(undone_by), again={**may, "rest": rest} if may and rest else None,
        result=_result(done) if done else None, error=error)
    return page, 400 if error else 200


def undo_offer(number: int | None) -> dict[str, str] | None:
    """Where an act may be undone, and whether why is asked for (whoever takes back what another did says why); None
    where it does not stand, or the person may not."""
    if number is None or undone(session(), number):
        return None
    return _offer(changed(session(), number))


def _offer(act: Change) -> dict[str, str] | None:
    """The same of an act that stands."""
    try:
        check_may_undo(session(), actor(), act)
    except Refused:
        return None
    return {"url": url_for("ledger.undo", id=act.id), "why": "may" if own(actor(), act) else "must"}


def _undoing(number: int | None) -> dict[str, Any] | None:
    """The act that took this one back, with its page where that lies in scope."""
    if number is None:
        return None
    with over_all() as wide:
        act = wide.get_one(Change, number)
        found = {"who": act.actor, "when": local_time(act.at), "why": act.reason or "",
                 "url": url_for("ledger.change", id=number)}
    try:  # who may take it back is told where; who may not learns whom to ask
        return {**found, "redo": _offer(changed(session(), number)) is not None}
    except NotFound:
        return {**found, "redo": False}


def _facts(change: Change) -> list[dict[str, Any]]:
    act = _act(change)
    account = session().get(Account, change.account_id) if change.account_id else None
    pairs = [("时间", act["when"]), ("办理", act["verb"]), ("经办人", f"{act['who']}（{act['role']}）"),
             ("账号", account.username if account else ""),
             ("经办人区划", act["region"]), ("来源", act["origin"]), ("来源地址", act["address"]),
             ("请求编号", act["request_id"]), ("原因", act["reason"])]
    facts: list[dict[str, Any]] = [{"label": label, "text": text, "masked": False} for label, text in pairs]
    if change.undoes_id:
        facts.append({"label": "撤销的变更", "text": f"变更 {change.undoes_id}", "masked": False,
                      "url": url_for("ledger.change", id=change.undoes_id)})
    return facts


def _load_labels(entries: list[history.Entry]) -> None:
    """The names of all records of a page, one query for each table."""
    keys: dict[str, list[int]] = defaultdict(list)
    for entry in entries:
        if actor().may(f"{model_of(entry.row.table_name).__area__}.view"):
            keys[entry.row.table_name].append(entry.row.pk)
    for table, numbers in keys.items():
        display().load_records(model_of(table), numbers)


def _named(table: str, key: int) -> str:
    name = display().loaded(model_of(table), key)
    return f"{model_of(table).__title__}：{name}" if name else f"{model_of(table).__title__} {key}"


def _page_of(table: str, key: int) -> str | None:
    """The page of a record, where there is one for this person."""
    if display().loaded(model_of(table), key) is None or f"{table}.details_view" not in current_app.view_functions:
        return None
    return url_for(f"{table}.details_view", id=key)


def _line(entry: history.Entry, open_to_undo: bool) -> dict[str, Any]:
    row, url = entry.row, _page_of(entry.row.table_name, entry.row.pk)
    back = open_to_undo and not entry.away and row.operation in _BACK and (url or row.operation != "insert")
    shown = f"{row.table_name}.details_view" in current_app.view_functions
    seen = shown and actor().may(f"{model_of(row.table_name).__area__}.view")
    gone = seen and row.operation == "insert" and url is None
    said = "（已移交，不在您的管辖范围内）" if entry.away else "（已移除）" if gone else ""
    return {"record_label": _named(row.table_name, row.pk) + said,
            "url": url, "changes": entry.values,
            "operation": OPERATION_LABELS.get(row.operation, row.operation),
            "back": {"url": url_for("ledger.revert", id=entry.change.id, row=row.id), **_BACK[row.operation]}
            if back else None}


def _result(done: Undone) -> dict[str, Any]:
    for table in {k.table for k in done.kept}:
        if actor().may(f"{model_of(table).__area__}.view"):
            display().load_records(model_of(table), [k.pk for k in done.kept if k.table == table])
    kept = [{"label": _named(k.table, k.pk), "who": k.who or "", "why": k.why, "url": _page_of(k.table, k.pk),
             "when": local_time(k.when) if k.when else ""} for k in done.kept[:MOST_KEPT]]
    return {"done": done_by(done), "left": len(done.kept), "kept": kept}


def done_by(result: Undone) -> str:
    """恢复 12 条，移除新增的 3 条."""
    said = [f"恢复 {result.restored:,} 条"] if result.restored else []
    if result.removed:
        said.append(f"移除当时新增的 {result.removed:,} 条")
    return "，".join(said)


def undone_said(number: int | None) -> str:
    """What the undo that holds did of an act, in one sentence; empty where the act stands."""
    undoing = undone(session(), number) if number else None
    if not number or not undoing:
        return ""
    result = outcome(session(), number, undoing)
    left = f"{'，' if done_by(result) else ''}{len(result.kept):,} 条没有动" if result.kept else ""
    return f"后来已撤销：{done_by(result)}{left}"


@pages.post("/<int:id>/undo")
def undo(id: int) -> ResponseReturnValue:
    """Take back an act; with `rest` what its undo had to leave, now that something else was taken back."""
    if not request.form.get("rest"):
        return _undo(id, "undo", None)
    if (undone_by := undone(session(), id)) is None:
        raise Conflict("那次撤销后来已被恢复，没有余下的可撤销。请刷新页面再看。")
    return _undo(id, "undo", rest_of(session(), id, undone_by))


@pages.post("/<int:id>/rows/<int:row>/revert")
def revert(id: int, row: int) -> ResponseReturnValue:
    """Put one record back to what it was before this act; what it added is taken away."""
    operation = session().scalar(select(ChangeRow.operation).where(ChangeRow.id == row, ChangeRow.change_id == id))
    if operation is None:
        raise NotFound()
    return _undo(id, "remove" if operation == "insert" else "revert", [row])


def _undo(id: int, verb: str, rows: list[int] | None) -> ResponseReturnValue:
    changed(session(), id)
    try:
        with recording(session(), actor(), verb, request.form.get("reason", "").strip(),
                       undoes_id=id if verb == "undo" else None) as undoing:
            result = undo_change(session(), actor(), id, undoing, rows)
    except Invalid as fault:
        return change(id, error=fault.message)
    except IntegrityError:
        session().rollback()
        return change(id, error="没有撤销：要恢复的记录所属的户或孩子已不在，或它的编号、证件号已用在别的记录上。"
                                "请先恢复或修改那一条，再来撤销。")
    done = done_by(result)
    if result.kept and (verb != "undo" or not done):
        return change(id, result)
    if done:
        flash(f"撤销完成：{done}。", "success")
    else:
        flash("没有可以恢复的内容：记录已经是变更前的样子。", "info")
    return redirect(url_for("ledger.change", id=id))
