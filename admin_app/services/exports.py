"""The sheet of an export: the same for the page, the command and the worker."""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from admin_app.access.actor import Actor
from admin_app.access.scope import ScopedSession, unscoped
from admin_app.changes.seal import fingerprint
from admin_app.exchange.exporter import Export, list_sheet
from admin_app.tasks import Work, kind


def write(engine: Engine, actor: Actor, what: Export, path: Path,
          progress: Callable[[int], None] = lambda _done: None) -> int:
    """Write the list with the ledger's fingerprint in its footer; gives how many rows. Raises Refused, Invalid."""
    with unscoped(engine, "the seal's fingerprint in the footer") as wide:
        mark = fingerprint(wide)
    with ScopedSession(engine.execution_options(one_state=True), actor.scope) as session:
        return list_sheet(session, actor, what, path, fingerprint=mark, progress=progress)


@kind("export")
def export(work: Work) -> dict[str, Any]:
    """Write the list to a file of its own; a second try writes another."""
    what, total = Export.from_dict(work.arguments["export"]), work.arguments["total"]
    work.results.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = work.results / f"{secrets.token_hex(16)}.xlsx"
    count = write(work.engine, work.actor, what, path, lambda done: work.progress(done, total))
    path.chmod(0o600)
    return {"message": f"已导出 {count:,} 条。", "path": path.name, "filename": what.filename,
            "size": path.stat().st_size}
