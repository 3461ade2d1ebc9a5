"""Every table names its wall, every column its meaning, every closed list its entries; stepping out of scope is
listed here, each time with its reason."""

import ast
import inspect

import pytest

from admin_app import errors
from admin_app.access.permissions import Permission
from admin_app.text import ACT_LABELS, AREA_LABELS, permission_label
from models.base import Base, Field, Wall, models, table_of
from seed.official_codes import TABLES
from tests.about_the_code.tree import CODE, files, name, tree

EVERY = pytest.mark.parametrize("model", list(models()), ids=lambda model: model.__tablename__)


@EVERY
def test_a_table_names_its_wall_its_title_and_its_area(model):
    own = vars(model)

    assert isinstance(own.get("__wall__"), Wall)
    assert own["__title__"].strip()
    assert own["__area__"] in AREA_LABELS
    assert inspect.getdoc(model)


@EVERY
def test_a_walled_row_lies_somewhere(model):
    if model.__wall__ in (Wall.CHILD, Wall.OFFICE):
        assert model.__region__ == "region_code"
        assert not table_of(model).c.region_code.nullable


@EVERY
def test_every_column_is_declared(model):
    for column in table_of(model).columns:
        declaration = column.info.get("field")
        assert isinstance(declaration, Field), column.name
        assert declaration.label, column.name
        assert column.comment, column.name


@EVERY
def test_every_code_column_has_a_table_of_codes(model):
    names = {table.name for table in TABLES if table.codes}

    assert {f.codes for c in table_of(model).columns if (f := c.info["field"]).codes} <= names


@EVERY
def test_states_and_moves_belong_together(model):
    columns = [c.name for c in table_of(model).columns if c.info["field"].states]
    moves = model.__moves__

    assert columns == ([moves.column] if moves else [])
    if moves is None:
        return
    codes = {state.code for state in moves.states}
    assert len(moves.by_verb) == len(moves.moves)
    for move in moves.moves:
        assert {*move.sources, move.target or move.sources[0]} <= codes
        assert {*move.asks, *move.optional} <= set(table_of(model).c.keys())
        assert f"{model.__area__}.{move.act}" in set(Permission)
        assert move.label


def test_every_permission_reads_in_chinese():
    assert all(permission_label(p) for p in Permission)
    assert {p.partition(".")[0] for p in Permission} == set(AREA_LABELS)
    assert {p.partition(".")[2] for p in Permission} == set(ACT_LABELS)


# --- refusals -----------------------------------------------------------------------------------------


def refusals() -> list[tuple[str, ast.Call]]:
    """Every place where a refusal is raised with a text of its own."""
    kinds = {n for n, c in vars(errors).items() if isinstance(c, type) and issubclass(c, errors.BaoxueError)}
    kinds |= {"SlowDown", "KeyFault", "BadSetting"}
    return [(f"{name(p)}:{node.lineno}", node) for p in files(*CODE, suffix=".py") for node in ast.walk(tree(p))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in kinds]


def texts_of(node: ast.AST) -> str:
    return "".join(n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str))


def test_every_refusal_is_a_sentence_in_chinese():
    found = refusals()
    own = [(where, text) for where, call in found if call.args and (text := texts_of(call.args[0]))]

    assert len(own) > 60
    assert [where for where, text in own if not any("一" <= c <= "鿿" for c in text)] == []
    assert [where for where, call in found
            if not call.args and getattr(call.func, "id", "") != "NotFound"] == []


def test_a_refusal_without_a_text_of_its_own_has_one_anyway():
    assert len(errors.NotFound().message) > 10
    assert len(errors.Refused.role("inspector", "family.edit").message) > 10


# --- stepping out of scope ------------------------------------------------------------------------------

# (file, function) → why. A new one is a decision: think whether the wall must really be left, then add it.
STEPS_OUT = {
    ("admin_app/changes/history.py", "_removed"): "whether a record stands anywhere",
    ("admin_app/changes/history.py", "acts"): "the act behind rows in scope",
    ("admin_app/changes/history.py", "followed"): "the history of records in scope, from wherever they lay",
    ("admin_app/changes/history.py", "gone_elsewhere"): "whether a record lies elsewhere by now",
    ("admin_app/changes/undo.py", "lapsed_undos"): "which undos were undone, also from above",
    ("admin_app/changes/undo.py", "_titles_below"): "of what kind the records are that hold one",
    ("admin_app/changes/undo.py", "undos_of"): "whether an act was undone, also from above",
    ("admin_app/changes/seal.py", "seal"): "seals cover all regions",
    ("admin_app/changes/seal.py", "verify"): "the whole ledger is proved",
    ("admin_app/cli.py", "_as"): "a command works as an account",
    ("admin_app/cli.py", "account_add"): "an account is made on the machine",
    ("admin_app/cli.py", "backup"): "who took everything away",
    ("admin_app/cli.py", "prepare"): "set-up",
    ("admin_app/cli.py", "demo"): "whether anybody works here",
    ("admin_app/cli.py", "regions_load"): "divisions are for everybody",
    ("admin_app/services/account_use.py", "use_of"): "the sessions of an account that may be looked at",
    ("admin_app/services/condition.py", "signs"): "the condition of the machine is everybody's",
    ("admin_app/exchange/import_runs.py", "forget"): "; ".join(["previews of every unit grow old"] * 2),
    ("admin_app/exchange/sheets/roster_children.py", "read"): "is a number of the list taken elsewhere",
    ("admin_app/access/keepers.py", "require_all_units"): "whether an administrator sits above or beside",
    ("admin_app/services/accounts.py", "_own_until"): "one's own grants may lie above",
    ("admin_app/services/accounts.py", "account_keeper"): "all rights of an account that is taken in hand",
    ("admin_app/services/accounts.py", "names_taken"): "a username is taken anywhere",
    ("admin_app/services/sign_in.py", "own_sessions"): "one's own sessions",
    ("admin_app/services/sign_in.py", "_note_use"): "a session notes that it was used",
    ("admin_app/services/sign_in.py", "sign_in"): "nobody is known before the sign-in",
    ("admin_app/services/sign_in.py", "sign_out"): "a session ends",
    ("admin_app/services/sign_in.py", "switch_grant"): "one's own grants lie in several regions",
    ("admin_app/services/students.py", "refuse_duplicate"): "is this number taken elsewhere in the district",
    ("admin_app/web/context.py", "recognise"): "who asks is not known yet",
    ("admin_app/web/ledger_acts.py", "over_all"): "an act from above stands beyond the wall of what it touched",
    ("admin_app/web/explain.py", "reasons"): "one's own grant may have been given from above",
    ("admin_app/services/exports.py", "write"): "the seal's fingerprint in the footer",
    ("admin_app/services/saved_views.py", "delete"): "one's own saved views",
    ("admin_app/services/saved_views.py", "save"): "one's own saved views",
    ("admin_app/services/saved_views.py", "views_of"): "one's own saved views, and those shared with one's role",
    ("admin_app/tasks.py", "_claim"): "a worker works for everybody",
    ("admin_app/tasks.py", "_note"): "a worker works for everybody",
    ("admin_app/tasks.py", "enqueue"): "a task is its asker's own",
    ("admin_app/tasks.py", "forget"): "a worker works for everybody",
    ("admin_app/tasks.py", "mark_seen"): "a task is its asker's own",
    ("admin_app/tasks.py", "overdue"): "a worker works for everybody",
    ("admin_app/tasks.py", "task_of"): "a task is its asker's own",
    ("admin_app/tasks.py", "tasks_of"): "a task is its asker's own",
    ("admin_app/services/sign_in.py", "require_password"): "tries at one's own password are counted",
    ("admin_app/web/session_pages.py", "_change"): "one's own account",
}


def steps_out() -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], list[str]] = {}
    for path in files(*CODE, suffix=".py"):
        for function in ast.walk(tree(path)):
            if not isinstance(function, ast.FunctionDef):
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "unscoped":
                    why = node.args[1] if len(node.args) > 1 else None
                    said = why.value if isinstance(why, ast.Constant) else "?"
                    found.setdefault((name(path), function.name), []).append(str(said))
    return {place: "; ".join(reasons) for place, reasons in found.items()}


def test_every_step_out_of_scope_is_listed_with_its_reason():
    assert steps_out() == STEPS_OUT


def test_nothing_else_opens_the_whole_range():
    """`Scope.everything()` and a session with it are `unscoped`'s alone."""
    users = {name(p) for p in files(*CODE, suffix=".py") for node in ast.walk(tree(p))
             if isinstance(node, ast.Attribute) and ast.unparse(node) == "Scope.everything"}

    assert users == {"admin_app/access/scope.py"}


def test_the_engine_without_a_wall_is_for_migrations_alone():
    users = {name(p) for p in files(*CODE, suffix=".py") for node in ast.walk(tree(p))
             if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "owner_engine"}

    assert users <= {"admin_app/store.py", "admin_app/backup.py"}


def test_models_are_found_at_all():
    assert sum(issubclass(model, Base) for model in models()) > 20
