"""The one entry for a new machine: Python 3.11+ and nothing else.

    python3 run.py              set up, load the demo district on an empty data folder, serve it
    python3 run.py serve        set up and serve (--host, --port, --data DIR, --demo)
    python3 run.py test         set up and run the tests
    python3 run.py COMMAND …    any command of the application, such as `changes verify`

Standard library only: it makes `.venv`, installs `requirements.txt`, and hands over to the app.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
REQUIREMENTS = ROOT / "requirements.txt"
DEMO_PASSWORD = "baoxue-demo-2026"
UNFINISHED = "demo-unfinished"


def python() -> Path:
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def has_pip() -> bool:
    asked = [python(), "-m", "pip", "--version"]
    return python().exists() and subprocess.run(asked, check=False, capture_output=True).returncode == 0


def set_up() -> None:
    """Make the virtual environment, and bring it to `requirements.txt` when that has changed."""
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()
    mark = VENV / "installed"
    if mark.exists() and mark.read_text() == wanted and python().exists():
        return
    print("首次启动：正在准备运行环境（约需一两分钟）……", flush=True)
    if not has_pip():  # also where a first start was broken off
        venv.create(VENV, with_pip=True, clear=True)
    quiet = ["-qq", "--disable-pip-version-check", "--no-input"]
    subprocess.run([python(), "-m", "pip", "install", *quiet, "-r", str(REQUIREMENTS)], check=True)
    mark.write_text(wanted)


def variables(settings: dict[str, str]) -> dict[str, str]:
    """The environment of a command of the application."""
    return {**os.environ, "FLASK_APP": "admin_app", "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **settings}


def call(*words: str, check: bool = True, **settings: str) -> int:
    """Run a command of the application with the Python of `.venv`."""
    return subprocess.run([python(), "-m", *words], cwd=ROOT, env=variables(settings), check=check).returncode


def stand_by(*words: str, **settings: str) -> int:
    """Run the service until it ends, or until this process is told to end: then the service is told too."""
    child = subprocess.Popen([python(), "-m", *words], cwd=ROOT, env=variables(settings))
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    try:
        return child.wait()
    except KeyboardInterrupt:
        child.wait()
        return 0


def take(words: list[str], name: str, default: str) -> str:
    """Take `--name value` out of the words."""
    if name not in words:
        return default
    place = words.index(name)
    if place + 1 >= len(words):
        sys.exit(f"{name} 后面要跟一个值。")
    value = words[place + 1]
    del words[place:place + 2]
    return value


def serve(words: list[str], *, with_demo: bool) -> int:
    data = Path(take(words, "--data", os.environ.get("BAOXUE_DATA_DIR") or str(ROOT / "data"))).resolve()
    if "--demo" in words:
        words.remove("--demo")
        with_demo = True
    os.umask(0o077)  # what is written here is the owner's alone, also in a folder that others may look into
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings, accounts = {"BAOXUE_DATA_DIR": str(data)}, data / "demo-accounts.txt"
    if (data / UNFINISHED).exists():
        sys.exit(f"上次装载演示区时中断，{data} 里的数据不完整，不能使用。"
                 "请删除这个文件夹（用 PostgreSQL 的，换一个空的数据库）后再运行一次。")
    if with_demo and not accounts.exists():
        load_demo(data)
    prepare(data)
    if with_demo and accounts.exists():
        settings["BAOXUE_DEMO"] = "1"
        show_accounts(accounts.read_text("utf-8"))
    elif with_demo:
        print("这里已有登记，没有装载演示区。", flush=True)
    return stand_by("flask", "serve", *words, **settings)


def prepare(data: Path) -> None:
    """Bring the store to the tables of this code, where it or the code is new."""
    prepared, url = data / "schema.txt", os.environ.get("BAOXUE_DATABASE_URL", "")
    code = sorted(f for folder in ("admin_app", "models", "seed") for f in (ROOT / folder).rglob("*.py"))
    state = hashlib.sha256(url.encode() + b"".join(f.read_bytes() for f in code)).hexdigest()
    there = bool(url) or (data / "baoxue.db").exists()
    if not there or not prepared.exists() or prepared.read_text() != state:
        call("flask", "db", "upgrade", BAOXUE_DATA_DIR=str(data))
        prepared.write_text(state)


def load_demo(data: Path) -> None:
    """Load the demo on an empty store. In a new folder it is made aside and put into its place whole; elsewhere the
    command leaves a mark (`UNFINISHED`) as long as it is half loaded: its accounts have a public password."""
    fresh = not (os.environ.get("BAOXUE_DATABASE_URL") or (data / "baoxue.db").exists() or (data / "keys").exists())
    place = data / "demo-loading" if fresh else data
    if fresh:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(mode=0o700)
    prepare(place)
    print("正在装载演示区（虚构数据）……", flush=True)
    listing = subprocess.run(
        [python(), "-m", "flask", "demo", "--if-empty", "--password", DEMO_PASSWORD], cwd=ROOT, check=True,
        capture_output=True, text=True, encoding="utf-8", env=variables({"BAOXUE_DATA_DIR": str(place)})).stdout
    if listing:
        (place / "demo-accounts.txt").write_text(listing, "utf-8")
    if fresh:
        for file in sorted(place.iterdir(), key=lambda file: file.name == "baoxue.db"):  # which says that all is there
            file.replace(data / file.name)
        place.rmdir()


def show_accounts(listing: str) -> None:
    """One account for each role, and of administrators one for each place."""
    print("\n演示账号（数据均为虚构）：")
    shown: set[str] = set()
    for line in listing.splitlines():
        username, password, role, place = line.split("\t")
        kind = f"{role}{place}" if role == "区划管理员" else role
        if kind not in shown:
            shown.add(kind)
            print(f"  {username:<10} {password:<18} {role}（{place}）")
    print(flush=True)


def main(words: list[str]) -> int:
    if sys.version_info < (3, 11):
        sys.exit("需要 Python 3.11 或更高版本。")
    try:
        set_up()
        if not words:
            return serve([], with_demo=True)
        if words[0] == "serve":
            return serve(words[1:], with_demo=False)
        if words[0] == "test":
            return call("pytest", *words[1:], check=False)
        return call("flask", *words, check=False)
    except KeyboardInterrupt:
        print("\n已中断。再运行一次即可继续。", file=sys.stderr)
        return 130
    except OSError as fault:
        print(f"没有成功：{fault}。请检查磁盘空间和文件夹权限后重试。", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as fault:
        print(f"没有成功：{Path(str(fault.cmd[0])).name} {' '.join(map(str, fault.cmd[1:5]))}", file=sys.stderr)
        if fault.stderr:
            print(fault.stderr, file=sys.stderr)
        return fault.returncode or 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
