"""A cold start: from nothing to the first page of the list of students, and the memory of the idle server.

    python -m benchmarks.start [--store sqlite]

Product (signed in, everything switched on) and vanilla Flask-Admin turn by turn, each time in a new process, on the
same 10,000 children; medians.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.stores import memory, place, table

ROUNDS, CHILDREN = 7, 10_000


def one(what: str) -> None:
    """In a process of its own: import, make, ask once."""
    begun = perf_counter()
    url, token = os.environ["BENCHMARK_URL"], os.environ["BENCHMARK_TOKEN"]
    from benchmarks.others.browser import without_jar

    if what == "product":
        from admin_app import create_app
        from admin_app.settings import Deployment

        folder = Path(os.environ["BENCHMARK_FOLDER"])
        client = create_app(Deployment(folder, url, folder / "keys" / "secret.key",
                                       folder / "keys" / "field.keys")).test_client()
        client.set_cookie("baoxue", token)
        get = without_jar(client, "baoxue")
    else:
        from benchmarks.others import flask_admin_view

        get = flask_admin_view.make(url, 1)
    answer = get("/admin/student/")
    assert answer.status_code == 200, answer.status_code
    print(json.dumps({"seconds": perf_counter() - begun,
                      "megabytes": memory("VmRSS")}))


def main() -> None:
    if len(sys.argv) > 2 and sys.argv[1] == "--one":
        one(sys.argv[2])
        return
    from benchmarks.lists import school_of, tokens
    from benchmarks.registers import fill

    with place("sqlite") as where:
        url = where.fresh()
        fill(url, CHILDREN, school_of(where, url))
        environment = {**os.environ, "BENCHMARK_URL": url, "BENCHMARK_FOLDER": str(where.folder),
                       "BENCHMARK_TOKEN": tokens(where, url)["district"]}
        found: dict[str, list[dict[str, float]]] = {"product": [], "flask-admin": []}
        for _ in range(ROUNDS):
            for what, runs in found.items():
                command = [sys.executable, "-W", "ignore", "-m", "benchmarks.start", "--one", what]
                done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
                runs.append(json.loads(done.stdout.splitlines()[-1]))
        lines = [[what, *[f"{median(r[name] for r in runs):.2f}" for name in ("seconds", "megabytes")]]
                 for what, runs in found.items()]
        print("\nA cold start to the first page, sqlite, 10,000 students")
        print(table(("", "seconds", "MB"), lines))


if __name__ == "__main__":
    main()
