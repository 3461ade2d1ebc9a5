"""Backup and restore: the database and the attachments in one file. The keys are never in it.

Whoever holds the file without the keys cannot read an identity number; whoever loses the keys cannot
either. So keys are kept apart, and the command says so.
"""

import os
import shutil
import sqlite3
import subprocess
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import IO

from sqlalchemy import make_url, text

from admin_app import store
from admin_app.access.field_keys import FieldKeys
from admin_app.access.postgresql_wall import APPLICATION_ROLE
from admin_app.errors import Invalid
from admin_app.settings import Deployment

_DATABASE, _KEYS, _FILES = "database", "keys", "attachments/"
# pg_dump reads through the policies as the owner does: with the whole range open.
_WHOLE_RANGE = " ".join(
    f"-c app.{name}={value}"
    for name, value in (("office_lo", ""), ("office_hi", ":"), ("child_lo", ""), ("child_hi", ":"), ("system", "on"))
)


def backup(deployment: Deployment, keys: FieldKeys, target: Path) -> int:
    """Write one file with everything but the keys, and the fingerprint of these; gives its size in bytes. The service
    may go on working meanwhile. Raises Invalid when the file exists, nothing is there to back up, or pg_dump is
    missing."""
    if target.exists():
        raise Invalid(f"{target} 已存在。请换一个文件名，备份不覆盖旧文件。")
    if not store.is_set_up(deployment.database_url):  # of a wrong folder a file would come that holds nothing
        raise Invalid(f"没有可备份的数据：这里的数据库还没有建好。请核对数据目录（现在是 {deployment.data_dir}）和 "
                      "BAOXUE_DATABASE_URL，指到正在使用的那一个后再备份。")
    with tempfile.TemporaryDirectory(prefix="baoxue-backup-") as folder:
        dumped = Path(folder) / _DATABASE
        if _sqlite(deployment):
            _copy_sqlite(Path(str(make_url(deployment.database_url).database)), dumped)
        else:
            _postgresql(deployment, "pg_dump", "--format=custom", "--enable-row-security", f"--file={dumped}")
        # The owner's alone from its first byte on. Closed before it is moved or taken away: Windows refuses either.
        opened, partial = tempfile.mkstemp(prefix=f"{target.name}.", suffix=".partial", dir=target.parent)
        try:
            with os.fdopen(opened, "wb") as file:
                _pack(file, dumped, deployment.data_dir / "attachments", keys)
            os.replace(partial, target)
        except BaseException:
            os.unlink(partial)
            raise
    return target.stat().st_size


def _pack(file: IO[bytes], dumped: Path, attachments: Path, keys: FieldKeys) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(dumped, _DATABASE)
        archive.writestr(_KEYS, keys.fingerprint)
        for path in sorted(attachments.rglob("*")):
            if path.is_file() and not path.name.startswith("incoming-"):
                archive.write(path, _FILES + path.relative_to(attachments).as_posix())


def restore(deployment: Deployment, keys: FieldKeys, source: Path) -> None:
    """Bring a backup into an empty store, which is empty still where that did not succeed: the database comes last, and
    whole or not at all. Raises Invalid: not a backup, a damaged one, the store holds data, or it has other keys."""
    try:
        archive = zipfile.ZipFile(source)
        archive.getinfo(_DATABASE)
    except (zipfile.BadZipFile, KeyError) as fault:
        raise Invalid(f"{source} 不是保学的备份文件。") from fault
    try:
        _bring(deployment, keys, archive)
    except (zipfile.BadZipFile, zlib.error, EOFError) as fault:
        raise Invalid(f"{source} 已损坏（{fault}），没有恢复。请换一份备份，或从别的存放处重新复制这一份。") from fault


def _bring(deployment: Deployment, keys: FieldKeys, archive: zipfile.ZipFile) -> None:
    if not store.is_empty(deployment.database_url):
        raise Invalid("数据库里已有数据，恢复会覆盖它。请指定一个空的数据目录或空的数据库。")
    if _KEYS in archive.namelist() and archive.read(_KEYS).decode("ascii", "replace") != keys.fingerprint:
        raise Invalid(f"这份备份是用别的密钥封存的，没有恢复。请先把备份时的密钥文件复制到 {deployment.field_key_file}"
                      "（这里的密钥还没有封存过数据，可以覆盖），再恢复一次。")
    with archive, tempfile.TemporaryDirectory(prefix="baoxue-restore-") as folder:
        dumped = Path(archive.extract(_DATABASE, folder))
        for name in archive.namelist():
            if name.startswith(_FILES):
                archive.extract(name, deployment.data_dir)  # zipfile strips '..' and roots
        if _sqlite(deployment):
            standing = Path(str(make_url(deployment.database_url).database))
            partial = standing.with_name(f"{standing.name}.partial")
            shutil.copyfile(dumped, partial)
            os.replace(partial, standing)
        else:
            _make_role(deployment)
            _postgresql(deployment, "pg_restore", "--no-owner", "--single-transaction", str(dumped))
    (deployment.data_dir / "schema.txt").unlink(missing_ok=True)  # of an older schema, perhaps: `run.py` upgrades it


def _sqlite(deployment: Deployment) -> bool:
    return make_url(deployment.database_url).get_backend_name() == "sqlite"


def _copy_sqlite(source: Path, target: Path) -> None:
    """SQLite's online backup in one step: beside a writer, a step-by-step one starts again for ever."""
    with sqlite3.connect(source) as standing, sqlite3.connect(target) as copy:
        standing.backup(copy, pages=-1)
    copy.close()
    standing.close()


def _make_role(deployment: Deployment) -> None:
    engine = store.owner_engine(deployment.database_url)
    with engine.begin() as connection:
        if not connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :r"), {"r": APPLICATION_ROLE}):
            connection.execute(text(f"CREATE ROLE {APPLICATION_ROLE} NOLOGIN"))
    engine.dispose()


def _postgresql(deployment: Deployment, program: str, *words: str) -> None:
    found = shutil.which(program)
    if found is None:
        raise Invalid(f"没有找到 {program}。请安装 PostgreSQL 客户端（Debian：postgresql-client）后再试。")
    url = make_url(deployment.database_url)
    address = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    environment = {**os.environ, "PGPASSWORD": str(url.password or ""), "PGOPTIONS": _WHOLE_RANGE}
    command = [found, f"--dbname={address}", *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Invalid(f"{program} 没有成功：{done.stderr.strip().splitlines()[-1] if done.stderr else done.returncode}")
