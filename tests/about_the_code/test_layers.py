"""Imports point one way (`docs/where-things-go.md`). The syntax tree is read, so that an import inside a
function counts too; what only the type checker reads does not."""

import sys
from pathlib import Path

import pytest

from tests.about_the_code.tree import CODE, ROOT, files, imports, name, under

OUTER = ("admin_app/__init__.py", "admin_app/cli.py", "admin_app/web/")
FLASK = ("flask", "flask_admin", "flask_login", "flask_wtf", "flask_babel", "werkzeug", "wtforms", "jinja2")
FLASK_ADMIN_PLACES = {"views/base.py", "views/__init__.py", "admin_app/__init__.py"}


def is_outer(path: Path) -> bool:
    return name(path).startswith(OUTER)


def faults(paths: list[Path], *forbidden: str) -> list[str]:
    return [f"{name(path)} imports {module}" for path in paths for module in imports(path)
            if any(under(module, package) for package in forbidden)]


def test_models_import_only_the_standard_library_sqlalchemy_and_models():
    allowed = {*sys.stdlib_module_names, "sqlalchemy", "models"}
    found = [f"{name(path)} imports {module}" for path in files("models", suffix=".py")
             for module in imports(path) if module.split(".")[0] not in allowed]

    assert found == []


def test_the_inner_half_knows_no_page_no_view_and_no_seed():
    inner = [p for p in files("admin_app", suffix=".py") if not is_outer(p)]

    assert len(inner) > 20
    assert faults(inner, *FLASK, "views", "seed", "admin_app.web", "admin_app.cli") == []


def test_the_web_imports_no_views_no_seed_and_no_commands():
    assert faults(files("admin_app/web", suffix=".py"), "views", "seed", "admin_app.cli") == []


def test_only_the_commands_import_the_seed():
    importing = {name(p) for p in files("admin_app", "views", "models", suffix=".py")
                 if any(under(m, "seed") for m in imports(p))}

    assert importing == {"admin_app/cli.py"}


def test_views_know_no_seed_and_no_database():
    assert faults(files("views", suffix=".py"), "seed", "sqlalchemy", "admin_app.cli", "admin_app.store") == []


def test_the_seed_knows_no_page_and_no_view():
    assert faults(files("seed", suffix=".py"), *FLASK, "views", "admin_app.web", "admin_app.cli") == []


def test_flask_admin_lives_in_the_adapter():
    importing = {name(p) for p in files(*CODE, suffix=".py") if any(under(m, "flask_admin") for m in imports(p))}

    assert importing == FLASK_ADMIN_PLACES
    assert faults(files(*CODE, suffix=".py"), "flask_admin.contrib", "flask_sqlalchemy") == []


def test_run_py_needs_nothing_but_python():
    assert {m.split(".")[0] for m in imports(ROOT / "run.py")} <= set(sys.stdlib_module_names)


@pytest.mark.parametrize("module", ["flask", "admin_app.web.pages", "seed"])
def test_the_reader_of_imports_sees_them_inside_functions(tmp_path, module):
    """The control of the tests above."""
    path = tmp_path / "one.py"
    path.write_text(f"def f():\n    from {module} import x\n")

    assert module in set(imports(path))
