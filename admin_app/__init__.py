"""保学 (Baoxue): the register and working desk with which a district keeps every child in school."""

import logging
import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from admin_app.settings import Deployment

UPLOAD_LIMIT = 64 << 20


def _keep_beijing_time() -> None:
    """Today is Beijing's today, wherever the machine stands: servers are often set to UTC, a day behind until eight
    in the morning. Windows has no such switch, and reads a name like this one as a zone without an offset; an office's
    computer has the office's time."""
    if hasattr(time, "tzset"):
        os.environ["TZ"] = "Asia/Shanghai"
        time.tzset()


def create_app(deployment: "Deployment | None" = None) -> "Flask":
    """The application: settings, keys, store, gate, pages, views, commands.

    Does not touch the schema: `flask db upgrade` (or `python3 run.py`) does. Raises BadSetting, KeyFault."""
    # Deferred, so that the inner half (and the child process that reads Excel) never loads Flask.
    from flask import Flask
    from flask_admin import Admin
    from flask_admin.theme import Theme
    from flask_babel import Babel
    from flask_wtf import CSRFProtect
    from werkzeug.middleware.proxy_fix import ProxyFix

    import views
    from admin_app import cli
    from admin_app.access.field_keys import FieldKeys, secret_key
    from admin_app.services import batches, duties, exports, places, rules, students  # noqa: F401  (checks and tasks)
    from admin_app.services.attachments import FileStore
    from admin_app.settings import Deployment
    from admin_app.store import is_set_up, open_store
    from admin_app.web import (
        account_pages, attachment_pages, batch_pages, errors, family_pages, form_token, frame, gate, health,
        import_pages, ledger_pages, letter_pages, saved_view_pages, session_pages, task_pages,
    )
    from admin_app.web.context import Plant
    from models import kinds
    from views.base import HomeView

    _keep_beijing_time()
    os.umask(0o077)  # what is written is the owner's alone: database, attachments, backups
    deployment = deployment or Deployment.from_environment()
    app = Flask(__name__, static_folder="web/static", template_folder="web/templates")
    # Made anew they would seal what nobody can ever join to what stands; and two children would have one number.
    keys = FieldKeys.load_or_make(deployment.field_key_file, may_make=lambda: not is_set_up(deployment.database_url))
    kinds.install_cipher(keys.cipher())
    app.config.update(
        SECRET_KEY=secret_key(deployment.secret_key_file), MAX_CONTENT_LENGTH=UPLOAD_LIMIT,
        MAX_FORM_MEMORY_SIZE=2 << 20, SESSION_COOKIE_HTTPONLY=True, SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_NAME="baoxue_form", WTF_CSRF_TIME_LIMIT=None, BABEL_DEFAULT_LOCALE="zh_Hans_CN",
        BABEL_DEFAULT_TIMEZONE="Asia/Shanghai", TRUSTED_HOSTS=list(deployment.trusted_hosts) or None,
    )
    if deployment.behind_proxy:
        app.config["SESSION_COOKIE_SECURE"] = True
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]
    store = open_store(deployment.database_url, behind_pooler=deployment.behind_pooler)
    app.extensions["baoxue"] = Plant(deployment, store, keys, FileStore(deployment.data_dir / "attachments"))
    Babel(app)
    CSRFProtect(app)
    app.session_interface = form_token.FormCookie()
    errors.install(app)
    gate.install(app)
    frame.install(app)
    for pages in (session_pages, import_pages, ledger_pages, attachment_pages, account_pages, family_pages,
                  batch_pages, task_pages, saved_view_pages, letter_pages, health):
        app.register_blueprint(pages.pages)
    admin = Admin(app, name="保学", theme=Theme(folder="", base_template="layout.html"),
                  index_view=HomeView(name="待办", url="/", endpoint="admin"))
    app.extensions["baoxue_views"] = views.register(admin)
    cli.install(app)
    logging.getLogger("baoxue").setLevel(logging.INFO)
    return app
