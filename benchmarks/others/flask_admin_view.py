"""Vanilla Flask-Admin 2.2.1: a ModelView of the same columns, page size 20, behind Flask-Login as its
documentation puts it there: a user loaded by number in each request, asked for in `is_accessible`."""

from collections.abc import Callable
from typing import Any

from flask import Flask
from flask_admin import Admin
from flask_admin.contrib.sqla import ModelView
from flask_babel import Babel
from flask_login import LoginManager, UserMixin, current_user
from sqlalchemy import create_engine, event
from sqlalchemy.orm import scoped_session, sessionmaker

from benchmarks.others.browser import without_jar
from models.account import Account
from models.student import Student

FILTERS = ("schooling_state", "region_code")


class Students(ModelView):  # type: ignore[misc]  # Flask-Admin carries no types
    can_create = can_edit = can_delete = False
    column_list = ("name", "sex", "birth_date", "identity_tail", "region_code", "schooling_state", "school.name",
                   "grade", "checked_on")
    column_filters = FILTERS
    column_searchable_list = ("name", "name_pinyin", "name_initials", "identity_index")
    page_size = 20

    def is_accessible(self) -> bool:
        return bool(current_user.is_authenticated)


class User(UserMixin):  # type: ignore[misc]  # Flask-Login carries no types
    def __init__(self, account: Account) -> None:
        self.id, self.name = account.id, account.display_name


def make(url: str, account: int) -> Callable[[str], Any]:
    """A browser of the signed-in account."""
    app = Flask(__name__)
    app.config["SECRET_KEY"] = "benchmark"
    Babel(app)
    engine = create_engine(url)
    if engine.dialect.name == "postgresql":
        event.listen(engine, "connect", _see_everything)
    rows = scoped_session(sessionmaker(engine))
    app.teardown_appcontext(lambda _error: rows.remove())
    login = LoginManager(app)

    @login.user_loader  # type: ignore[misc]
    def load(number: str) -> User | None:
        account = rows.get(Account, int(number))
        return User(account) if account else None

    Admin(app, name="others").add_view(Students(Student, rows, endpoint="student"))
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"], cookie["_fresh"] = str(account), False  # or it is written anew with the first page
    return without_jar(client, "session")


def _see_everything(connection: Any, _record: Any) -> None:
    for name, value in (("child_lo", ""), ("child_hi", ":"), ("office_lo", ""), ("office_hi", ":")):
        connection.execute("SELECT set_config(%s, %s, false)", (f"app.{name}", value))
    connection.commit()
