"""The repository as the tests about the code read it: files, syntax trees, pages of the docs."""

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = ("models", "admin_app", "views", "seed")
_NOT_OURS = {".venv", ".git", "data", "vendor", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"}


def files(*folders: str, suffix: str = "") -> list[Path]:
    """Our own files, without data folders of a running register, others' work and caches."""
    roots = [ROOT / folder for folder in folders] or [ROOT]
    return sorted(
        path for root in roots for path in root.rglob(f"*{suffix}")
        if path.is_file() and not _left_out(path)
    )


def _left_out(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    return bool(_NOT_OURS & set(parts[:1])) or bool((_NOT_OURS - {"data"}) & set(parts))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@lru_cache(maxsize=1024)
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def imports(path: Path) -> Iterator[str]:
    """The modules that a file imports, wherever it does so, but not what only the type checker reads.
    `from a import b` gives both `a` and `a.b`."""
    typing_only = {
        id(inner)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree(path)):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def under(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def page(path: str) -> str:
    return (ROOT / "docs" / path).read_text("utf-8")


def table_rows(text: str) -> list[list[str]]:
    """The rows of all tables of a page, cell by cell, without backticks."""
    return [
        [cell.strip().replace("`", "") for cell in line.strip().strip("|").split("|")]
        for line in text.splitlines() if re.match(r"^\|(?!-)", line.strip())
    ]
