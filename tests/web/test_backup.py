"""A backup brings everything back but the keys, on both stores, and never writes over anything."""

import os
import shutil
import stat
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from admin_app import backup as backups
from admin_app import create_app
from admin_app.access.field_keys import KeyFault
from admin_app.access.actor import Actor
from admin_app.access.permissions import Role
from admin_app.access.scope import unscoped
from admin_app.services import accounts
from admin_app.store import is_empty, upgrade
from models.change import Change
from models.kinds import install_cipher
from models.task import Task
from models.region import Region
from tests.desk import PASSWORD, Desk, command, deployment
from tests.web.staff import by_the_machine

JPEG = b"\xff\xd8\xff\xe0" + b"photo" * 20


@pytest.fixture
def elsewhere(store_url, tmp_path, request):
    """Where an empty store lies, of the same kind."""
    if store_url.startswith("sqlite"):
        (tmp_path / "elsewhere").mkdir()
        yield f"sqlite:///{tmp_path / 'elsewhere' / 'baoxue.db'}"
    else:
        server = request.getfixturevalue("postgresql")
        name = server.create()
        yield server.address(name)
        server.drop(name)


def test_what_was_backed_up_comes_back_and_goes_on(district_application, district, elsewhere, tmp_path, cipher):
    officer = Desk(district_application).sign_in("康宁网格员", PASSWORD)
    officer.open(f"/admin/student/details/?id={district.李明.id}")
    officer.press("上传", file=("入户.jpg", JPEG))
    command(district_application, "backup", tmp_path / "备份.zip")
    command(district_application, "backup", tmp_path / "备份.zip", exit_code=1)

    here, there = district_application.extensions["baoxue"].deployment, deployment(elsewhere, tmp_path / "elsewhere")
    shutil.copytree(here.data_dir / "keys", there.data_dir / "keys")
    again = create_app(there)
    try:
        command(again, "restore", tmp_path / "备份.zip")
        assert "已有数据" in command(again, "restore", tmp_path / "备份.zip", exit_code=1)
        upgrade(elsewhere)

        desk = Desk(again).sign_in("康宁网格员", PASSWORD)
        assert [row["姓名"] for row in desk.open("/admin/student/?search=李").table("姓名")] == ["李明"]
        page = desk.open(f"/admin/student/details/?id={district.李明.id}")
        assert desk.open(page.link("入户.jpg")).bytes == JPEG
        desk.open(f"/admin/student/edit/?id={district.李明.id}")
        desk.press("保存", note="恢复后接着用")
        assert "台账完整" in command(again, "changes", "verify")
    finally:
        again.extensions["baoxue"].close()
        install_cipher(cipher.cipher())


def test_a_backup_is_not_brought_back_under_other_keys(district_application, elsewhere, tmp_path, cipher):
    command(district_application, "backup", tmp_path / "备份.zip")
    again = create_app(deployment(elsewhere, tmp_path / "elsewhere"))
    try:
        assert "是用别的密钥封存的，没有恢复" in command(again, "restore", tmp_path / "备份.zip", exit_code=1)
        assert is_empty(elsewhere)
    finally:
        again.extensions["baoxue"].close()
        install_cipher(cipher.cipher())


def test_keys_that_are_lost_are_not_made_anew_over_what_was_sealed(district_application, district, cipher):
    """李明 would be registered again, under the same identity number, and nobody could ever tell."""
    here = district_application.extensions["baoxue"].deployment
    away = here.field_key_file.rename(here.field_key_file.with_suffix(".away"))
    with pytest.raises(KeyFault, match="请把原来的密钥文件放回这里再启动"):
        create_app(here)
    assert not here.field_key_file.exists()
    away.rename(here.field_key_file)
    again = create_app(here)
    install_cipher(cipher.cipher())
    again.extensions["baoxue"].close()


def test_what_the_product_writes_is_its_owners_alone(district_application, district, elsewhere, tmp_path, cipher):
    officer = Desk(district_application).sign_in("康宁网格员", PASSWORD)
    officer.open(f"/admin/student/details/?id={district.李明.id}")
    officer.press("上传", file=("入户.jpg", JPEG))
    command(district_application, "backup", tmp_path / "备份.zip")
    here, there = district_application.extensions["baoxue"].deployment, deployment(elsewhere, tmp_path / "elsewhere")
    shutil.copytree(here.data_dir / "keys", there.data_dir / "keys")
    again = create_app(there)
    try:
        command(again, "restore", tmp_path / "备份.zip")
    finally:
        again.extensions["baoxue"].close()
        install_cipher(cipher.cipher())
    written = [tmp_path / "备份.zip", *(tmp_path / "elsewhere" / "attachments").rglob("*"), *(tmp_path / "elsewhere").glob("*.db")]
    assert len(written) >= 3 and not [path for path in written if stat.S_IMODE(path.stat().st_mode) & 0o077]


def test_nothing_is_backed_up_from_a_folder_that_was_never_set_up(tmp_path, cipher):
    """吴工 is in the wrong folder: he would keep a file that holds nothing, and believe that he has a backup."""
    here, store_file = tmp_path / "here", tmp_path / "here" / "baoxue.db"
    application = create_app(deployment(f"sqlite:///{store_file}", here))
    try:
        said = command(application, "backup", tmp_path / "备份.zip", exit_code=1)
        assert "没有可备份的数据" in said and str(here) in said
        assert not store_file.exists() and not (tmp_path / "备份.zip").exists()
        command(application, "db", "upgrade")
        command(application, "backup", tmp_path / "备份.zip")  # the control
    finally:
        application.extensions["baoxue"].close()
        install_cipher(cipher.cipher())


@pytest.mark.parametrize("fault", [None, OSError("disk full")], ids=["it went well", "it did not"])
def test_a_backup_is_closed_before_it_is_moved_or_taken_away(application, tmp_path, monkeypatch, fault):
    """Windows lets nobody move or remove a file that is open."""
    packing, touched, real = [], [], backups._pack

    def pack(file, *given):
        packing.append(file)
        real(file, *given)
        if fault:
            raise fault

    def once_closed(act):
        def closed(path, *to, **how):
            if str(path).endswith(".partial"):
                touched.append(packing[0].closed)
            return act(path, *to, **how)
        return closed

    monkeypatch.setattr(backups, "_pack", pack)
    for name in ("replace", "unlink"):
        monkeypatch.setattr(os, name, once_closed(getattr(os, name)))
    here = application.extensions["baoxue"]
    with pytest.raises(OSError, match="disk full") if fault else nullcontext():
        backups.backup(here.deployment, here.keys, tmp_path / "备份.zip")
    assert touched == [True]
    assert [p.name for p in tmp_path.glob("备份*")] == ([] if fault else ["备份.zip"])


def test_a_file_that_is_no_backup_is_refused_with_a_sentence(application, tmp_path):
    (tmp_path / "照片.zip").write_bytes(JPEG)
    assert "不是保学的备份文件" in command(application, "restore", tmp_path / "照片.zip", exit_code=1)


@pytest.fixture
def every_village_kept(district_application, district):
    """晕山 has an officer too."""
    machine = Actor(0, "机房", Role.SYSTEM_ADMIN, "0" * 12)
    with by_the_machine(district_application.extensions["baoxue"].engine, "the officer of 晕山") as session:
        place = session.scalars(select(Region).where(Region.code == district.晕山)).one()
        accounts.make_account(session, machine, username="晕山网格员", display_name="晕山网格员", role="village_officer",
                              region=place, password=PASSWORD, must_change=False)


def test_a_village_that_nobody_keeps_waits_for_an_account(district_application, district, request):
    """晕山 has no officer: who makes accounts is told, and finds it in the list to fill in."""
    system, director = (Desk(district_application).sign_in(who, PASSWORD) for who in ("机房小吴", "城区主任"))
    for desk in (system, director):
        desk.open(next(href for text, href in desk.open("/").links if "还没有村干部账号的村（社区）" in text))
        assert "还没有村（社区）干部账号的 1 个村（社区）" in desk.page.text
    request.getfixturevalue("every_village_kept")
    assert "还没有村干部账号" not in system.open("/").text + director.open("/").text


@pytest.mark.usefixtures("every_village_kept")
def test_the_machines_administrator_reads_how_the_machine_is(district_application, district, tmp_path):
    system = Desk(district_application).sign_in("机房小吴", PASSWORD)
    before = system.open("/").text
    assert "还没有用本系统备份过" in before and "请在服务器上运行" in before

    command(district_application, "backup", tmp_path / "备份.zip")

    after = system.open("/").text
    assert "今天之内" in after and "请在服务器上运行" not in after
    assert "封存到第" in after and "没有积压" in after
    assert "李明" not in after and "本周无待办" in after
    director = Desk(district_application).sign_in("城区主任", PASSWORD)
    assert "系统状况" not in director.open("/").text


@pytest.mark.usefixtures("every_village_kept")
def test_what_is_wrong_with_the_machine_is_said_with_what_to_do(district_application, district, monkeypatch):
    """An old backup, a full disk, a worker that does not work, and a task that failed."""
    engine, now = district_application.extensions["baoxue"].engine, datetime.now(UTC)
    asked = {"account_id": 1, "role": "administrator", "region_code": "990101400000", "kind": "export", "title": "导出",
             "arguments": "{}", "created_at": now - timedelta(hours=1)}
    with unscoped(engine, "a machine in trouble", writing=True) as session:
        session.add_all([
            Change(at=now - timedelta(days=30), actor="系统（命令行）", role="system_admin", origin="command", verb="backup",
                   request_id="", region_code="0" * 12),
            Task(**asked, state="queued"), Task(**asked, state="failed", finished_at=now)])
        session.commit()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000))

    page = Desk(district_application).sign_in("机房小吴", PASSWORD).open("/").text

    for said in ("30 天前", "可用 0.0 GB", "空间快用完了", "1 个任务等了半分钟以上", "请重新启动服务", "近七天 1 个", "1 次还没有封存"):
        assert said in page, said
    assert page.count("请处理") == 5
    assert "除上面的系统状况以外，没有别的待办" in page and "本周无待办" not in page, "one page does not say both"


@pytest.mark.parametrize("fault", ["killed", "damaged"])
def test_a_restore_that_did_not_succeed_leaves_the_store_empty(
        district_application, district, elsewhere, tmp_path, cipher, monkeypatch, fault):
    """In the worst hour: 吴工 tries the next copy, and the store must not say that it holds data already."""
    here, there = district_application.extensions["baoxue"].deployment, deployment(elsewhere, tmp_path / "elsewhere")
    command(district_application, "backup", tmp_path / "备份.zip")
    shutil.copytree(here.data_dir / "keys", there.data_dir / "keys")
    again = create_app(there)
    try:
        with monkeypatch.context() as patched:
            if fault == "damaged":
                whole = bytearray((tmp_path / "备份.zip").read_bytes())
                whole[len(whole) // 3] ^= 0xFF
                (tmp_path / "坏.zip").write_bytes(whole)
                said = command(again, "restore", tmp_path / "坏.zip", exit_code=1)
                assert "已损坏" in said and "没有恢复" in said
            elif elsewhere.startswith("sqlite"):
                patched.setattr(shutil, "copyfile", lambda source, target: most_of(source, target, OSError("killed")))
                with pytest.raises(OSError, match="killed"):
                    backups.restore(there, again.extensions["baoxue"].keys, tmp_path / "备份.zip")
            else:
                real = backups._postgresql
                patched.setattr(backups, "_postgresql", lambda deployment, program, *words: (
                    most_of(words[-1], words[-1]), real(deployment, program, *words)))
                assert "没有成功" in command(again, "restore", tmp_path / "备份.zip", exit_code=1)
        assert is_empty(elsewhere)
        command(again, "restore", tmp_path / "备份.zip")
        upgrade(elsewhere)
        assert Desk(again).sign_in("康宁网格员", PASSWORD).open("/admin/student/?search=李").table("姓名")
    finally:
        again.extensions["baoxue"].close()
        install_cipher(cipher.cipher())


def most_of(source, target, then=None):
    """Most of a file is written: tables stand by then."""
    whole = Path(source).read_bytes()
    Path(target).write_bytes(whole[:len(whole) * 19 // 20])
    if then:
        raise then
