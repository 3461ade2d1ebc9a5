"""An export as a task: the same sheet as the page gives at once, written by a worker."""

import secrets
from typing import Any

from admin_app.access.scope import ScopedSession, unscoped
from admin_app.changes.seal import fingerprint
from admin_app.exchange.exporter import Export, list_sheet
from admin_app.tasks import Work, kind


@kind("export")
def export(work: Work) -> dict[str, Any]:
    """Write the list to a file of its own; a second try writes another."""
    what, total = Export.from_dict(work.arguments["export"]), work.arguments["total"]
    with unscoped(work.engine, "the seal's fingerprint in the footer") as wide:
        mark = fingerprint(wide)
    work.results.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = work.results / f"{secrets.token_hex(16)}.xlsx"
    with ScopedSession(work.engine, work.actor.scope) as session:
        count = list_sheet(session, work.actor, what, path, fingerprint=mark,
                           progress=lambda done: work.progress(done, total))
    path.chmod(0o600)
    return {"message": f"已导出 {count:,} 条。", "path": path.name, "filename": what.filename,
            "size": path.stat().st_size}
