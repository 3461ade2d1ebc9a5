"""What stands around every page: who is signed in, the menu, the demo banner."""

from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, cast

from flask import Flask, current_app, get_template_attribute, request, url_for
from markupsafe import Markup

from admin_app.access.permissions import ROLE_LABELS, Permission, Role, permits
from admin_app.display import LOCAL_ZONE
from admin_app.web.context import plant, signed_in
from admin_app.web.form_token import csrf_token


@lru_cache(maxsize=256)
def _address(root: str, endpoint: str, filename: str | None) -> str:
    """An address that is the same in every request below one root; made once, for every page asks for thirty."""
    return url_for(endpoint, filename=filename) if filename else url_for(endpoint)


def door(endpoint: str) -> str:
    """The address of a page that takes no arguments."""
    return _address(request.script_root, endpoint, None)


def asset(filename: str) -> str:
    """The address of a file of the theme."""
    return _address(request.script_root, "static", filename)


def icon(name: str) -> Markup:
    """A sign of the theme, beside a word that says the same."""
    return _icon(request.script_root, name)


@lru_cache(maxsize=128)
def _icon(root: str, name: str) -> Markup:
    sign = Markup('<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>')
    return sign.format(_address(root, "static", "vendor/icons/sprite.svg"), name)


def scripts(*names: str) -> Markup:
    """The tags of modules of behaviour."""
    return _scripts(request.script_root, names)


@lru_cache(maxsize=64)
def _scripts(root: str, names: tuple[str, ...]) -> Markup:
    tag = Markup('<script type="module" src="{}"></script>')
    return Markup("\n").join(tag.format(_address(root, "static", f"js/{name}.js")) for name in names)


def install(app: Flask) -> None:
    words = app.jinja_env.globals
    words.update(asset=asset, door=door, scripts=scripts, icon=icon, csrf_token=csrf_token)
    words["ui"] = app.jinja_env.get_template("macros.html").module  # for every page, and imported but once

    @app.context_processor
    def frame() -> dict[str, Any]:
        who, root, demo = signed_in(), request.script_root, plant().deployment.demo
        if who is None or who.must_change_password:
            return _around(root, demo, None, Markup())
        others = tuple(OtherSelf(g.id, f"{g.region_name} · {ROLE_LABELS[g.role]}", g.id == who.grant_id)
                       for g in who.grants)
        current = Current(f"{who.account_id}-{who.grant_id}", who.name, ROLE_LABELS[who.role], who.region_name,
                          who.news, others)
        return _around(root, demo, current, menu(who.role))


def _around(root: str, demo: bool, current: "Current | None", menu: Markup) -> dict[str, Any]:
    """The variables of layout.html. Flask-WTF gives pages its own `csrf_token`: ours stands here, as among the globals
    that macros see."""
    forms = () if current is None else ("sign-out", "switch-grant") if len(current.grants) > 1 else ("sign-out",)
    return {"current": current, "menu": menu, "head": _head(root), "top": _top(root, demo, current),
            "token_forms": forms, "csrf_token": csrf_token, "print_line": _print_line(current) if current else ""}


def _print_line(current: "Current") -> str:
    """What a paper must say that a screen need not: whose it is, who printed it, when."""
    now = datetime.now(LOCAL_ZONE)
    return f"{current.region_name}　打印人：{current.name}　打印时间：{now:%Y-%m-%d %H:%M}"


class OtherSelf(NamedTuple):
    """One of the grants under which a person may work."""

    id: int
    label: str
    active: bool


class Current(NamedTuple):
    """What the top of the screen says of whoever is signed in."""

    key: str  # whose the drafts, ticks and columns are that a browser keeps
    name: str
    role_label: str
    region_name: str
    news: int
    grants: tuple[OtherSelf, ...]


@lru_cache(maxsize=8)
def _head(_root: str) -> Markup:
    return cast(Markup, get_template_attribute("frame.html", "head")())


@lru_cache(maxsize=256)
def _top(_root: str, demo: bool, current: Current | None) -> Markup:
    return cast(Markup, get_template_attribute("frame.html", "top")(current, demo))


def menu(role: Role) -> Markup:
    """The pages that the role may open, in groups, with the one that is open marked."""
    root = request.script_root
    return _menu(root, role, _opened(root, role, request.path))


@lru_cache(maxsize=512)
def _opened(root: str, role: Role, path: str) -> str:
    urls = [url for _, entries in _entries(root, role) for _, url in entries]
    return next((url for url in urls if path == url or (url != "/" and path.startswith(url))), "")


@lru_cache(maxsize=256)
def _menu(root: str, role: Role, opened: str) -> Markup:
    groups = [(label, [(name, url, url == opened) for name, url in entries]) for label, entries in _entries(root, role)]
    return cast(Markup, get_template_attribute("macros.html", "menu")(groups))


@lru_cache(maxsize=32)
def _entries(root: str, role: Role) -> list[tuple[str, list[tuple[str, str]]]]:
    """The menu of a role: groups of names and addresses."""
    groups: dict[str, list[tuple[str, str]]] = {"": [("待办", url_for("admin.index"))]}
    for view in current_app.extensions["baoxue_views"]:
        if view.is_accessible():
            groups.setdefault(view.category or "", []).append((view.name, view.get_url(".index_view")))
    if permits(role, Permission.IMPORT_CREATE):
        groups.setdefault("户与学生", []).append(("导入花名册", url_for("imports.upload", sheet="roster")))
    if permits(role, Permission.LEDGER_VIEW):
        groups.setdefault("变更台账", []).append(("变更台账", url_for("ledger.changes")))
    if permits(role, Permission.ACCOUNT_CREATE):
        groups.setdefault("账号与授权", []).append(("批量建账号", url_for("accounts.load")))
    return list(groups.items())
