"""The queue that carries a task's number to a worker: huey, in a file beside SQLite or in PostgreSQL."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from huey import Huey, PostgresHuey, SqliteHuey, crontab
from sqlalchemy import make_url

_NAME = "baoxue"


def open_huey(database_url: str, data_dir: Path) -> Any:
    """The queue of a deployment."""
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        return SqliteHuey(_NAME, filename=str(data_dir / "queue.db"), results=False, timeout=10)
    return PostgresHuey(_NAME, dsn=url.set(drivername="postgresql").render_as_string(hide_password=False),
                        results=False)


class TaskQueue:
    """`put(number)` hands a task to a worker; `work()` is the worker, until it is stopped."""

    def __init__(self, huey: "Huey", run: Callable[[int], None], sweep: Callable[[], list[int]]) -> None:
        self._huey = huey
        self.put = huey.task(name="run")(run)

        def requeue() -> None:
            for number in sweep():
                self.put(number)

        self._requeue = requeue
        huey.periodic_task(crontab(minute="*"), name="sweep")(requeue)

    def close(self) -> None:
        """Let go of the queue's own connection."""
        self._huey.storage.close()

    def work(self) -> None:
        self._requeue()
        self._huey.create_consumer(workers=1, worker_type="thread", initial_delay=0.1, max_delay=2.0).run()


def end_with_parent() -> None:
    """End this process when the one that started it is gone, however it ended: what it reads from ends with it. On
    Windows a process keeps its parent's number for good."""

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def worker_beside() -> Iterator[None]:
    """A worker in a process of its own, so that a long export never slows a page; begun again when it
    dies, stopped with the service."""
    stopped = threading.Event()
    command = [sys.executable, "-m", "flask", "--app", "admin_app", "tasks", "work", "--beside"]

    def keep() -> None:
        while not stopped.is_set():
            with subprocess.Popen(command, stdin=subprocess.PIPE) as child:  # held open: see `end_with_parent`
                while child.poll() is None and not stopped.wait(0.5):
                    pass
                if child.poll() is None:
                    child.terminate()
                    try:
                        child.wait(timeout=10)
                    except subprocess.TimeoutExpired:
                        child.kill()
            stopped.wait(2)

    keeper = threading.Thread(target=keep)
    keeper.start()
    try:
        yield
    finally:
        stopped.set()
        keeper.join()
