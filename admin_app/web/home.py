"""Home: what this person must do next, each number opening exactly its list."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache, partial
from typing import Any
from urllib.parse import urlencode

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from admin_app.access.permissions import Permission, Role
from admin_app.changes.undo import undone_of
from admin_app.display import local_time
from admin_app.exchange import import_runs
from admin_app.filters import BEFORE, EMPTY, TO
from admin_app.listing import COUNT_CAP, Wanted
from admin_app.services import condition
from admin_app.services.account_list import how_many_unkept
from admin_app.services.letters import lacking
from admin_app.services.moves import moves_of
from admin_app.services.rules import present_school_year, term_begins
from admin_app.text import verb_label
from admin_app.web.context import actor, display, plant, session, signed_in
from admin_app.web.ledger_acts import how_many, records_of
from admin_app.web.own_village import ended
from models.account import Grant, not_over
from models.base import Base, model_of
from models.change import Change
from models.household import Household
from models.region import LEVEL_LENGTHS, Region, in_use, prefix_of, spoken_name
from models.student import SCHOOLING_MOVES


@dataclass(frozen=True, slots=True)
class Todo:
    """Something to do: the list of a ledger with some filters, never another count. `before` names a date
    column and what it must lie before: the first day of this term, or today."""

    label: str
    table: str
    equals: dict[str, str | bool | tuple[str, ...]] = field(default_factory=dict)
    before: tuple[str, str] | None = None
    dated: bool = False  # of `before`: those alone that have such a day
    colour: str = "secondary"
    act: str = "view"  # who may do this with the ledger, has it to do
    verb: str = ""  # the move that it waits for
    this_year: bool = False  # of the present school year alone: what is past is not to be done


_MOST_OF_A_REASON = 40  # characters, of an act that touched no record: what an export took
_MOST_VILLAGES = 5  # that ended with families in them
TODO: tuple[Todo, ...] = (
    Todo("责任书待签订", "responsibility_letter", {"state": "unsigned"}, colour="yellow", this_year=True),
    Todo("疑似辍学待认定", "student", {"schooling_state": "suspected"}, colour="orange"),
    Todo("辍学待劝返", "student", {"schooling_state": "dropped_out"}, colour="red"),
    Todo("失学待入学", "student", {"schooling_state": "never_enrolled"}, colour="red"),
    Todo("就学状态待核查", "student", {"schooling_state": "unknown"}),
    Todo("本学期还没有核查的学生", "student",
         {"schooling_state": SCHOOLING_MOVES.by_verb["check"].sources}, ("checked_on", "term"),
         colour="azure"),
    Todo("没有登记户的学生", "student", {"schooling_state": SCHOOLING_MOVES.standing, "household_id": ""},
         colour="azure"),
    Todo("休学（延缓）已到期", "student", {"schooling_state": ("on_leave", "deferred")},
         ("leave_until", "today"), colour="orange"),
    Todo("特殊群体标记待核实", "special_group_flag", {"state": "reported"}, colour="yellow", verb="verify"),
    Todo("特殊群体标记被退回", "special_group_flag", {"state": "rejected"}, colour="orange", verb="report_again"),
    Todo("问责待作出决定", "accountability_record", {"state": "proposed"}, colour="yellow", verb="decide"),
    Todo("问责整改已过期限", "accountability_record", {"state": "decided"}, ("rectify_by", "today"),
         dated=True, colour="red"),
    Todo("问责整改待上报", "accountability_record", {"state": "decided"}, colour="orange"),
    Todo("问责整改待复核", "accountability_record", {"state": "rectified"}, colour="azure", verb="recheck"),
    Todo("账号还没有改过初始密码", "account", {"must_change_password": True, "disabled_at": False},
         act="edit"),
)


def page() -> ResponseReturnValue:
    """The first page after signing in."""
    who = actor()
    recent = session().scalars(select(Change).where(Change.account_id == who.account_id)
                               .order_by(Change.id.desc()).limit(8)).all() if who.may("ledger.view") else []
    days = {"term": term_begins(session(), date.today()), "today": date.today()}
    year = cache(partial(present_school_year, session(), date.today()))  # asked once, and only of whom it concerns
    todo = [line for line in (_line(entry, days, year) for entry in TODO) if line]
    todo += [*_unkept(), *_left_behind(), *_grants_left(), *_letters(year), *_imports(), *_taken_back(), *_reviews()]
    signs = condition.signs(plant().engine, plant().deployment) if who.role is Role.SYSTEM_ADMIN else []
    named, gone = records_of([c.id for c in recent]), undone_of(session(), [c.id for c in recent])
    return render_template(
        "home.html", greeting=f"{who.name}，{date.today():%Y-%m-%d}",
        heading="督查重点" if who.role is Role.INSPECTOR else "待办", todo=todo, signs=signs, ended=ended(),
        nothing="没有需要督查的事项" if who.role is Role.INSPECTOR else
        "除上面的系统状况以外，没有别的待办" if any(sign.advice for sign in signs) else
        "没有别的待办" if ended() else "本周无待办",
        recent=[{"when": local_time(c.at), "label": verb_label(c.verb),
                 "of": (named.get(c.id) or (c.reason or "")[:_MOST_OF_A_REASON])
                 + ("（已撤销）" if c.id in gone else ""), "url": url_for("ledger.change", id=c.id)} for c in recent])


def _line(entry: Todo, days: dict[str, date], year: Callable[[], int]) -> dict[str, Any] | None:
    """One thing to do, None when there is nothing or it is not this role's."""
    model = model_of(entry.table)
    if not actor().may(f"{model.__area__}.{entry.act}") or _waits_for_another(model, entry.verb):
        return None
    equals: dict[str, Any] = dict(entry.equals)
    if entry.this_year:
        equals["school_year"] = year()
    before = _days(entry, days)
    count = display().count(Wanted(model, equals, before))
    if not count:
        return None
    said = {name: ",".join(value) if isinstance(value, tuple) else int(value) if isinstance(value, bool) else value
            or EMPTY for name, value in equals.items()}
    query = {**said, **{argument: day.isoformat() for argument, day in before.items()}}
    return {"label": entry.label, "count": f"{COUNT_CAP:,}+" if count > COUNT_CAP else f"{count:,}",
            "colour": entry.colour, "url": f"{url_for(f'{entry.table}.index_view')}?{urlencode(query)}"}


def _days(entry: Todo, days: dict[str, date]) -> dict[str, date]:
    """The filter by days of something to do."""
    if entry.before is None:
        return {}
    column, day = entry.before[0], days[entry.before[1]]
    return {column + TO: day - timedelta(days=1)} if entry.dated else {column + BEFORE: day}


def _waits_for_another(model: type[Base], verb: str) -> bool:
    """Whether the move is for others to make. Who may move nothing looks on, and is told of all."""
    own = [move.verb for move in moves_of(actor(), model)]
    return bool(verb and own) and verb not in own


def _unkept() -> list[dict[str, Any]]:
    """Villages that nobody keeps: their lists stand still, and a new district has nothing else to do first."""
    if not actor().may(Permission.ACCOUNT_CREATE) or not (villages := how_many_unkept(session(), actor())):
        return []
    return [{"label": "还没有村干部账号的村（社区）", "count": f"{villages:,}", "colour": "yellow",
             "url": url_for("accounts.load")}]


def _left_behind() -> list[dict[str, Any]]:
    """Families that are still registered in a village that is no more, for whoever hands them over."""
    if not actor().may(Permission.FAMILY_HAND_OVER):
        return []
    left = session().execute(
        select(Region.code, Region.name, func.count()).join(Household, Household.region_code == Region.code)
        .where(~in_use()).group_by(Region.code, Region.name).order_by(Region.code).limit(_MOST_VILLAGES))
    return [{"label": f"“{spoken_name(name)}”已撤销，户待移交", "count": f"{families:,}", "colour": "orange",
             "url": url_for("household.index_view", region=code)} for code, name, families in left]


def _grants_left() -> list[dict[str, Any]]:
    """Grants in a village that is no more: whoever holds one can register nothing, and gets no other by themselves."""
    if not actor().may(Permission.ACCOUNT_EDIT):
        return []
    today = date.today()
    left = session().execute(
        select(Region.code, Region.name, func.count()).join(Grant, Grant.region_code == Region.code)
        .where(Region.level == "村", ~in_use(), *not_over(today)).group_by(Region.code, Region.name)
        .order_by(Region.code).limit(_MOST_VILLAGES))
    return [{"label": f"“{spoken_name(name)}”已撤销，授权待收回、改授", "count": f"{grants:,}", "colour": "orange",
             "url": url_for("grant.index_view", region=code, ended_at=0, until_from=today.isoformat())}
            for code, name, grants in left]


def _letters(year: Callable[[], int]) -> list[dict[str, Any]]:
    """Families that have no letter of this school year, for whoever makes them: a town, or a village of its own."""
    if not actor().may(Permission.DUTY_CREATE) or len(prefix_of(actor().region_code)) < LEVEL_LENGTHS["乡镇"]:
        return []
    families = sum(one.families for one in lacking(session(), year()))
    return [{"label": "本学年还没有责任书的户", "count": f"{families:,}", "colour": "yellow",
             "url": url_for("letters.new_year")}] if families else []


def _imports() -> list[dict[str, Any]]:
    """Lists of the last two weeks that wait for their confirmation, and those that left rows behind."""
    if not actor().may(Permission.IMPORT_VIEW):
        return []
    found = []
    if waiting := import_runs.waiting(session(), actor(), "roster"):
        found.append({"label": "导入预览待确认", "count": f"{len(waiting):,}", "colour": "yellow",
                      "url": url_for("imports.upload", sheet="roster", waiting=1)})
    if runs := import_runs.unfinished(session(), actor(), "roster"):
        found.append({"label": "导入时有未通过的行", "count": f"{len(runs):,}", "colour": "orange",
                      "url": url_for("imports.upload", sheet="roster", refused=1)})
    return found


def _taken_back() -> list[dict[str, Any]]:
    """What somebody else undid of what one did in the last two weeks: to be read, and perhaps done again."""
    who = signed_in()
    if who is None or not actor().may(Permission.LEDGER_VIEW):
        return []
    said = {"who": who.username, "undone": "others", "since": (date.today() - timedelta(days=13)).isoformat()}
    count = how_many(said, COUNT_CAP)
    return [_counted("近两周经办的变更被他人撤销", "orange", count, said)] if count else []


def _counted(label: str, colour: str, count: int, said: dict[str, str]) -> dict[str, Any]:
    """A number of acts, that opens exactly their list."""
    return {"label": label, "colour": colour, "count": f"{COUNT_CAP:,}+" if count > COUNT_CAP else f"{count:,}",
            "url": f"{url_for('ledger.changes')}?{urlencode(said)}"}


def _reviews() -> list[dict[str, Any]]:
    """For the auditor: who looked at families in full, took them out, or took a change back, this week."""
    if actor().role is not Role.AUDITOR:
        return []
    found = []
    for verb in ("reveal", "export", "undo", "revert", "remove"):
        said = {"verb": verb, "since": (date.today() - timedelta(days=6)).isoformat()}
        if count := how_many(said, COUNT_CAP):
            found.append(_counted(f"近七天{verb_label(verb)}，请抽查", "azure", count, said))
    return found
