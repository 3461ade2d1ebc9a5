"""A school year counts children by their years at 31 August (《义务教育法》第十一条), and a grade is near an age."""

from datetime import date, timedelta

import pytest

from models.agreement import InOrder, InSchoolYear, NearAge, not_of_age, school_age

COUNTED = date(2026, 8, 31)


@pytest.mark.parametrize(("born", "today", "years"), [
    (date(2020, 8, 31), COUNTED, 6), (date(2020, 9, 1), COUNTED, 5),
    (date(2020, 8, 31), COUNTED - timedelta(days=1), 5), (date(2020, 8, 31), date(2027, 3, 1), 6),
    (date(2020, 9, 1), date(2027, 3, 1), 5), (date(2020, 9, 1), date(2027, 8, 31), 6),
], ids=["six that day", "a day too young", "the day before, by the year before", "in spring", "a day too young in spring",
        "a year later"])
def test_the_day_that_counts_is_31_august_itself(born: date, today: date, years: int) -> None:
    assert school_age(born, today) == years


@pytest.mark.parametrize(("years", "far"), [(2, True), (3, False), (6, False), (9, False), (10, True)])
def test_a_first_grade_is_three_years_from_six_and_no_more(years: int, far: bool) -> None:
    born = date(date.today().year, 1, 1)
    while school_age(born, date.today()) < years:
        born = born.replace(year=born.year - 1)
    assert bool(not_of_age("g1", born)) is far


def label(column: str) -> str:
    return column


@pytest.mark.parametrize(("note", "answers"), [(None, False), ("户主在外务工", False), ("年级已核对", True), ("跳级，学校证明", True)])
def test_a_note_for_something_else_answers_for_no_grade(note: str | None, answers: bool) -> None:
    born = date(date.today().year - 8, 1, 1)
    fault = NearAge("grade", "born", "note").fault({"grade": "g9", "born": born, "note": note}, label)
    assert (fault is None) is answers


def test_two_days_may_be_the_same_and_the_first_is_not_the_later() -> None:
    day = date(2026, 9, 1)
    rule = InOrder("since", "until")
    assert rule.fault({"since": day, "until": day}, label) is None
    assert rule.fault({"since": day, "until": day - timedelta(days=1)}, label) is not None
    assert InOrder("since").fault({"since": date.today()}, label) is None
    assert InOrder("since").fault({"since": date.today() + timedelta(days=1)}, label) is not None


@pytest.mark.parametrize(("year", "fits"), [(2025, False), (2026, True), (2027, True), (2028, False)])
def test_a_letter_is_signed_in_its_school_year(year: int, fits: bool) -> None:
    fault = InSchoolYear("signed_on", "school_year").fault({"signed_on": date(year, 9, 1), "school_year": 2026}, label)
    assert (fault is None) is fits
