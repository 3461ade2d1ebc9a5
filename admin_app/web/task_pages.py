"""下载与任务: what goes on in the background, how far it is, and what came of it."""

from typing import Any

from flask import Blueprint, jsonify, render_template, url_for
from flask.typing import ResponseReturnValue

from admin_app import tasks
from admin_app.display import local_time
from admin_app.errors import NotFound
from admin_app.services.rules import number
from admin_app.web.context import actor, plant, session
from admin_app.web.downloads import stamped, workbook
from models.task import Task

pages = Blueprint("tasks", __name__, url_prefix="/tasks")
STATES = {tasks.QUEUED: ("排队中", "secondary"), tasks.RUNNING: ("进行中", "blue"), tasks.DONE: ("已完成", "green"),
          tasks.FAILED: ("没有完成", "red")}


@pages.get("/")
def own() -> ResponseReturnValue:
    """One's own tasks, newest first; looking at them silences the bell."""
    found = [_shown(task) for task in tasks.tasks_of(plant().engine, actor())]
    tasks.mark_seen(plant().engine, actor())
    return render_template("tasks.html", title="下载与任务", tasks=found, days=number(session(), "export_kept_days"))


@pages.get("/<int:id>")
def task(id: int) -> ResponseReturnValue:
    found = tasks.task_of(plant().engine, actor(), id)
    if found.finished_at:
        tasks.mark_seen(plant().engine, actor())
    return render_template("task.html", task=_shown(found), title=found.title, back=url_for("tasks.own"),
                           days=number(session(), "export_kept_days"))


@pages.get("/<int:id>/state")
def state(id: int) -> ResponseReturnValue:
    """How far a task is, for the page that waits."""
    shown = _shown(tasks.task_of(plant().engine, actor(), id))
    return jsonify({name: shown[name] for name in ("state", "text", "done", "total", "percent", "finished", "message")})


@pages.get("/<int:id>/file")
def file(id: int) -> ResponseReturnValue:
    found = tasks.task_of(plant().engine, actor(), id)
    name = (found.result or {}).get("path")
    path = plant().results / str(name)
    if name is None or not path.is_file():
        raise NotFound("文件已过保留期，或还没有做好。请重新导出。")
    return workbook(path, stamped(str(found.result["filename"]) if found.result else ""), keep=True)


def _shown(task: Task) -> dict[str, Any]:
    text, colour = STATES[task.state]
    result = task.result or {}
    there = "path" in result and (plant().results / str(result["path"])).is_file()
    return {
        "id": task.id, "title": task.title, "state": task.state, "text": text, "colour": colour, "done": task.done,
        "total": task.total, "percent": min(99, 100 * task.done // task.total) if task.total else 0,
        "finished": task.finished_at is not None, "message": task.message or "",
        "when": local_time(task.created_at), "ended": local_time(task.finished_at) if task.finished_at else "",
        "file_url": url_for("tasks.file", id=task.id) if there else None, "gone": "path" in result and not there,
        "batch_url": url_for("batches.preview", id=result["batch"]) if "batch" in result else None,
        "size": f"{max(1, result.get('size', 0) // 1024):,} KB", "url": url_for("tasks.task", id=task.id),
        "state_url": url_for("tasks.state", id=task.id),
    }
