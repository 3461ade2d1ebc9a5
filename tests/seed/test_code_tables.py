"""The official code tables: complete, well-formed, added without overwriting."""

from collections import Counter

import pytest
from sqlalchemy import Engine, func, select

from admin_app.access.actor import Actor
from admin_app.access.permissions import ROLE_LABELS
from admin_app.access.scope import ScopedSession
from admin_app.changes.ledger import recording
from models.base import models, table_of
from models.code_item import CodeItem
from seed.code_tables import TABLES, load_code_tables, table_named

SQLITE = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)


def load(engine: Engine, actor: Actor) -> int:
    with (ScopedSession(engine, actor.scope, writing=True) as session,
          recording(session, actor, "load")):
        return load_code_tables(session)


def labels(name: str) -> dict[str, str]:
    return {item.code: item.label for item in table_named(name).codes}


def test_every_column_with_codes_has_its_table() -> None:
    wanted = {
        column.info["field"].codes
        for model in models() for column in table_of(model).columns
        if column.info["field"].codes
    }

    assert wanted - {table.name for table in TABLES} == set()
    assert len(wanted) >= 17  # the question was asked of something


def test_no_table_and_no_code_stands_twice_and_every_item_names_its_standard() -> None:
    assert Counter(table.name for table in TABLES).most_common(1)[0][1] == 1
    for table in TABLES:
        assert table.codes and table.title and table.standard
        assert Counter(item.code for item in table.codes).most_common(1)[0][1] == 1, table.name
        assert Counter(item.label for item in table.codes).most_common(1)[0][1] == 1, table.name


def test_the_colour_of_every_item_is_one_that_the_office_can_choose() -> None:
    words = {item.code for item in table_named("tag_colour").codes}

    assert {item.colour for table in TABLES for item in table.codes if item.colour} == words


def test_the_fifty_six_ethnic_groups_and_two_more() -> None:
    groups = table_named("ethnic_group").codes

    assert [item.code for item in groups] == [f"{n:02d}" for n in range(1, 57)] + ["97", "98"]
    assert len({item.mapping for item in groups[:56]}) == 56
    assert labels("ethnic_group")["01"] == "汉族"
    assert labels("ethnic_group")["56"] == "基诺族"


def test_left_behind_is_held_in_both_official_meanings() -> None:
    groups = labels("special_group")

    assert [code for code, label in groups.items() if "教育口径" in label] == ["11", "12"]
    assert [code for code, label in groups.items() if "民政口径" in label] == ["15"]


def test_words_of_poverty_relief_are_stopped_and_lead_to_those_of_today() -> None:
    kinds = {item.code: item for item in table_named("hardship_kind").codes}
    stopped = [item for item in kinds.values() if item.valid_until]

    assert {item.label for item in stopped} >= {"建档立卡贫困户", "农村五保户"}
    for item in stopped:
        assert item.mapping in kinds and kinds[item.mapping].valid_until is None, item.label
    assert kinds["10"].label == "脱贫户"


def test_roles_are_those_of_the_permission_table() -> None:
    assert labels("role") == {role.value: label for role, label in ROLE_LABELS.items()}


def test_loading_adds_what_is_missing_and_overwrites_nothing(
    engine: Engine, 系统管理员: Actor
) -> None:
    everything = sum(len(table.codes) for table in TABLES)

    assert load(engine, 系统管理员) == everything
    with (ScopedSession(engine, 系统管理员.scope, writing=True) as session,
          recording(session, 系统管理员, "edit")):
        changed = session.scalars(select(CodeItem).where(
            CodeItem.code_table == "post_kind", CodeItem.code == "12"
        )).one()
        changed.label, changed.colour = "教体局局长", "red"
        session.delete(session.scalars(select(CodeItem).where(
            CodeItem.code_table == "post_kind", CodeItem.code == "11"
        )).one())

    assert load(engine, 系统管理员) == 1
    assert load(engine, 系统管理员) == 0

    with ScopedSession(engine, 系统管理员.scope) as session:
        assert session.scalar(select(func.count(CodeItem.id))) == everything
        assert session.scalar(select(CodeItem.label).where(
            CodeItem.code_table == "post_kind", CodeItem.code == "12"
        )) == "教体局局长"


@SQLITE
def test_items_are_offered_in_the_order_of_the_list(engine: Engine, 系统管理员: Actor) -> None:
    load(engine, 系统管理员)

    with ScopedSession(engine, 系统管理员.scope) as session:
        grades = session.scalars(select(CodeItem.label).where(CodeItem.code_table == "grade")
                                 .order_by(CodeItem.position)).all()

    assert grades == [f"{number}年级" for number in "一二三四五六七八九"]
