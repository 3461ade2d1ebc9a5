"""A desk in the office: one person at one browser, signed in, reading pages and pressing buttons.

    desk = Desk(application).sign_in("康宁干部", PASSWORD)
    page = desk.open("/admin/household/")
    page.table("户主姓名")      # rows as {caption: text}
    desk.press("保存", phone="19900000000")

A button is pressed as a browser does it: the fields of its form, with the hidden ones and the CSRF
token, are read from the page that is open, and only what is typed is changed.
"""

import atexit
import base64
import io
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote, urljoin, urlsplit

import openpyxl
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from admin_app import create_app
from admin_app.access.field_keys import FieldKeys, write_private
from admin_app.access.permissions import Role
from admin_app.cli import prepare
from admin_app.services.attachments import FileStore
from admin_app.settings import Deployment
from admin_app.store import open_store
from admin_app.web.context import Plant
from models.kinds import install_cipher

PASSWORD = "青山不改绿水长流 2026"
PEOPLE = {  # of the district in tests/conftest.py: who may sign in, with PASSWORD
    "城区主任": (Role.ADMINISTRATOR, "990101400000"),
    "县主任": (Role.ADMINISTRATOR, "990101000000"),
    "康宁网格员": (Role.VILLAGE_OFFICER, "990101400001"),
    "牧童网格员": (Role.VILLAGE_OFFICER, "990101400002"),
    "督导老林": (Role.INSPECTOR, "990101000000"),
    "机房小吴": (Role.SYSTEM_ADMIN, "990101400000"),
}
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "use"}
_SILENT = {"script", "style"}


# --- a page, as its reader sees it ----------------------------------------------------------------


@dataclass
class Form:
    """What a form would send if its button were pressed at once."""

    action: str = ""
    method: str = "get"
    id: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[str] = field(default_factory=list)
    choices: dict[str, dict[str, str]] = field(default_factory=dict)  # of each drop-down: label → value


class _Reader(HTMLParser):
    """Takes a page apart into text, tables, facts (label: text), links and forms."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.facts: dict[str, str] = {}
        self.links: list[tuple[str, str]] = []
        self.forms: list[Form] = []
        self._collecting: list[tuple[str, list[str]]] = []  # (tag, words) of cells, links, buttons
        self._href = ""
        self._name: str | None = None
        self._value = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag not in _VOID:
            self.open.append(tag)
        form = self._form_of(given.get("form"))
        match tag:
            case "table":
                self.tables.append([])
            case "tr":
                self.tables[-1].append([])
            case "td" | "th" | "dt" | "dd" | "a" | "button" | "textarea":
                self._collecting.append((tag, []))
                self._href = given.get("href", self._href)
                self._name = given.get("name") if tag == "textarea" else self._name
            case "form":
                self.forms.append(Form(given.get("action", ""), given.get("method", "get"), given.get("id", "")))
            case "input" if form and given.get("name") and given.get("type") not in {"file", "checkbox"}:
                if given.get("type") != "radio" or "checked" in given:
                    form.fields[given["name"]] = given.get("value", "")
            case "select":
                self._name = given.get("name")
            case "option" if form and self._name:
                self._collecting.append((tag, []))
                self._value = given.get("value", "")
                if "selected" in given or self._name not in form.fields:
                    form.fields[self._name] = self._value

    def _form_of(self, named: str | None) -> Form | None:
        """The form that a field belongs to: the one that it names, else the one that it stands in."""
        if named:
            return next((form for form in self.forms if form.id == named), None)
        return self.forms[-1] if self.forms and "form" in self.open else None

    def handle_endtag(self, tag: str) -> None:
        while tag in self.open and self.open.pop() != tag:
            pass
        if not self._collecting or self._collecting[-1][0] != tag:
            return
        text = "".join(self._collecting.pop()[1])
        plain = " ".join(text.split())
        match tag:
            case "td" | "th":
                self.tables[-1][-1].append(plain)
            case "dt":
                self.facts[plain] = ""
            case "dd" if self.facts:
                self.facts[next(reversed(self.facts))] = plain
            case "a":
                self.links.append((plain, self._href))
            case "button" if "form" in self.open:
                self.forms[-1].buttons.append(plain)
            case "option" if self._name:
                self.forms[-1].choices.setdefault(self._name, {})[plain] = self._value
            case "textarea" if self.forms and self._name:
                self.forms[-1].fields[self._name] = text.removeprefix("\n")

    def handle_data(self, data: str) -> None:
        if _SILENT.intersection(self.open):
            return
        self.words.append(data)
        for _, words in self._collecting:
            words.append(data)


class Page:
    """An answer of the server."""

    def __init__(self, response: TestResponse) -> None:
        self.status = response.status_code
        self.location = response.headers.get("Location")
        self.headers = response.headers
        self.bytes = response.get_data()
        self.address = response.request.full_path.rstrip("?")
        reader = _Reader()
        if response.mimetype == "text/html":
            reader.feed(self.bytes.decode())
        self.text = " ".join("".join(reader.words).split())
        self.tables, self.facts = reader.tables, reader.facts
        # A row leads to `details/?id=…`: where that is, the browser knows from where the row stands.
        self.links = [(words, urljoin(self.address, href) if href[:1].isalpha() and ":" not in href else href)
                      for words, href in reader.links]
        self.forms = reader.forms

    def table(self, caption: str) -> list[dict[str, str]]:
        """The rows of the first table that has this caption in its head; none if there is no table."""
        for head, *rows in (table for table in self.tables if table):
            if caption in head:
                return [dict(zip(head, row, strict=True)) for row in rows]
        return []

    def link(self, text: str) -> str:
        """Where the first link with this text goes."""
        return next(href for words, href in self.links if words == text)

    def form(self, button: str) -> Form:
        """The form whose button begins with these words."""
        found = [f for f in self.forms if any(b.startswith(button) for b in f.buttons)]
        assert found, f"no button “{button}” on {self.address} ({self.status}): {self.text[:400]}"
        return found[0]

    def workbook(self) -> openpyxl.Workbook:
        return openpyxl.load_workbook(io.BytesIO(self.bytes))

    @property
    def filename(self) -> str:
        """The name under which the browser keeps a download."""
        return unquote(self.headers["Content-Disposition"].rpartition("UTF-8''")[2])


# --- the person at the browser --------------------------------------------------------------------


class Desk:
    """One browser. `page` is what it shows now; redirects are followed."""

    page: Page

    def __init__(self, application: Flask) -> None:
        self.browser = application.test_client()

    def sign_in(self, username: str, password: str, *, new_password: str | None = None) -> Self:
        """Sign in; where a new password is asked for, set it."""
        self.open("/login")
        self.press("登录", username=username, password=password)
        assert not self.page.address.startswith("/login"), self.page.text
        if new_password is not None:
            assert "请先设置自己的密码" in self.page.text, self.page.text
            self.press("保存新密码", current=password, new=new_password, again=new_password)
            assert "密码已修改" in self.page.text, self.page.text
        return self

    def open(self, address: str, status: int = 200) -> Page:
        address = urljoin(self.page.address, address) if address.startswith("?") else address
        return self._show(self.browser.get(address, follow_redirects=True, buffered=True), status)

    def press(self, button: str, status: int = 200, **typed: Any) -> Page:
        """Press a button of the page that is open, after typing into the fields of its form.

        A pair (name, bytes) is a file that is chosen; in a drop-down the label is chosen."""
        form = self.page.form(button)
        typed = {name: form.choices.get(name, {}).get(value, value) if isinstance(value, str) else value
                 for name, value in typed.items()}
        files = {name: (io.BytesIO(value[1]), value[0]) for name, value in typed.items()
                 if isinstance(value, tuple)}
        values = {**form.fields, **{n: v for n, v in typed.items() if n not in files}, **files}
        unknown = set(typed) - set(form.fields) - set(files)
        assert not unknown, f"no field {unknown} in the form of “{button}”: {list(form.fields)}"
        target = urljoin(self.page.address, form.action) if form.action else self.page.address
        return self.post(target, values, status)

    def post(self, address: str, values: dict[str, Any], status: int = 200) -> Page:
        """Send values as they are. `press` is what people do."""
        response = self.browser.post(address, data=values, follow_redirects=True, buffered=True)
        for answer in (response, *response.history):
            answer.request.environ["wsgi.input"].close()  # a file on disk where the upload was big
        return self._show(response, status)

    @property
    def token(self) -> str:
        """The CSRF token of the page that is open."""
        return next(f.fields["csrf_token"] for f in self.page.forms if "csrf_token" in f.fields)

    def upload(self, content: bytes, filename: str, *, sheet: str = "roster", status: int = 200) -> Page:
        """Choose a list and press 上传并检查."""
        self.open(f"/import/{sheet}")
        return self.press("上传并检查", status, file=(filename, content))

    def download(self, address: str, **chosen: str) -> Page:
        """Export a list (`…/export/`): choose, press 导出, take the file."""
        self.open(address)
        return self.press("导出", **chosen)

    def rows(self, address: str, caption: str) -> list[dict[str, str]]:
        """The rows of a list, of all its pages."""
        found, following = [], address
        while following:
            page = self.open(following)
            found += page.table(caption)
            following = next((urljoin(page.address, href) for text, href in page.links if text == "下一页"), "")
        return found

    def preview(self) -> dict[int, dict[str, str]]:
        """The rows of the preview that is open, by Excel row and in their order there."""
        address = urlsplit(self.page.address).path
        return dict(sorted((int(row["Excel 行"]), row) for row in self.rows(address, "Excel 行")))

    def _show(self, response: TestResponse, status: int) -> Page:
        self.page = Page(response)
        assert self.page.status == status, f"{self.page.address}: {self.page.status}, {self.page.text[:600]}"
        return self.page


# --- the application, on either store -------------------------------------------------------------


def deployment(store_url: str, folder: Path) -> Deployment:
    return Deployment(folder, store_url, folder / "keys" / "secret.key", folder / "keys" / "field.keys")


@contextmanager
def started(store_url: str, folder: Path, cipher: FieldKeys) -> Iterator[Flask]:
    """The application as it is first started, on an empty data folder. The keys of the test session come back at the
    end."""
    app = create_app(deployment(store_url, folder))
    plant = app.extensions["baoxue"]
    with app.app_context():
        prepare(plant)
    yield app
    plant.close()
    install_cipher(cipher.cipher())


@lru_cache(maxsize=1)
def _the_application() -> Flask:
    """Made once: its templates are compiled once. Each test hands it a store of its own."""
    folder = Path(tempfile.mkdtemp(prefix="baoxue-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return create_app(deployment(f"sqlite:///{folder / 'none.sqlite'}", folder))


@pytest.fixture
def application(store_url: str, tmp_path: Path, cipher: FieldKeys) -> Iterator[Flask]:
    """The application on a store that is set up, with the keys of the test session in its data folder."""
    app, here = _the_application(), deployment(store_url, tmp_path / "data")
    here.field_key_file.parent.mkdir(parents=True, mode=0o700)
    content = {"sealing": cipher.sealing, "indexing": cipher.indexing, "ledger": cipher.ledger}
    coded = json.loads(json.dumps(content, default=lambda raw: base64.b64encode(raw).decode()))
    write_private(here.field_key_file, json.dumps({"current": cipher.current, **coded}))
    install_cipher(cipher.cipher())
    plant = Plant(here, open_store(store_url), cipher, FileStore(here.data_dir / "attachments"))
    app.extensions["baoxue"] = plant
    yield app
    plant.close()
    install_cipher(cipher.cipher())


@pytest.fixture
def district_application(application: Flask, district: Any) -> Flask:
    """The application with the district of tests/conftest.py, and an account for each of PEOPLE."""
    return application


def command(application: Flask, *words: str | Path, exit_code: int = 0) -> str:
    """What a command of the application says."""
    with application.app_context():
        result = application.test_cli_runner().invoke(args=[str(word) for word in words])
    assert result.exit_code == exit_code, f"{words}: {result.exit_code}, {result.output}, {result.exception!r}"
    return result.output


def roster(*children: dict[str, Any]) -> bytes:
    """A list as a workbook: the captions of all children in its first row, a child in each further one."""
    captions = list(dict.fromkeys(caption for child in children for caption in child))
    book = openpyxl.Workbook()
    book.active.append(captions)
    for child in children:
        book.active.append([child.get(caption) for caption in captions])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
