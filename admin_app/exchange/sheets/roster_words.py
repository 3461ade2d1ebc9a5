"""How lists write the codes of a roster, beside the labels of the code tables."""

import re

# 五年级2班, 五（2）班, 三(1)班, 一(2), 初二3班: a grade and the class in it.
_GRADE_AND_CLASS = re.compile(
    r"((?:小学|初中?)?[一二三四五六七八九1-9])(?:年级[(]?([一二三四五六七八九十\d]{1,3})[)]?班|[(]([一二三四五六七八九十\d]{1,3})[)]班?|"
    r"(?<![1-9])(\d{1,2})班)")

NUMERAL = "[一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九]"  # 一 to 九十九

# 3, 三组, 第三村民小组
_NUMBERED_GROUP = re.compile(f"第?({NUMERAL}|[1-9][0-9]?)号?"
                             "(?:村民小组|居民小组|小组|组|队)?")
_NUMBERED_CLASS = re.compile(f"[(]?({NUMERAL}|[1-9][0-9]?)[)]?班?")
_GROUP_ENDINGS = ("村民小组", "居民小组", "自然村", "小组", "组")
_DIGITS = {c: n for n, c in enumerate("一二三四五六七八九", 1)}


def numbered_group(word: str) -> str:
    """A group that is called by a number, as the register calls it; '' for any other: 五一组 is a name."""
    found = _NUMBERED_GROUP.fullmatch(word)
    return f"{_number(found[1])}组" if found else ""


def numbered_class(word: str) -> str:
    """A class that is called by a number, as the register calls it; '' for any other."""
    found = _NUMBERED_CLASS.fullmatch(word)
    return f"{_number(found[1])}班" if found else ""


def group_key(word: str) -> str:
    """What 自然村（组） are compared by: 三组 and 第三村民小组 are 3组, 东沟自然村 is 东沟."""
    if numbered := numbered_group(word):
        return numbered
    ending = next((e for e in _GROUP_ENDINGS if word.endswith(e) and len(word) > len(e) + 1), "")
    return word.removesuffix(ending)


def _number(written: str) -> int:
    if written.isdigit():
        return int(written)
    tens, ten, ones = written.rpartition("十")
    return (_DIGITS.get(tens, 1) * 10 if ten else 0) + _DIGITS.get(ones, 0)


def numeral(number: int) -> str:
    """'十二' for 12, of 1 to 99."""
    tens, ones = divmod(number, 10)
    digits = " 一二三四五六七八九"
    return f"{digits[tens] if tens > 1 else ''}{'十' if tens else ''}{digits[ones] if ones else ''}"


def grade_and_class(word: str) -> tuple[str, str | None]:
    """The grade, and the class where one stands behind it, of a word without spaces."""
    found = _GRADE_AND_CLASS.fullmatch(word)
    return (found[1], numbered_class(found[2] or found[3] or found[4])) if found else (word, None)


def _grades() -> dict[str, str | None]:
    """The ways in which lists write a grade beside its label: 5年级, 小学五年级, 5; 初二, 初中二年级."""
    words: dict[str, str | None] = {}
    for n, c in enumerate("一二三四五六七八九", 1):
        words |= dict.fromkeys((str(n), c, f"{n}年级", f"小学{n}年级", f"小学{c}年级", f"小学{n}", f"小学{c}",
                                *((f"小{c}", f"小{n}") if n <= 6 else ())), f"g{n}")
    for n, c in enumerate("一二三", 1):
        words |= dict.fromkeys((f"初{c}", f"初{n}", f"初中{c}年级", f"初中{n}年级", f"初中{c}", f"初{c}年级"),
                               f"g{n + 6}")
    return words


AT_SCHOOL = frozenset({"随班就读", "正常在校", "在校就读", "在校在读", "在校生", "就读", "正常",
                       "正常就读"})  # in the place of 是
# The states that no list sets: each asks for a move, most of them for a proof (`docs/states.md`).
STATE_WORDS = {word: code for code, words in (
    ("elsewhere", "外地就读 外地上学 在外就读 区外就读 县外就读 省外就读"), ("home_taught", "送教上门 送教"),
    ("on_leave", "休学"), ("deferred", "延缓入学 缓学 暂缓入学"), ("exempt", "免予入学 免于入学 免学"),
    ("never_enrolled", "失学 从未入学"), ("suspected", "疑似辍学 疑似"), ("dropped_out", "辍学 已辍学"),
    ("graduated", "已毕业离校 毕业 已毕业 初中毕业"), ("abroad", "出国(境) 出国"),
    ("moved_away", "户籍迁出 户口迁出 已迁出 迁出"), ("deceased", "已死亡 死亡"))
    for word in words.split()}
URBAN = "1"  # how the codes of towns begin (统计用城乡划分代码)
IN_TOWN = {"低保户": "城市低保户", "低保": "城市低保户"}  # what a word that names no place means there
ALIASES: dict[str, dict[str, str | None]] = {
    "sex": {"男": "1", "女": "2"},
    "grade": _grades(),
    "family_relation": {
        "儿子": "20", "之子": "20", "女儿": "30", "之女": "30", "长孙": "41", "孙": "41", "外孙": "43", "外孙男": "43",
        "养子": "27", "继子": "27", "养女": "37", "继女": "37", "侄儿": "93", "侄": "93", "侄女儿": "94",
        "弟弟": "73", "妹": "77", "哥哥": "71", "姐": "75", "户主本人": "02",
    },
    "guardian_relation": {word: code for code, words in (
        ("51", "父 爸 爸爸 父子 父女"), ("52", "母 妈 妈妈 母子 母女"), ("57", "继父 养父"), ("58", "继母 养母"),
        ("61", "爷爷"), ("62", "奶奶"), ("63", "姥爷 外公"), ("64", "姥姥 外婆"), ("71", "哥 哥哥"), ("75", "姐"),
        ("81", "伯伯 大伯"), ("82", "伯母 大妈"), ("83", "叔 叔叔"), ("84", "婶 婶婶"), ("85", "舅 舅舅"),
        ("86", "舅妈"), ("87", "姨夫"), ("88", "姨 姨妈"), ("89", "姑夫"), ("90", "姑 姑姑 姑妈"))
        for word in words.split()},
    "boarding": {"寄宿": "2", "住宿": "2", "通校": "1"},
    "hardship_kind": {
        "一般户": None, "一般农户": None, "普通户": None, "无": None, "脱贫不稳定户": "11", "边缘易致贫户": "12",
        "突发严重困难户": "13", "低保户": "21", "低保": "21", "城市低保户": "22", "低保边缘户": "23",
        "特困供养户": "24", "特困户": "24", "特困": "24", "建档立卡户": "10", "建档立卡": "10",
    },
    "special_group": {
        "无": None, "留守儿童": "10", "留守": "10", "残疾": "31", "孤儿": "21", "随迁子女": "51",
        "事实无人抚养": "22", "困境儿童": "41", "学习困难": "81", "重病": "32",
    },
}
