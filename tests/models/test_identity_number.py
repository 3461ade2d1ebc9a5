"""What a clerk is told about an identity number, and what a good one tells the system."""

from datetime import date

import pytest

from models.identity_number import (
    IdentityNumberError,
    check,
    check_character,
    looks_truncated,
    normalise,
)

TODAY = date(2026, 9, 10)
GOOD = "990722201802066607"


def refusal(number: str) -> str:
    with pytest.raises(IdentityNumberError) as refused:
        check(number, today=TODAY)
    return refused.value.message


def with_check(first_seventeen: str) -> str:
    return first_seventeen + check_character(first_seventeen)


@pytest.mark.parametrize("number", ["11010519491231002X", "440524188001010014"])
def test_the_two_samples_of_the_standard_have_the_right_check_character(number: str) -> None:
    assert check_character(number[:17]) == number[17]


def test_a_good_number_tells_birth_date_sex_and_address() -> None:
    found = check("11010519491231002X", today=TODAY)

    assert found.birth_date == date(1949, 12, 31)
    assert found.sex == "2"
    assert found.address_code == "110105"


def test_an_unknown_address_never_blocks() -> None:
    assert check(GOOD, today=TODAY).address_code == "990722"


@pytest.mark.parametrize(
    "written",
    [
        "９９０７２２２０１８０２０６６６０７",
        " 990722 20180206 6607\xa0",
        "'990722201802066607",
        "990722201802066607\t",
        "\u200b990722201802066607\ufeff",
        "990722\u3000201802066607\n",
    ],
)
def test_full_width_digits_and_stray_spaces_are_put_right(written: str) -> None:
    assert check(written, today=TODAY).number == GOOD


@pytest.mark.parametrize("last", ["x", "X", "ｘ", "×"])
def test_any_way_of_writing_the_last_x_becomes_a_capital(last: str) -> None:
    assert normalise("11010519491231002" + last) == "11010519491231002X"


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("", "是空的"),
        ("9907222018020666", "现在是16位"),
        ("9907222018020666077", "现在是19位"),
        ("990722850206660", "15位旧身份证号"),
        ("99072220180206660O", "“O”"),
        ("9907222018020X6607", "X只能出现在最后一位"),
        ("990722201813066607", "“20181306”不是有效的出生日期"),
        ("990722201702296607", "“20170229”不是有效的出生日期"),
        ("440524188001010014", "不是有效的出生日期"),
        (with_check("99072220270206660"), "还没有到"),
        ("990722201802066608", "校验码"),
    ],
)
def test_a_bad_number_is_refused_with_its_own_reason(number: str, said: str) -> None:
    assert said in refusal(number)


def test_a_wrong_check_character_is_never_answered_with_the_right_one() -> None:
    assert "7" not in refusal("990722201802066608")


def test_a_child_has_a_number_from_its_first_day_and_not_before() -> None:
    born_today = with_check(f"990722{TODAY:%Y%m%d}660")
    assert check(born_today, today=TODAY).birth_date == TODAY
    assert "还没有到" in refusal(with_check("99072220260911660"))


@pytest.mark.parametrize(("day", "good"), [("19000101", True), ("18991231", False)])
def test_nobody_is_older_than_the_century(day: str, good: bool) -> None:
    number = with_check(f"990722{day}660")
    if good:
        assert check(number, today=TODAY).birth_date == date(1900, 1, 1)
    else:
        assert "不是有效的出生日期" in refusal(number)


def test_printing_a_number_by_mistake_shows_no_digits_of_it() -> None:
    assert GOOD not in repr(check(GOOD, today=TODAY))


@pytest.mark.parametrize(
    "cell", [9.90722201204294e17, 990722201204294000, 10**15, 1e15, "9.90722E+17", "990722201204294000"]
)
def test_a_number_whose_last_digits_are_lost_is_recognised(cell: object) -> None:
    assert looks_truncated(cell)


def test_a_true_number_that_ends_in_three_noughts_is_not_suspected() -> None:
    ending = next(
        number
        for serial in range(100)
        if (number := with_check(f"990722201802{serial:02}000"[:17])).endswith("000")
    )

    assert not looks_truncated(ending)


@pytest.mark.parametrize("cell", [None, True, "", GOOD, 12.0, 10**15 - 1, date(2018, 2, 6)])
def test_other_cells_are_not_suspected(cell: object) -> None:
    assert not looks_truncated(cell)
