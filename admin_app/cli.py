"""Commands: thin; each calls what the pages call, prints a count, and exits 0, 1 (refused) or 2 (usage).

`flask --app admin_app …`, or `python3 run.py …` which sets up first.
"""

import csv
import functools
import json
import secrets
import shutil
import signal
import sys
from collections.abc import Callable
from errno import EADDRINUSE
from pathlib import Path
from typing import Any

import click
from flask import Flask, current_app
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from admin_app import backup as backups
from admin_app import store
from admin_app.access.actor import Actor
from admin_app.access.field_keys import write_private
from admin_app.access.permissions import ROLE_LABELS, Role
from admin_app.access.scope import ScopedSession, unscoped
from admin_app.changes import seal as seals
from admin_app.changes.ledger import recording
from admin_app.collector import settle
from admin_app.errors import BaoxueError, Invalid
from admin_app.exchange import import_runs, importer
from admin_app.access.masking import Grade
from admin_app.exchange.exporter import OUTCOME_LABELS
from admin_app.exchange.sheet import place_of
from admin_app.exchange.sheets import sheet_named
from admin_app.services import account_list, accounts, rules
from admin_app.task_queue import end_with_parent, worker_beside
from admin_app.web import exports
from admin_app.web.context import Plant
from admin_app.web.server import listen
from models.import_run import ImportRow
from seed import code_tables, demo as demo_seed, divisions

WHOLE = "0" * 12


def _plant() -> Plant:
    return current_app.extensions["baoxue"]  # type: ignore[no-any-return]


def _machine() -> Actor:
    """The machine's own hand: set-up and loading, before or beside any account."""
    return Actor(0, "系统（命令行）", Role.SYSTEM_ADMIN, WHOLE, origin="command", request_id=secrets.token_hex(6))


def _as(username: str) -> Actor:
    """The actor that an account is under its first grant in force."""
    from datetime import date

    with unscoped(_plant().engine, "a command works as an account") as session:
        account = accounts.known_as(session, accounts.as_known(username))
        if account is None or account.disabled_at is not None:
            raise Invalid(f"没有可用的账号“{username}”。请用 account add 建立。")
        grants = accounts.grants_in_force(account.grants, date.today())
        if not grants:
            raise Invalid(f"账号“{username}”没有有效的授权。")
        return Actor(account.id, account.display_name, Role(grants[0].role), grants[0].region_code,
                     origin="command", request_id=secrets.token_hex(6))


def refusing(command: Callable[..., Any]) -> Callable[..., Any]:
    """A refusal is a sentence and exit code 1."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except BaoxueError as fault:
            click.echo(fault.message, err=True)
            raise SystemExit(1) from fault
        except DBAPIError as fault:
            if not store.is_empty(_plant().deployment.database_url):
                raise
            click.echo("数据库里还没有表。请先运行 db upgrade。", err=True)
            raise SystemExit(1) from fault

    return run


def install(app: Flask) -> None:
    for group in (db, regions, account, roster, changes, tasks):
        app.cli.add_command(group)
    for command in (demo, export, serve, backup, restore):
        app.cli.add_command(command)


@click.group(help="数据库结构。")
def db() -> None: ...


@db.command("upgrade", help="建表或升级到最新结构，并装载代码表。")
@refusing
def db_upgrade() -> None:
    try:
        prepare(_plant())
    except DBAPIError as fault:
        said = " ".join(str(fault.orig).split())
        raise BaoxueError(f"没有建好或升级数据库的表。数据库说：{said}。"
                          "请按它说的改正（多为数据库地址、权限或磁盘）后，再运行 db upgrade。") from fault
    click.echo("数据库已是最新结构。")


def prepare(plant: Plant) -> None:
    """Schema, triggers and policies, the whole country as the root of all divisions, code tables."""
    plant.engine.dispose()
    store.upgrade(plant.deployment.database_url)
    with unscoped(plant.engine, "set-up", writing=True) as session, recording(session, _machine(), "set_up"):
        divisions.load_whole_country(session)
        code_tables.load_code_tables(session)
        rules.load_rules(session)
    seals.seal(plant.engine, plant.keys)


@click.group(help="区划。")
def regions() -> None: ...


@regions.command("load", help="从 CSV 装载区划（区划代码,名称,级别）。")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@refusing
def regions_load(file: Path) -> None:
    found = divisions.read_divisions(file)
    with unscoped(_plant().engine, "divisions are for everybody", writing=True) as session, \
            recording(session, _machine(), "load", f"区划：{file.name}"):
        counts = divisions.load_divisions(session, found)
    _seal()
    click.echo(f"区划：新增 {counts.new}，更新 {counts.changed}，相同 {counts.same}。")
    if counts.absent:
        click.echo(f"有 {len(counts.absent)} 个原有区划不在文件中，没有改动：{'、'.join(counts.absent[:10])}", err=True)


@click.group(help="账号。")
def account() -> None: ...


@account.command("add", help="建一个账号并授权。")
@click.argument("name")
@click.option("--role", required=True, type=click.Choice([r.value for r in Role]))
@click.option("--region", required=True, help="区划代码（可只写前几位）或名称；0 表示全国")
@click.option("--display-name", default=None)
@click.option("--password", default=None, help="不给则自动生成并显示一次")
@click.option("--no-change", is_flag=True, help="首次登录不强制修改密码")
@refusing
def account_add(name: str, role: str, region: str, display_name: str | None, password: str | None,
                no_change: bool) -> None:
    with unscoped(_plant().engine, "an account is made on the machine", writing=True) as session, \
            recording(session, _machine(), "account:create"):
        made = accounts.make_account(
            session, _machine(), username=name, display_name=display_name or name, role=role,
            region=accounts.region_named(session, region), password=password, must_change=not no_change)
        last = made.account.grants[0].until
    _seal()
    what = ROLE_LABELS[Role(role)] + (f"，到 {last} 为止" if last else "")
    click.echo(f"已建账号 {name}（{what}）。" + ("" if password else f"初始密码：{made.password}"))


@account.command("load", help="从名单建账号（用户名、姓名、角色、区划、失效日期），全部成功才写入。")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as", "username", default=None, help="以哪个账号的权限；不给则为系统")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default=None, help="把初始密码写入 CSV")
@refusing
def account_load(file: Path, username: str | None, out: Path | None) -> None:
    actor = _as(username) if username else _machine()
    wanted = account_list.read_account_list(file, file.name)
    if out:
        try:
            write_private(out, "")  # before anything is made: the passwords are shown but once
        except OSError as fault:
            raise Invalid(f"不能写入 {out}：{fault.strerror}。请换一个还没有的文件名。") from fault
    try:
        with ScopedSession(_plant().engine, actor.scope, writing=True) as session:
            made = account_list.load(session, actor, wanted, f"账号：{file.name}")
            lines = [(m.account.username, m.account.display_name, m.password) for m in made]
    except BaseException:
        if out:
            out.unlink()
        raise
    _seal()
    if out:
        with out.open("w", encoding="utf-8-sig", newline="") as sheet:
            csv.writer(sheet).writerows([("用户名", "姓名", "初始密码"), *lines])
    else:
        for line in lines:
            click.echo("\t".join(line))
    click.echo(f"已建 {len(lines)} 个账号。")


@click.group(help="花名册。")
def roster() -> None: ...


@roster.command("import", help="导入适龄儿童花名册。")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as", "username", required=True)
@click.option("--dry-run", is_flag=True, help="只核对，不写入")
@click.option("--json", "as_json", is_flag=True)
@refusing
def roster_import(file: Path, username: str, dry_run: bool, as_json: bool) -> None:
    actor = _as(username)
    with ScopedSession(_plant().engine, actor.scope, writing=True) as session:
        run = importer.check(session, actor, sheet_named("roster"), file, file.name)
        rows = session.scalars(select(ImportRow).where(ImportRow.run_id == run.id).order_by(ImportRow.id))
        report: dict[str, Any] = {"counts": run.counts, "changed": run.changed or {}, "notes": run.notes,
                                  "passed_over": run.passed_over or [],
                                  "lacking": import_runs.lacking_of(run), "rows": [
            {**({"sheet": r.tab} if r.tab else {}), "row": r.excel_row, "outcome": r.outcome,
             "messages": [{k: m[k] for k in ("column", "level", "text")} for m in r.messages]} for r in rows]}
        number, digest = run.id, run.plan_digest
        if dry_run:
            session.rollback()
        else:
            session.commit()
            if import_runs.has_something(run):
                importer.confirm(session, actor, number, digest)
    _seal()
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False))
        return
    for note in report["notes"]:
        click.echo(note)
    if passed_over := "、".join(report["passed_over"]):
        click.echo(f"这些列没有导入：{passed_over}。认不出的请改成模板上的列名。")
    if lacking := "、".join(report["lacking"]):
        click.echo(f"名单里没有这些列：{lacking}。新登记的这些项留空。")
    for row in report["rows"]:
        for message in row["messages"]:
            click.echo(f"{place_of(row.get('sheet'), row['row'])} [{OUTCOME_LABELS[row['outcome']]}] "
                       f"{message['column']}：{message['text']}")
    if changed := "、".join(f"{label} {count} 条" for label, count in report["changed"].items()):
        click.echo(f"更新的行改动的项：{changed}。")
    counts = report["counts"]
    click.echo("，".join(f"{label} {counts[key]}" for key, label in OUTCOME_LABELS.items())
               + f"，有提醒 {counts['warned']}" + ("（未写入）" if dry_run else ""))


@click.command(help="导出一个台账的清单。SHEET 为台账的表名，如 student。")
@click.argument("sheet")
@click.option("--as", "username", required=True)
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--grade", type=click.Choice([g.value for g in Grade]), default=Grade.WORKING.value, show_default=True,
              help="masked 脱敏、working 工作用、full 报送（须写 --reason）")
@click.option("--reason", default=None, help="用途，印在报送表上并记入变更台账")
@click.option("--query", default="", help="只导出符合条件的：列表网址中“?”之后的部分，如 schooling_state=suspected")
@refusing
def export(sheet: str, username: str, out: Path, grade: str, reason: str | None, query: str) -> None:
    actor = _as(username)
    view = next((v for v in current_app.extensions["baoxue_views"] if v.endpoint == sheet), None)
    if view is None:
        raise Invalid(f"没有台账“{sheet}”。")
    path, count = exports.by_command(view, actor, query, Grade(grade), reason)
    shutil.move(path, out)
    click.echo(f"已导出 {count:,} 条到 {out}")


@click.group(help="变更台账。")
def changes() -> None: ...


@changes.command("verify", help="证明台账完整；不完整时指出第一条被改动的记录。")
@click.option("--json", "as_json", is_flag=True)
@click.option("--seal", "paper", default=None, help="核对纸质表格页脚上的封存指纹")
@refusing
def changes_verify(as_json: bool, paper: str | None) -> None:
    verdict = seals.verify(_plant().engine, _plant().keys, paper=paper)
    if as_json:
        click.echo(json.dumps({
            "whole": verdict.whole, "fault": verdict.fault, "seals": verdict.seals, "changes": verdict.changes,
            "rows": verdict.rows, "unsealed": verdict.unsealed, "fingerprint": verdict.fingerprint},
            ensure_ascii=False))
    elif verdict.whole:
        click.echo(f"台账完整：{verdict.seals} 个封存，{verdict.changes} 次变更，{verdict.rows} 条明细；"
                   f"未封存 {verdict.unsealed} 次；最新指纹 {verdict.fingerprint or '—'}。")
    else:
        click.echo(f"台账不完整。第一处：{verdict.fault}。请保护现场，勿再写入，并报告系统管理员。", err=True)
    if not verdict.whole:
        raise SystemExit(1)


@changes.command("seal", help="封存尚未封存的变更（平时自动进行）。")
@refusing
def changes_seal() -> None:
    click.echo(f"已封存 {_seal()} 次变更。")


@click.command(help="装载虚构的演示区。")
@click.option("--children", default=2000, type=click.IntRange(30, 200_000))
@click.option("--seed", default=20260901, type=int)
@click.option("--password", default=None, help="所有演示账号共用的密码；不给则各自随机、首次登录须修改")
@click.option("--if-empty", is_flag=True, help="已有登记时什么都不做")
@refusing
def demo(children: int, seed: int, password: str | None, if_empty: bool) -> None:
    mark = _plant().deployment.data_dir / "demo-unfinished"  # `run.py` serves no half-loaded demo
    with unscoped(_plant().engine, "whether anybody works here") as session:
        held = demo_seed.holds_a_register(session)
    if held and if_empty:
        return
    if not held:
        mark.touch()
    for a in demo_seed.seed_demo(_plant().engine, children=children, seed=seed, password=password):
        click.echo(f"{a.username}\t{a.password}\t{a.role_label}\t{a.region_name}")
    _seal()
    mark.unlink(missing_ok=True)


@click.command(help="把数据库和附件备份到一个文件（不含密钥）。")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@refusing
def backup(file: Path) -> None:
    size = backups.backup(_plant().deployment, _plant().keys, file)
    with unscoped(_plant().engine, "who took everything away", writing=True) as session, \
            recording(session, _machine(), "backup", f"备份到 {file.name}", kept=True):
        pass
    _seal()
    click.echo(f"已备份到 {file}（{size / 1e6:.1f} MB）。密钥不在其中，请另行妥善保存："
               f"{_plant().deployment.field_key_file}")


@click.command(help="把备份恢复到空的数据目录或数据库。")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@refusing
def restore(file: Path) -> None:
    _plant().engine.dispose()
    backups.restore(_plant().deployment, _plant().keys, file)
    click.echo("已恢复。请启动服务；可用 changes verify 检查。")


@click.command(help="启动服务。")
@click.option("--host", default="127.0.0.1")
@click.option("--port", default=8000, type=click.IntRange(1, 65535))
@refusing
def serve(host: str, port: int) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that the worker is stopped with the service
    settle()
    try:
        application = current_app._get_current_object()  # type: ignore[attr-defined]
        server = listen(application, _plant().deployment, host, port)
    except OSError as fault:
        why = "端口已被占用" if fault.errno == EADDRINUSE else fault.strerror
        raise Invalid(f"不能在 {host}:{port} 上启动：{why}。请先停掉占用它的程序，或用 --port 换一个端口。") from fault
    with worker_beside():
        click.echo(f"保学已启动：http://{host}:{port}（Ctrl+C 停止）")
        server.run()


@click.group(help="后台任务。")
def tasks() -> None: ...


@tasks.command("work", help="执行后台任务，直到停止（serve 会自动启动它）。")
@click.option("--beside", is_flag=True, hidden=True, help="随启动它的服务一起结束")
@refusing
def tasks_work(beside: bool) -> None:
    if beside:
        end_with_parent()
    queue = _plant().queue
    settle()
    queue.work()


@tasks.command("run", help="执行一个任务，如排查故障时。")
@click.argument("number", type=int)
@refusing
def tasks_run(number: int) -> None:
    _plant().run_task(number)


def _seal() -> int:
    return seals.seal(_plant().engine, _plant().keys)
