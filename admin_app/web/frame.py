"""What stands around every page: who is signed in, the menu, the demo banner."""

from typing import Any

from flask import Flask, current_app, request, url_for

from admin_app.access.permissions import ROLE_LABELS, Permission
from admin_app.web.context import actor, plant, signed_in


def install(app: Flask) -> None:
    @app.context_processor
    def frame() -> dict[str, Any]:
        who = signed_in()
        demo = plant().deployment.demo
        if who is None or who.must_change_password:
            return {"current": None, "menu": [], "demo": demo}
        return {
            "current": {"name": who.name, "role_label": ROLE_LABELS[who.role], "region_name": who.region_name,
                        "news": who.news, "grants": [
                            {"id": g.id, "label": f"{g.region_name} · {ROLE_LABELS[g.role]}",
                             "active": g.id == who.grant_id} for g in who.grants]},
            "menu": menu(), "demo": demo,
        }


def menu() -> list[dict[str, Any]]:
    """The pages that the role may open, in groups."""
    groups: dict[str, list[dict[str, Any]]] = {"": [_item("待办", url_for("admin.index"))]}
    for view in current_app.extensions["baoxue_views"]:
        if view.is_accessible():
            groups.setdefault(view.category or "", []).append(_item(view.name, view.get_url(".index_view")))
    if actor().may(Permission.IMPORT_CREATE):
        groups.setdefault("户与学生", []).append(_item("导入花名册", url_for("imports.upload", sheet="roster")))
    if actor().may(Permission.LEDGER_VIEW):
        groups.setdefault("变更台账", []).append(_item("变更台账", url_for("ledger.changes")))
    if actor().may(Permission.ACCOUNT_CREATE):
        groups.setdefault("账号与授权", []).append(_item("批量建账号", url_for("accounts.load")))
    return [{"label": label, "items": items} for label, items in groups.items()]


def _item(label: str, url: str) -> dict[str, Any]:
    path = request.path
    return {"label": label, "url": url, "active": path == url or (url != "/" and path.startswith(url))}
