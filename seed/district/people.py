"""Invented people: names as frequent as in life, identity numbers that no real person can have
(their county, 990101, does not exist) and telephone numbers of a range of our own."""

import random
from datetime import date, timedelta

from seed.makers import make_identity_number

MAN, WOMAN = "1", "2"

# Shares in 1/1000, after the published ranking of surnames; below the line, surnames that test
# readings and lengths.
SURNAMES = {
    "王": 72, "李": 71, "张": 68, "刘": 54, "陈": 36, "杨": 31, "赵": 27, "黄": 18, "周": 17,
    "吴": 17, "徐": 14, "孙": 14, "胡": 12, "朱": 12, "高": 11, "林": 9, "何": 11, "郭": 14,
    "马": 13, "罗": 8, "梁": 9, "宋": 9, "郑": 8, "谢": 6, "韩": 8, "唐": 6, "冯": 7, "于": 6,
    "董": 7, "萧": 4, "程": 6, "曹": 6, "袁": 5, "邓": 4, "许": 6, "傅": 4, "沈": 4, "吕": 5,
    "苏": 5, "卢": 4, "蒋": 4, "蔡": 4, "贾": 6, "丁": 4, "魏": 6, "薛": 6, "叶": 3, "阎": 4,
    "潘": 3, "杜": 5, "戴": 3, "夏": 3, "钟": 2, "汪": 3, "田": 5, "姜": 4, "范": 4, "方": 3,
    "石": 4, "姚": 4, "谭": 2, "廖": 2, "邹": 2, "熊": 2, "金": 3, "陆": 2, "郝": 6, "孔": 2,
    "白": 4, "崔": 5, "康": 4, "毛": 2, "邱": 2, "秦": 5, "江": 2, "史": 4, "顾": 2, "侯": 5,
    "邵": 3, "孟": 4, "龙": 2, "万": 2, "段": 4, "雷": 3, "钱": 2, "汤": 2, "尹": 3, "黎": 1,
    "常": 4, "武": 5, "乔": 4, "贺": 3, "赖": 1, "龚": 1, "文": 1, "牛": 4, "樊": 3, "殷": 2,
    "任": 6, "翟": 3, "曾": 3, "解": 1, "单": 1, "仇": 1, "查": 1, "欧阳": 1, "尉迟": 1,
}


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_CHILD_NAMES = {
    MAN: _names(
        "子轩 浩宇 宇航 梓豪 俊熙 一诺 子墨 皓轩 浩然 博文 宇轩 铭泽 泽宇 雨泽 "
        "俊杰 嘉豪 天佑 子涵 明轩 昊天 煜城 晨曦 逸凡 文博 家乐 思远 瑾瑜 承泽 "
        "景行 奕辰 沐阳 星宇 若谷 书豪 锦程 鸿运 志恒 立成 小军 云飞 嘉树 佳明 "
        "昱辰 睿 轩 晨 阳 铭 朔"
    ),
    WOMAN: _names(
        "梓涵 欣怡 诗涵 雨桐 一诺 梓萱 可欣 欣妍 思涵 语桐 佳怡 雨萱 若汐 紫涵 "
        "诗琪 梦瑶 静怡 佳琪 雅婷 心怡 语嫣 子涵 依诺 晓彤 芷若 沐晴 书瑶 婉清 "
        "可馨 慧敏 雨菲 思琪 宁馨 晨曦 彩霞 月华 玉洁 春燕 秀文 小雨 嘉宁 念慈 "
        "瑾瑜 悦 彤 颖 萌 妍"
    ),
}
_YOUNG_PARENTS = {
    MAN: _names(
        "志刚 海峰 晓东 建军 永红 文斌 海龙 国庆 俊峰 卫东 志远 红伟 云峰 学文 "
        "晓明 振华 立新 占军 文龙 海军 慧兵 跃进 建华 永刚 世杰 晓亮 春生 玉柱 磊 "
        "超 斌 峰 俊 亮 凯 飞"
    ),
    WOMAN: _names(
        "丽娟 晓燕 红梅 海燕 秀丽 雪梅 艳芳 慧玲 小红 玉琴 春花 彩云 俊芳 爱萍 "
        "丽萍 文娟 晓丽 建芳 玲玲 娟娟 瑞芳 秋菊 志红 芳芳 改莲 燕 艳 娟 霞 芳 丽"
    ),
}
_GRANDPARENTS = {
    MAN: _names(
        "建国 福贵 守义 德胜 长海 玉山 有才 双喜 根生 万福 来福 德全 满仓 金锁 "
        "保山 明山 银生 天保 树林 石头 贵生 世明 忠义 怀礼 俊德 兴旺 水旺 成林 "
        "二小 喜来"
    ),
    WOMAN: _names(
        "桂花 秀英 玉兰 凤英 桂兰 淑珍 秀兰 玉英 巧玲 改花 翠英 爱莲 春梅 月英 "
        "金莲 引弟 变花 二妮 秀珍 香莲 银花 喜梅 素珍 俊英 桃花 仙梅"
    ),
}
_GRANDPARENTS_BORN_BEFORE = 1970
CITIES = ("广东省东莞市", "广东省深圳市", "浙江省义乌市", "江苏省昆山市", "河北省石家庄市",
          "陕西省西安市", "山东省青岛市", "福建省晋江市", "示范省示范市", "北京市", "天津市")


class People:
    """Makes people out of one random source. No two share an identity number or a telephone."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self._numbers: set[str] = set()
        self._phones: set[str] = set()
        self._surnames, self._weights = list(SURNAMES), list(SURNAMES.values())

    def surnames(self, count: int) -> list[str]:
        return self.rng.choices(self._surnames, self._weights, k=count)

    def surname(self) -> str:
        return self.surnames(1)[0]

    def child_name(self, surname: str, sex: str) -> str:
        return surname + self.rng.choice(_CHILD_NAMES[sex])

    def adult_name(self, surname: str, sex: str, born: int) -> str:
        old = born < _GRANDPARENTS_BORN_BEFORE
        return surname + self.rng.choice((_GRANDPARENTS if old else _YOUNG_PARENTS)[sex])

    def official(self) -> str:
        """Somebody who holds a post."""
        sex = self.rng.choices((MAN, WOMAN), (7, 3))[0]
        return self.adult_name(self.surname(), sex, self.rng.randint(1966, 1992))

    def sex(self) -> str:
        return self.rng.choices((MAN, WOMAN), (526, 474))[0]

    def day(self, first: date, last: date) -> date:
        """A day from `first` to `last`; `first` when it is not before `last`."""
        return first + timedelta(days=self.rng.randint(0, max((last - first).days, 0)))

    def born_in(self, year: int) -> date:
        return self.day(date(year, 1, 1), date(year, 12, 31))

    def identity_number(self, birth: date, sex: str) -> str:
        """A number with a right check character, given to nobody before."""
        while True:
            number = make_identity_number(birth, sex, serial=self.rng.randrange(500))
            if number not in self._numbers:
                self._numbers.add(number)
                return number

    def phone(self) -> str:
        while True:
            number = f"1990{self.rng.randrange(10**7):07d}"
            if number not in self._phones:
                self._phones.add(number)
                return number
