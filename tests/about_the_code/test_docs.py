"""The docs fail the build when they go stale: every name in the code stands on its page, and every file that a
page names is there."""

import re
from pathlib import Path

import pytest

from admin_app.access.masking import SIGHTS
from admin_app.access.permissions import MAY_GRANT, ROLE_LABELS, Permission, Role, permits
from admin_app.settings import RULES
from models.base import Base, Privacy, models
from models.moves import Move
from tests.about_the_code.tree import CODE, ROOT, files, page, table_rows

PAGES = ["screens.md", "adding-a-ledger.md", "where-things-go.md", "glossary.md", "roles.md", "states.md", "settings.md"]
DECISIONS = sorted((ROOT / "docs/decisions").glob("*.md"))
WITH_MOVES = [model for model in models() if model.__moves__]


def section(text: str, heading: str) -> str:
    found = re.search(rf"^## [^\n]*{re.escape(heading)}[^\n]*\n(.*?)(?=^## |\Z)", text, re.S | re.M)
    assert found, f"no section “{heading}”"
    return found[1]


# --- roles.md ---------------------------------------------------------------------------------------


def matrix(heading: str) -> dict[tuple[str, str], str]:
    head, *rows = table_rows(section(page("roles.md"), heading))
    return {(row[0], role): cell for row in rows for role, cell in zip(head[1:], row[1:], strict=True)}


def test_every_permission_of_every_role_is_on_its_page():
    wanted = {(str(p), str(role)): "✓" if permits(role, p) else "–" for p in Permission for role in Role}

    assert matrix("Who may do what") == wanted


def test_what_each_role_sees_is_on_its_page():
    wanted = {(kind.value, str(role)): SIGHTS[role][kind].value for kind in Privacy for role in Role}

    assert matrix("What each sees of a personal fact") == wanted


def test_who_may_grant_what_is_on_its_page():
    written = {row[0]: set(row[1].split(", ")) - {"nobody"}
               for row in table_rows(section(page("roles.md"), "Who may grant what"))[1:]}

    assert written == {str(role): {str(r) for r in MAY_GRANT.get(role, ())} for role in Role}


def test_every_role_is_there_by_both_names():
    named = {(row[0], row[1]) for row in table_rows(page("roles.md").split("## ")[0])[1:]}

    assert named == {(str(role), label) for role, label in ROLE_LABELS.items()}


# --- states.md --------------------------------------------------------------------------------------


def written_sources(text: str, states: list[str]) -> set[str]:
    codes = set(text.removeprefix("any but ").split(", "))
    return set(states) - codes if text.startswith("any but ") else codes


def row_of(model: type[Base], move: Move) -> tuple[object, ...]:
    fields = [*move.asks, *(f"({name})" for name in move.optional)]
    needs = [word for word, wanted in (("reason", move.reason), ("evidence", move.evidence)) if wanted]
    needs += [f"{move.only.column} is {move.only.value}"] if move.only else []
    return (move.label, set(move.sources), move.target or "stays", f"{model.__area__}.{move.act}", ", ".join(fields) or "–",
            ", ".join(needs) or "–")


@pytest.mark.parametrize("model", WITH_MOVES, ids=lambda model: model.__tablename__)
def test_the_table_of_moves_is_on_its_page(model):
    moves = model.__moves__
    assert moves is not None
    text = section(page("states.md"), f"`{model.__tablename__}.{moves.column}`")
    codes = [state.code for state in moves.states]
    rows = table_rows(text)

    states = {row[0]: (row[1], row[2]) for row in rows if len(row) == 3 and row[0] != "state"}
    written = {row[0]: (row[1], written_sources(row[2], codes), *row[3:]) for row in rows
               if len(row) == 7 and row[0] != "verb"}

    said = {s.code: [word for word, so in (("settled", s.settled), ("not counted", not s.counted)) if so]
            for s in moves.states}
    assert states == {s.code: (s.label, ", ".join(said[s.code])) for s in moves.states}
    for table in {table for table, _ in moves.ends}:
        verbs = ", ".join(f"`{verb}`" for other, verb in moves.ends if other == table)
        assert f"With one that is settled end its records of `{table}` ({verbs})" in text
    assert written == {move.verb: row_of(model, move) for move in moves.moves}
    assert f"A new record is `{moves.initial}`" in text


def test_states_md_has_no_table_that_is_gone():
    headings = re.findall(r"^## .*`(\w+)\.\w+`$", page("states.md"), re.M)

    assert set(headings) == {m.__tablename__ for m in WITH_MOVES} | {"import_run"}


# --- settings.md --------------------------------------------------------------------------------------


def test_every_environment_variable_is_on_its_page_and_no_other():
    sources = [*files(*CODE, "tests", "benchmarks", suffix=".py"), ROOT / "run.py", ROOT / ".ci/run"]
    used = {v for p in sources for v in re.findall(r"BAOXUE_[A-Z]+(?:_[A-Z]+)*", p.read_text("utf-8"))}

    assert set(re.findall(r"BAOXUE_[A-Z_]+", page("settings.md"))) == used


def test_every_rule_is_on_its_page_with_its_default_and_what_it_may_be():
    written = {row[0]: tuple(row[1:]) for row in table_rows(section(page("settings.md"), "Of the place"))[1:]}

    def may_be(rule):
        return "；".join(filter(None, [", ".join(rule.choices) or f"1 – {rule.most}", rule.advice]))

    assert written == {rule.key: (rule.label, rule.default, may_be(rule)) for rule in RULES.values()}


# --- glossary.md ----------------------------------------------------------------------------------------


def glossary() -> list[list[str]]:
    return [row for row in table_rows(page("glossary.md")) if row[0] != "中文"]


@pytest.mark.parametrize("model", list(models()), ids=lambda model: model.__tablename__)
def test_every_table_is_in_the_glossary(model):
    assert model.__tablename__ in {row[1] for row in glossary()}


def test_one_word_for_one_thing():
    rows = glossary()

    assert all(len(row) == 4 and all(row) for row in rows)
    for column in (0, 1):
        words = [row[column] for row in rows]
        assert sorted(words) == sorted(set(words))


# --- decisions, and the files that pages name -----------------------------------------------------------


def test_decisions_are_numbered_without_a_gap():
    assert [p.name[:4] for p in DECISIONS] == [f"{n:04d}" for n in range(1, len(DECISIONS) + 1)]
    assert len(DECISIONS) >= 10


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_says_why_what_and_what_follows(path):
    text = path.read_text("utf-8")

    assert text.startswith(f"# {path.name[:4]}. ")
    assert re.findall(r"^\*\*(\w+)\.\*\* \S", text, re.M) == ["Context", "Decision", "Consequence"]
    assert len(text.splitlines()) < 40


@pytest.mark.parametrize("name", [*(f"docs/{n}" for n in PAGES), *(f"docs/decisions/{p.name}" for p in DECISIONS),
                                  "README.md"])
def test_every_file_that_a_page_names_is_there(name):
    text = (ROOT / name).read_text("utf-8")
    quoted = set(re.findall(r"`((?:admin_app|models|views|seed|tests|docs|benchmarks|\.ci)/[^`\s]*)`", text))
    linked = {target for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text) if "://" not in target}
    gone = [path for path in quoted if not (ROOT / path).exists()]
    gone += [target for target in linked if not ((ROOT / name).parent / target).exists()]

    assert gone == []


def test_adding_a_ledger_names_the_files_it_took_with_their_lines():
    rows = [row for row in table_rows(page("adding-a-ledger.md")) if row[1] != "file"]
    new = {row[1]: int(row[2].split(",")[0]) for row in rows if row[2].endswith("new")}

    assert [row[1] for row in rows] == [
        "models/publicity_activity.py", "models/__init__.py", "views/publicity_activity.py", "views/__init__.py",
        "admin_app/migrations/versions/0002_publicity_activity.py", "seed/makers.py"]
    assert new == {name: len((ROOT / name).read_text("utf-8").splitlines()) for name in new}


def test_where_things_go_names_every_folder():
    text = page("where-things-go.md")
    folders = {p.relative_to(ROOT).parent.as_posix() for p in files(*CODE, suffix=".py")}

    def named(folder: str) -> bool:
        return f"`{folder}/`" in text or f"`{folder.removeprefix('admin_app/')}/`" in text

    assert [folder for folder in sorted(folders) if not named(folder)] == []


def test_screens_md_counts_the_templates_and_the_modules():
    web, rows = ROOT / "admin_app" / "web", {row[0]: row[1:] for row in table_rows(page("screens.md")) if len(row) == 3}

    for name, pattern in (("templates", "templates/**/*.html"), ("JavaScript modules", "static/js/*.js")):
        found = list(web.glob(pattern))
        lines = sum(len(path.read_text("utf-8").splitlines()) for path in found)
        assert rows[name] == [str(len(found)), f"{lines:,}"], name


def test_every_template_is_on_the_page_of_screens():
    text, gone = page("screens.md"), []
    for path in (ROOT / "admin_app" / "web" / "templates").rglob("*.html"):
        name = path.relative_to(ROOT / "admin_app" / "web" / "templates").as_posix()
        if f"`{name}`" not in text and f"`{Path(name).parent.as_posix()}/*.html`" not in text:
            gone.append(name)
    assert gone == []
