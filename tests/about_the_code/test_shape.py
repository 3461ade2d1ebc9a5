"""Files stay small and named for what they hold; nothing runs inline; nothing points at a machine."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.about_the_code.tree import CODE, ROOT, files, name

LONGEST_FILE, LONGEST_VIEW = 400, 40
# Lists of facts, and the proofs of the wall that are one table each; a step of the schema is never rewritten.
MAY_BE_LONG = re.compile(
    r"admin_app/migrations/versions/|admin_app/services/common_passwords\.txt|admin_app/web/static/app\.css|^tests/")
JUNK = {"utils", "util", "helpers", "helper", "common", "misc"}
TEXT = {".py", ".html", ".js", ".css", ".md", ".toml", ".txt", ".svg", ".mako", ".sh", ".csv", ".json"}


def text_files() -> list[Path]:
    """Our text, without the lists that offices send (some are in GB18030)."""
    return [p for p in files() if (p.suffix in TEXT or name(p) == ".ci/run") and not name(p).startswith("tests/data/")]


def test_no_file_is_over_400_lines():
    long = {name(p): n for p in text_files()
            if not MAY_BE_LONG.search(name(p)) and p.suffix not in {".csv", ".json", ".md"}
            and (n := len(p.read_text("utf-8").splitlines())) > LONGEST_FILE}

    assert long == {}


def test_a_view_is_a_list_of_names_under_40_lines():
    long = {name(p): n for p in files("views", suffix=".py") if p.name not in {"base.py", "__init__.py"}
            and (n := len(p.read_text("utf-8").splitlines())) >= LONGEST_VIEW}

    assert long == {}


def test_no_module_is_a_drawer():
    assert [name(p) for p in files(*CODE, "tests", suffix=".py") if p.stem in JUNK or p.parent.name in JUNK] == []


# --- pages ------------------------------------------------------------------------------------------


INLINE = {
    "an inline script": re.compile(r"<script(?![^>]*\bsrc=)[^>]*>", re.I),
    "an inline style": re.compile(r"<style\b|\sstyle\s*=", re.I),
    "an on… handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.I),
    "a javascript: address": re.compile(r"javascript:", re.I),
    "an address of another site": re.compile(r"(?<!xmlns=[\"'])\bhttps?://", re.I),
}


@pytest.mark.parametrize("what", INLINE)
def test_pages_hold_no(what):
    held = files("admin_app/web/templates") + files("admin_app/web/static")
    found = [f"{name(p)}: {m.group()}" for p in held if p.suffix in TEXT
             for m in INLINE[what].finditer(p.read_text("utf-8"))]

    assert len(held) > 20
    assert found == []


def test_the_patterns_find_what_they_look_for():
    """The control of the test above."""
    bad = '<script>x()</script><style>a{}</style><a onclick="x" href="javascript:x">http://example.org</a>'

    assert all(pattern.search(bad) for pattern in INLINE.values())
    assert not any(p.search('<svg xmlns="http://www.w3.org/2000/svg"/>') for p in INLINE.values())


def test_every_vendored_thing_has_its_licence_beside_it():
    folders = [p for p in (ROOT / "admin_app/web/static/vendor").iterdir() if p.is_dir()]

    assert folders
    assert [f.name for f in folders if not any(x.name.upper().startswith("LICEN") for x in f.iterdir())] == []


# --- the repository -----------------------------------------------------------------------------------


def test_requirements_are_pinned_exactly():
    lines = [line for raw in (ROOT / "requirements.txt").read_text("utf-8").splitlines()
             if (line := raw.split("#")[0].strip())]

    assert lines
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._\[\]-]+==[A-Za-z0-9.]+( *;.*)?", line)] == []


# Written in pieces, so that this file does not find itself.
MACHINE = re.compile(
    "|".join(["/" + "root/", "/" + "home/[a-z]", "/" + "work/", "/" + "Users/", r"[A-Z]:\\" + "Users",
              "index" + "-url", "pypi" + r"\.org", "find" + "-links", "reg" + r"istry\.npm"]))


def test_nothing_points_at_one_machine_or_at_a_package_registry():
    found = [f"{name(p)}:{n}: {m.group()}" for p in text_files()
             for n, line in enumerate(p.read_text("utf-8").splitlines(), start=1) if (m := MACHINE.search(line))]

    assert found == []


@pytest.mark.parametrize("words", [("ruff", "check", "."), ("mypy",)], ids=["ruff", "mypy"])
def test_the_checkers_find_nothing(words):
    done = subprocess.run([sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, encoding="utf-8",
                          check=False)

    assert done.returncode == 0, done.stdout + done.stderr


def test_keys_and_data_are_never_committed():
    ignored = (ROOT / ".gitignore").read_text("utf-8").split()

    assert {"/data/", ".venv/"} <= set(ignored)
    assert [name(p) for p in files() if p.suffix in {".db", ".sqlite", ".keys", ".key"}] == []
    assert not any(json.loads(p.read_text("utf-8")).keys() & {"sealing"} for p in files("tests", suffix=".json")
                   if p.read_text("utf-8").lstrip().startswith("{"))
