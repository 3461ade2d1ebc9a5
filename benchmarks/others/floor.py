"""The floor: a Flask page written by hand, one SQL query, the same columns. Nobody is signed in."""

import sqlite3
from collections.abc import Callable
from typing import Any

import psycopg
from flask import Flask, request
from sqlalchemy import make_url

COLUMNS = ("name", "sex", "birth_date", "identity_tail", "region", "schooling_state", "school", "grade", "checked_on")
PAGE = """<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>学生</title></head>
<body><table><thead><tr>{% for column in columns %}<th>{{ column }}</th>{% endfor %}</tr></thead><tbody>
{% for row in rows %}<tr>{% for cell in row[1:] %}<td>{{ cell if cell is not none }}</td>{% endfor %}
<td><a href="/student/{{ row[0] }}">查看</a></td></tr>
{% endfor %}</tbody></table></body></html>"""
SELECT = ("SELECT s.id, s.name, s.sex, s.birth_date, s.identity_tail, r.name, s.schooling_state, c.name, s.grade, "
          "s.checked_on FROM student s JOIN region r ON r.code = s.region_code "
          "LEFT JOIN school c ON c.id = s.school_id WHERE {} ORDER BY s.region_code, s.id LIMIT 20 OFFSET {}")


def make(url: str) -> Flask:
    """A connection is kept, as a pool keeps one. `where` and `offset` come from the benchmark itself."""
    app, run = Flask(__name__), _runner(url)
    page = app.jinja_env.from_string(PAGE)

    @app.get("/")
    def students() -> str:
        where, offset = request.args.get("where", "1 = 1"), int(request.args.get("offset", 0))
        rows = run(SELECT.format(where, offset))
        return page.render(rows=rows, columns=COLUMNS)

    return app



def _runner(url: str) -> Callable[[str], list[Any]]:
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), check_same_thread=False)
        connection.execute("PRAGMA cache_size = -32000")
        return lambda statement: connection.execute(statement).fetchall()
    server = psycopg.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False),
                             autocommit=True, prepare_threshold=None)
    for name, value in (("child_lo", ""), ("child_hi", ":"), ("office_lo", ""), ("office_hi", ":")):
        server.execute("SELECT set_config(%s, %s, false)", (f"app.{name}", value))
    return lambda statement: server.execute(statement).fetchall()
