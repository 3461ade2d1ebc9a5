"""Home: what this person must do next, each number opening its list."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from admin_app.display import local_time
from admin_app.text import verb_label
from admin_app.web.context import actor, session
from models.base import Base, model_of
from models.change import Change

# (title, table, filters of its list, colour): each is exactly the list that it opens.
TODO: tuple[tuple[str, str, dict[str, str], str], ...] = (
    ("责任书待签订", "responsibility_letter", {"state": "unsigned"}, "yellow"),
    ("疑似辍学待核查", "student", {"schooling_state": "suspected"}, "orange"),
    ("辍学待劝返", "student", {"schooling_state": "dropped_out"}, "red"),
    ("失学待入学", "student", {"schooling_state": "never_enrolled"}, "red"),
    ("就学状态待核查", "student", {"schooling_state": "unknown"}, "secondary"),
    ("特殊群体标记待核实", "special_group_flag", {"state": "reported"}, "yellow"),
    ("问责整改待上报", "accountability_record", {"state": "decided"}, "orange"),
    ("问责整改待复核", "accountability_record", {"state": "rectified"}, "azure"),
)


def page() -> ResponseReturnValue:
    """The first page after signing in."""
    who = actor()
    recent = session().scalars(select(Change).where(Change.account_id == who.account_id)
                               .order_by(Change.id.desc()).limit(8)).all() if who.may("ledger.view") else []
    return render_template(
        "home.html", greeting=f"{who.name}，{date.today():%Y-%m-%d}",
        todo=[line for line in map(_line, TODO) if line],
        recent=[{"when": local_time(c.at), "label": verb_label(c.verb),
                 "url": url_for("ledger.change", id=c.id)} for c in recent])


def _line(entry: tuple[str, str, dict[str, str], str]) -> dict[str, Any] | None:
    """One thing to do, None when there is nothing or it is not this role's."""
    label, table, equals, colour = entry
    model: type[Base] = model_of(table)
    if not actor().may(f"{model.__area__}.view"):
        return None
    query = select(func.count()).select_from(model).where(*[getattr(model, n) == v for n, v in equals.items()])
    count = session().scalar(query) or 0
    if not count:
        return None
    return {"label": label, "count": count, "colour": colour,
            "url": f"{url_for(f'{table}.index_view')}?{urlencode(equals)}"}
