"""What is said once an act is done: what it did, how many records it touched, and where it is looked at and undone."""

from flask import flash, url_for
from markupsafe import Markup
from sqlalchemy import func, inspect, select

from admin_app.access.permissions import Permission
from admin_app.text import counted
from admin_app.web.context import actor, session
from admin_app.web.ledger_pages import undo_offer
from models.change import Change, ChangeRow


def receipt(change: Change, said: str) -> None:
    """Say on the next page what an act did; called once its recording is closed. An act that changed nothing was not
    kept and has no page; how many records of one kind there are, the sentence says itself. What the act was about
    stands first."""
    kept = inspect(change).identity if inspect(change).persistent else None
    if kept is None or not actor().may(Permission.LEDGER_VIEW):
        flash(said, "success")
        return
    touched = session().execute(
        select(ChangeRow.table_name, func.count(ChangeRow.pk.distinct()).label("records"))
        .where(ChangeRow.change_id == kept[0]).group_by(ChangeRow.table_name).order_by(ChangeRow.table_name)).all()
    if len(touched) > 1:
        about = change.verb.partition(":")[0]
        told = sorted(touched, key=lambda row: (row.table_name != about, -row.records))
        said = f"{said}涉及 {'、'.join(counted(number, table) for table, number in told)}。"
    there = "查看变更、撤销" if undo_offer(kept[0]) else "查看变更"
    flash(Markup('{} <a href="{}">{}</a>').format(said, url_for("ledger.change", id=kept[0]), there), "success")
