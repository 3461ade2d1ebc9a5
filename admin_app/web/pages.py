"""The page of one record, and those of looking at it in full and of why it is seen. Its forms: `record_forms.py`."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from flask import redirect, render_template, request, url_for
from flask import session as browser
from flask.typing import ResponseReturnValue

from admin_app.access.masking import Sight, as_granted, sight
from admin_app.access.keepers import may_change
from admin_app.access.permissions import Permission, Role
from admin_app.changes import history
from admin_app.changes.history import Entry
from admin_app.changes.ledger import SHORTEST_FOR_FULL, as_kept, record_reveal, recording
from admin_app.display import Shown, local_time, plain_text
from admin_app.errors import NotFound
from admin_app.listing import around, as_shown
from admin_app.services import attachments as attachment_service
from admin_app.services import moves as move_service
from admin_app.text import ORIGIN_LABELS, role_label, verb_label
from admin_app.web.context import actor, display, session, shows, signed_in
from admin_app.web.explain import reasons
from admin_app.web.list_address import PLACE, back_to_list, onward, onward_query, query_of, wanted_by
from admin_app.web.related import Block, act_url, blocks_of, of_its_own, timeline, what_is
from admin_app.web.related import shown as shown_block
from models.attachment import Attachment
from models.base import Base, declared, pointed_at, table_of
from models.student import Student

if TYPE_CHECKING:
    from views.base import RegisterView

REVEAL_TIME = timedelta(minutes=10)
_OTHERS = "其他"


# --- details ---


def details(view: "RegisterView", record: Base) -> ResponseReturnValue:
    """One record with everything that belongs to it."""
    model, until = type(record), revealed(record)
    open_to_see = until is not None
    columns = [c.name for c in table_of(model).columns if c.info["field"].recorded and not c.info["field"].internal]
    display().prepare(model, columns, [record])
    groups = _groups(view, columns)
    state = model.__moves__.column if model.__moves__ else None
    blocks, papers = blocks_of(view, record), _papers(record)
    told = history_of(record, papers, blocks) if actor().may(Permission.LEDGER_VIEW) else None
    return render_template(
        "admin/details.html", title=display().label_of(record),
        subtitle=" · ".join(t for t in (model.__title__, _region_name(record), *_which_child(record)) if t),
        badge=_badge(display().of(record, state)) if state else view.badge(record),
        facts=[{"label": label, "items": items} for label, names in groups
               if (items := [_fact(record, name, open_to_see) for name in names if name != state])]
        + view.further_facts(record),
        until=local_time(until)[-5:] if until else "",
        seconds=int((until - datetime.now(UTC)).total_seconds()) if until else 0,
        here=onward(view, ".details_view", id=record.id),
        reveal_url=onward(view, ".reveal", id=record.id)
        if view.may("reveal") and revealable(record, actor().role) and not open_to_see else None,
        moves=[{"label": m.label, "url": onward(view, ".move", id=record.id, verb=m.verb),
                "colour": "secondary"} for m in move_service.open_moves(actor(), record)],
        buttons=_buttons(view, record), related=[shown_block(block, record) for block in blocks],
        timeline=timeline(record, blocks) if view.related else [], walk=_walk(view, record),
        back=back_to_list(view), **_attachments(view, record, papers),
        history=told, history_url=url_for("ledger.changes", table=model.__tablename__, pk=record.id)
        if len(told or []) == history.MOST_LINES else None, number=record.id, last_word=last_word(told or [], state),
        why_url=view.get_url(".why", id=record.id),
    )


def _groups(view: "RegisterView", columns: list[str]) -> list[tuple[str, list[str]]]:
    """The facts of a record in their groups: those of its form, with what moves write beside them or in groups of
    their own. Where the record lies stands first of all; what no group names, under 其他, once and last."""
    groups = {label: [*names] for label, names in view.fieldsets}
    for label, names in view.shown_beside.items():
        groups.setdefault(label, []).extend(names)
    named = {name for names in groups.values() for name in names}
    rest = [name for name in columns if name not in named]
    if view.model.__region__ in rest:
        rest.remove(view.model.__region__)
        next(iter(groups.values())).insert(0, view.model.__region__)
    if others := [*groups.pop(_OTHERS, []), *rest]:
        groups[_OTHERS] = others
    return [*groups.items()]


def last_word(told: list[dict[str, Any]], state: str | None) -> str:
    """Why a record stands in its state, where whoever moved it there gave a reason: what was returned says why."""
    last = next((line for line in told if not line["of"] and any(c.column == state for c in line["changes"])), None)
    if last is None or not last["reason"] or last["operation"] != "update":
        return ""
    return f"{last['verb'].rpartition('：')[2]}：{last['reason']}（{last['who']}，{last['when']}）"


def _badge(value: Shown) -> dict[str, str]:
    return {"text": value.text, "colour": value.colour or "secondary"}


def _region_name(record: Base) -> str:
    column = type(record).__region__
    return display().region(getattr(record, column)) if column and column != "code" else ""


def _which_child(record: Base) -> list[str]:
    """What tells the child of a flag, or of another record, from others of its name."""
    child = session().get(Student, key) if (key := getattr(record, "student_id", None)) else None
    return display().told_apart(child) if child else []


def _fact(record: Base, name: str, open_to_see: bool) -> dict[str, Any]:
    field = declared(type(record), name)
    granted = sight(actor().role, field.privacy)
    if open_to_see and granted is Sight.MASKED and getattr(record, name) is not None:
        return {"label": field.label, "text": plain_text(as_granted(getattr(record, name), field.privacy, Sight.FULL)),
                "masked": False}
    return {"label": field.label, "text": display().of(record, name).text, "url": _where(record, name),
            "masked": granted is not Sight.FULL and getattr(record, name) is not None}


def _where(record: Base, name: str) -> str | None:
    """The page of the record that a column points at, where there is one for this person."""
    target, key = pointed_at(type(record), name), getattr(record, name)
    if target is None or key is None or not shows(target) or display().named(target, key) is None:
        return None
    return url_for(f"{target.__tablename__}.details_view", id=key)


def _buttons(view: "RegisterView", record: Base) -> list[dict[str, str]]:
    buttons = []
    if view.can_change and view.may("edit") and may_change(session(), actor(), record):
        buttons.append({"label": "修改", "url": onward(view, ".edit_view", id=record.id), "kind": "primary",
                        "icon": "pencil"})
    return buttons + view.further_buttons(record)


def _walk(view: "RegisterView", record: Base) -> dict[str, Any] | None:
    """The records before and after this one in the list that led here."""
    place = request.args.get(PLACE, "")
    if not place.isdecimal() or len(place) > 9:
        return None
    wanted = wanted_by(view)
    before, after = around(session(), as_shown(wanted, display().count(wanted)), int(place), record.id)
    said = query_of(view, page=None)

    def to(found: tuple[int, int] | None) -> str | None:
        if found is None:
            return None
        return view.get_url(".details_view", id=found[1], **{PLACE: found[0]}) + (f"&{said}" if said else "")

    return {"before": to(before), "after": to(after)}


def _papers(record: Base) -> list[Attachment] | None:
    """The evidence of a record; None where there is none to have."""
    return attachment_service.of_record(session(), record) if attachment_service.takes_papers(type(record)) else None


def _attachments(view: "RegisterView", record: Base, found: list[Attachment] | None) -> dict[str, Any]:
    """The files that the role may see, and what it may do with them."""
    if found is None or not actor().may(Permission.ATTACHMENT_VIEW):
        return {"attachments": [], "attach_url": None, "accept": ""}
    may = actor().may(Permission.ATTACHMENT_CREATE) and actor().may(f"{type(record).__area__}.edit")
    hands = history.first_hands(session(), Attachment.__tablename__, [a.id for a in found])
    lasts = history.last_rows(session(), Attachment.__tablename__, [a.id for a in found if a.void_reason])
    files = [
        {"filename": a.filename, "size_label": f"{max(1, a.size // 1024):,} KB",
         "who": hands[a.id].actor if a.id in hands else "",
         "when": local_time(hands[a.id].at) if a.id in hands else "",
         "url": url_for("attachments.download", id=a.id), "void": a.void_reason,
         "void_act": url_for("ledger.change", id=lasts[a.id].change_id) if a.id in lasts else None,
         "void_url": f"{url_for('attachments.void', id=a.id)}?{onward_query(view)}" if may and not a.void_reason
         and attachment_service.may_void(actor(), hands.get(a.id)) else None}
        for a in found
    ]
    upload = url_for("attachments.upload", table=record.__tablename__, id=record.id)
    return {"attachments": files, "attach_url": f"{upload}?{onward_query(view)}" if may else None,
            "accept": attachment_service.accepted(session()) if may else None}


def history_of(record: Base, papers: list[Attachment] | None, blocks: list[Block]) -> list[dict[str, Any]]:
    """What was done with the record, its papers, and what belongs to it."""
    rows = {(row.__tablename__, row.id): what_is(row) for block in of_its_own(record, blocks) for row in block.rows}
    rows |= {(Attachment.__tablename__, paper.id): Attachment.__title__ for paper in papers or []}
    rows[record.__tablename__, record.id] = ""
    wanted: dict[str, list[int]] = defaultdict(list)
    for table, key in rows:
        wanted[table].append(key)
    return [{**entry_line(entry), "of": rows[entry.row.table_name, entry.row.pk]}
            for entry in history.of_records(session(), actor().role, display(), wanted)]


def entry_line(entry: Entry) -> dict[str, Any]:
    """One touch of one record, as a line of its history."""
    change = entry.change
    return {
        "when": local_time(change.at), "who": change.actor, "role": role_label(change.role),
        "verb": verb_label(change.verb), "origin": ORIGIN_LABELS.get(change.origin, change.origin),
        "reason": change.reason or "", "change_url": act_url(entry),
        "changes": entry.values, "operation": entry.row.operation,
    }


# --- looking at full values ---


def revealable(record: Base, role: Role) -> list[str]:
    """The columns of a record that this role sees masked, and that hold something."""
    return [c.name for c in table_of(type(record)).columns
            if sight(role, c.info["field"].privacy) is Sight.MASKED and not c.info["field"].generated
            and getattr(record, c.name) not in (None, "")]


def remember_reveal(record: Base) -> None:
    who = signed_in()
    until = (datetime.now(UTC) + REVEAL_TIME).timestamp()
    now = datetime.now(UTC).timestamp()
    held = {k: v for k, v in browser.get("revealed", {}).items() if v > now}
    browser["revealed"] = {**held, f"{who.session_id if who else 0}:{record.__tablename__}:{record.id}": until}


def revealed(record: Base) -> datetime | None:
    """Until when this session sees this record in full: it asked in the last ten minutes, with a reason."""
    who = signed_in()
    until = browser.get("revealed", {}).get(f"{who.session_id if who else 0}:{record.__tablename__}:{record.id}", 0)
    if until <= datetime.now(UTC).timestamp() or not actor().may(Permission.FAMILY_REVEAL):
        return None
    return datetime.fromtimestamp(until, UTC)


def reveal(view: "RegisterView", record: Base) -> ResponseReturnValue:
    """Asks for a reason, records it, and shows the record in full for ten minutes. Raises NotFound."""
    columns = revealable(record, actor().role)
    if not columns:
        raise NotFound("这条记录没有被遮盖的信息。")
    reason = as_kept(request.form.get("reason"))
    if request.method == "POST" and len(reason) >= SHORTEST_FOR_FULL:
        with recording(session(), actor(), "reveal", reason, kept=True) as change:
            record_reveal(session(), change, record, columns)
        remember_reveal(record)
        return redirect(onward(view, ".details_view", id=request.args["id"]))
    error = None if request.method != "POST" else \
        f"请写明查看的原因，至少 {SHORTEST_FOR_FULL} 个字；它会记入变更台账。"
    page = render_template(
        "admin/reveal.html", record_label=display().label_of(record), error=error,
        labels=[declared(type(record), c).label for c in columns], back=onward(view, ".details_view", id=record.id),
        reason=request.form.get("reason", ""), shortest=SHORTEST_FOR_FULL)
    return page, 400 if error else 200


def why(record: Base) -> ResponseReturnValue:
    return render_template("admin/why.html", record_label=display().label_of(record),
                           sentences=reasons(session(), actor(), display(), record),
                           back=url_for(f"{record.__tablename__}.details_view", id=record.id))
