"""Errors as pages in Chinese: what happened, what to do, and a code that the log can find.

Three kinds: what a person typed (shown, not logged), an expected refusal (shown), everything else
(logged with its code; the page never shows a traceback or SQL).
"""

import errno
import logging
from contextlib import suppress
from typing import Any

from flask import Flask, Response, g, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from werkzeug.exceptions import HTTPException, SecurityError

from admin_app import text
from admin_app.access.scope import OutsideScope
from admin_app.errors import BaoxueError, NotFound
from admin_app.web.context import close_session, request_id, view_of
from admin_app.web.gate import ENDPOINTS, Asks, own_path, sign_in_first

log = logging.getLogger("baoxue")
_TITLES = {
    400: "请求有误", 403: "不能办理", 404: "没有找到", 405: "不能这样打开", 409: "数据已有变化",
    413: "文件太大", 429: "请稍候", 500: "系统出错了", 503: "系统正忙",
    507: "磁盘已满",
}
_MESSAGES = {
    400: "浏览器发来的内容不完整。请返回上一页，刷新后再试。",
    404: "没有这个页面，或它不在您的管辖范围内。请检查网址，或从菜单进入。",
    405: "这个地址不能直接打开。请从页面上的按钮进入。",
    413: "上传的文件超过了大小上限。请压缩或拆分后再上传。",
    500: "系统遇到了意外错误，已记入日志；您刚才的操作没有保存。请稍后再试；如反复出现，请把下面的编号告诉系统管理员。",
}


_PREVIEWS = {"batches.confirm": "batches.preview"}
_SEE_IT = "查看预览或回执"


def install(app: Flask) -> None:
    app.register_error_handler(BaoxueError, lambda e: page(e.status, e.message, _way_back(e.status)))
    app.register_error_handler(OutsideScope, lambda e: page(404, NotFound().message))
    app.register_error_handler(CSRFError, _no_token)
    app.register_error_handler(IntegrityError, _integrity)
    app.register_error_handler(DBAPIError, _database)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(OSError, _disk)
    app.register_error_handler(Exception, _unexpected)


def page(status: int, message: str, back: tuple[str, str] | None = None) -> Response:
    """`back` is a button: its words and its address. The log knows each by the code that the page shows."""
    who = g.get("signed_in")
    log.info("%s %s %s %s, account %s", request_id(), status, request.method, request.path, who and who.account_id)
    close_session()
    if request.accept_mimetypes.best == "application/json":
        response = jsonify({"message": message, "code": request_id()})
    else:
        response = Response(render_template(
            "error.html", status=status, title=_TITLES.get(status, "出错了"), message=message,
            code=request_id(), back=back,
        ))
    response.status_code = status
    return response


def _way_back(status: int) -> tuple[str, str] | None:
    """Whoever confirmed a preview that no longer holds goes on at the one that does; whoever was told that something
    cannot be done with a record any more, at the record."""
    endpoint = request.endpoint or ""
    table, _, act = endpoint.rpartition(".")
    if status == 409 and (preview := _PREVIEWS.get(endpoint)):
        return _SEE_IT, url_for(preview, **(request.view_args or {}), back=request.args.get("back"))
    if status in (403, 409) and act in ("move", "edit_view"):
        with suppress(NotFound):
            return "查看这条记录", view_of(table).get_url(".details_view", id=request.args.get("id", ""))
    return None


def _no_token(_error: CSRFError) -> ResponseReturnValue:
    """A form whose token is gone. Whoever is not signed in any more goes on after signing in: the browser keeps what
    was typed. Where another window has signed in meanwhile, this one goes on without it."""
    if request.endpoint == "session.sign_in" and current_user.is_authenticated:
        return redirect(own_path(request.form.get("next")))
    if ENDPOINTS.get(request.endpoint or "") is not Asks.OPEN and not current_user.is_authenticated:
        return sign_in_first()
    return page(400, "页面已失效，没有通过安全校验：停留太久，或在这个浏览器里重新登录、换过账号。"
                "您填写的内容没有提交：请返回上一页，刷新后重新提交。")


def _integrity(error: IntegrityError) -> Response:
    if "outside scope" in str(error.orig):
        return page(404, NotFound().message)
    log.warning("%s integrity: %s", request_id(), type(error.orig).__name__)
    return page(409, "这次保存与已有的记录冲突（别人可能刚刚登记了同样的内容）。请返回列表核对后再试。")


def _database(error: DBAPIError) -> Response:
    reason = str(error.orig)
    if "outside scope" in reason or "row-level security" in reason:
        return page(404, NotFound().message)
    if isinstance(error, OperationalError) and any(
            word in reason for word in ("locked", "busy", "deadlock")):
        return page(503, text.BUSY)
    if error.connection_invalidated:
        log.error("%s the database was lost: %s", request_id(), type(error.orig).__name__)
        return page(503, text.DATABASE_LOST)
    return _unexpected(error)


def _disk(error: OSError) -> Response:
    """A full disk is the machine's administrator's to clear; everything else is unexpected."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        return _unexpected(error)
    log.error("%s %s %s: %s", request_id(), request.method, request.path, error)
    return page(507, "服务器的磁盘已满，没有写入任何内容。请系统管理员清理磁盘后再试；您填写的内容没有丢失。")


def _http(error: HTTPException) -> Any:
    if isinstance(error, SecurityError):  # called by a name that is not ours: no address of ours can be written
        return Response("请从本系统的网址进入。", 400, mimetype="text/plain")
    if error.code is None or error.code < 400:
        return error
    return page(error.code, _MESSAGES.get(error.code, "请求没有成功。请返回上一页再试。"))


def _unexpected(error: Exception) -> Response:
    log.error("%s %s %s", request_id(), request.method, request.path, exc_info=error)
    return page(500, _MESSAGES[500])
