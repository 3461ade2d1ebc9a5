"""What a new machine meets first: `run.py`, and the set-up that it calls."""

import importlib.util
import os
import stat
import subprocess
import venv
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from admin_app import create_app
from admin_app.access.field_keys import FieldKeys
from models.kinds import install_cipher
from tests.about_the_code.tree import ROOT
from tests.desk import command, deployment


@pytest.fixture
def run() -> Iterator[ModuleType]:
    """run.py as a module, started by somebody whose files everybody may read."""
    spec = importlib.util.spec_from_file_location("run", ROOT / "run.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    before = os.umask(0o022)
    yield module
    os.umask(before)


def test_passwords_of_the_demo_are_for_whoever_started_it_alone(
    run: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "before.txt").write_text("everybody may read this")
    said = SimpleNamespace(stdout="cun01\tbaoxue-demo-2026\t村（社区）干部\t示范县城区康宁社区\n")
    monkeypatch.setattr(subprocess, "run", lambda *_words, **_environment: said)
    monkeypatch.setattr(run, "call", lambda *_words, **_environment: 0)
    monkeypatch.setattr(run, "stand_by", lambda *_words, **_environment: 0)

    assert run.serve(["--data", str(tmp_path), "--demo"], with_demo=False) == 0

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"before.txt": 0o644, "demo-accounts.txt": 0o600, "schema.txt": 0o600}


def test_a_demo_whose_loading_was_broken_off_is_loaded_anew(
    run: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a demo would be a register with public passwords and no children."""

    def loaded(*_words: Any, env: dict[str, str], **_more: Any) -> SimpleNamespace:
        folder = Path(env["BAOXUE_DATA_DIR"])
        (folder / "baoxue.db").write_text(next(halves))
        if not tries:
            (folder / "demo-unfinished").touch()  # as the command does
            raise KeyboardInterrupt
        return SimpleNamespace(stdout="cun01\tbaoxue-demo-2026\t村（社区）干部\t示范县城区康宁社区\n")

    halves, tries, served = iter(("half", "whole", "half")), list[int](), []
    monkeypatch.setattr(subprocess, "run", loaded)
    monkeypatch.setattr(run, "call", lambda *_words, **_environment: 0)
    monkeypatch.setattr(run, "stand_by", lambda *words, **_environment: served.append(words) or 0)

    with pytest.raises(KeyboardInterrupt):
        run.serve(["--data", str(tmp_path)], with_demo=True)
    assert not (tmp_path / "baoxue.db").exists() and not served
    tries.append(1)
    assert run.serve(["--data", str(tmp_path)], with_demo=True) == 0
    assert (tmp_path / "baoxue.db").read_text() == "whole" and len(served) == 1

    (own := tmp_path / "own").mkdir()
    (own / "keys").mkdir()  # of a store elsewhere: nothing takes their place
    tries.clear()
    with pytest.raises(KeyboardInterrupt):
        run.serve(["--data", str(own)], with_demo=True)
    for with_demo in (True, False):
        with pytest.raises(SystemExit, match="上次装载演示区时中断"):
            run.serve(["--data", str(own)], with_demo=with_demo)
    assert len(served) == 1, "nobody signs in there"


def test_a_demo_that_is_half_loaded_is_marked_and_a_register_never(
    empty: str, tmp_path: Path, cipher: FieldKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who breaks off a start beside a real register is not told to delete it."""

    def breaks_off(*_words: Any, **_more: Any) -> None:
        raise KeyboardInterrupt

    app = create_app(deployment(empty, tmp_path / "data"))
    mark = tmp_path / "data" / "demo-unfinished"
    try:
        command(app, "db", "upgrade")
        monkeypatch.setattr("seed.demo.seed_demo", breaks_off)
        command(app, "demo", "--if-empty", exit_code=1)
        assert mark.exists()
        mark.unlink()
        monkeypatch.setattr("seed.demo.holds_a_register", lambda _session: True)
        command(app, "demo", "--if-empty")
        command(app, "demo", exit_code=1)
        assert not mark.exists()
    finally:
        app.extensions["baoxue"].close()
        install_cipher(cipher.cipher())


def test_a_first_set_up_that_was_broken_off_is_begun_anew(
    run: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "VENV", tmp_path / ".venv")
    assert not run.has_pip(), "there is no environment"
    venv.create(tmp_path / ".venv", with_pip=False)
    assert run.python().exists() and not run.has_pip(), "its making was broken off"
    venv.create(tmp_path / ".venv", with_pip=True, clear=True)
    assert run.has_pip()


@pytest.fixture
def empty(store_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """Where a store lies in which nothing stands yet, of the same kind."""
    if store_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'baoxue.db'}"
    else:
        server = request.getfixturevalue("postgresql")
        name = server.create()
        yield server.address(name)
        server.drop(name)


def test_a_set_up_that_fails_says_why_and_not_to_do_it_first(empty: str, tmp_path: Path, cipher: FieldKeys) -> None:
    """Somebody has left a view there that bears the name of a table."""

    def at_the_store(statement: str) -> None:
        engine: Any = create_engine(empty)
        with engine.begin() as connection:
            connection.execute(text(statement))
        engine.dispose()

    at_the_store("CREATE VIEW household AS SELECT 1 AS id")
    app = create_app(deployment(empty, tmp_path / "data"))
    try:
        said = command(app, "db", "upgrade", exit_code=1)
        assert "没有建好或升级数据库的表。数据库说：" in said and "household" in said
        assert "数据库里还没有表" not in said
        assert "数据库里还没有表。请先运行 db upgrade" in command(app, "changes", "verify", exit_code=1), "who did not set up"

        at_the_store("DROP VIEW household")
        assert "数据库已是最新结构" in command(app, "db", "upgrade")
    finally:
        app.extensions["baoxue"].close()
        install_cipher(cipher.cipher())
