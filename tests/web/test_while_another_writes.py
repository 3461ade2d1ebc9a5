"""Two people at the very same moment, from their pages: what a page read when it began is over by the time that it has
waited for somebody else; and whoever only reads waits for nobody."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, select

from admin_app.access.permissions import Role
from admin_app.access.scope import ScopedSession
from admin_app.errors import Conflict
from admin_app.listing import Wanted
from admin_app.services import batches
from models.account import Account
from models.batch_run import BatchRun
from models.student import Student
from tests.conftest import actor
from tests.desk import PASSWORD, Desk
from tests.web.test_at_one_moment import AWHILE, POSTGRESQL
from tests.web.test_written_at_once import found


# --- a batch -----------------------------------------------------------------------------------------


@POSTGRESQL
@pytest.mark.parametrize("second", ["confirms it too", "fills in its form anew"])
def test_the_receipt_of_a_batch_stays_as_it_was_done(
        store: Engine, district: SimpleNamespace, district_application: Flask, monkeypatch: pytest.MonkeyPatch,
        second: str) -> None:
    """Two windows of one person. Both have read the batch as it was previewed when the one is confirmed."""
    who = replace(actor("城区主任", Role.ADMINISTRATOR, "990101400000"),
                  account_id=found(store, select(Account.id).where(Account.username == "城区主任")))
    with ScopedSession(store, who.scope, writing=True) as session:
        run = batches.choose(session, who, Wanted(Student, keys=(district.李明.id, district.王芳.id)), "suspect")
        batches.check(session, who, run, {"absent_since": date(2026, 9, 1)}, None, None)
        session.commit()
        number, digest = run.id, run.digest
    real, moved, read = batches._move, Event(), Event()

    def slowly(*said: Any) -> None:
        real(*said)
        moved.set()
        assert read.wait(10)
        time.sleep(AWHILE)

    def confirm() -> None:
        with ScopedSession(store, who.scope, writing=True) as session:
            batches.confirm(session, who, number, digest)

    def beside() -> None:
        assert moved.wait(10)
        with ScopedSession(store, who.scope, writing=True) as session:
            run = batches.run_of(session, who, number)
            read.set()
            with pytest.raises(Conflict, match="已经确认过了"):
                if second == "confirms it too":
                    batches.confirm(session, who, number, digest)
                else:
                    batches.check(session, who, run, {"absent_since": date(2026, 9, 2)}, None, None)

    monkeypatch.setattr(batches, "_move", slowly)
    with ThreadPoolExecutor(2) as pool:
        for run_ in [pool.submit(confirm), pool.submit(beside)]:
            run_.result(20)
    assert found(store, select(BatchRun.counts).where(BatchRun.id == number)) == {"chosen": 2, "fit": 2, "refused": 0}
    receipt = Desk(district_application).sign_in("城区主任", PASSWORD).open(f"/batches/{number}")
    assert "2026-09-01" in receipt.text and "当前状态是" not in receipt.text
