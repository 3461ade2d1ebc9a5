"""The closed lists as data, each with the standard or paper that it comes from.

One item is one line: `code label`, then as needed `=code` of the same thing in the system above
(with a stopped item: the item that took its place), `#colour` (a word of the theme) and
`~YYYY-MM-DD`, the last day on which the item could be chosen. Where no official code could be
found the codes are our own, and the mapping says what the thing is called above.
"""

from dataclasses import dataclass
from datetime import date

from admin_app.access.permissions import ROLE_LABELS
from admin_app.text import ORIGIN_LABELS

OWN = "本系统自定"
STUDENT_RECORDS = "全国中小学生学籍信息管理系统数据项"
REPORTING = "教育部办公厅关于建立健全义务教育控辍保学常态化报告工作机制的通知（2024）"
HARDSHIP_NOW = "2021 年后防返贫监测与社会救助口径"
UNTIL_2020 = "2020 年及以前扶贫口径，已停用"


@dataclass(frozen=True, slots=True)
class Code:
    """One entry of a list."""

    code: str
    label: str
    colour: str | None = None
    mapping: str | None = None
    valid_until: date | None = None
    standard: str | None = None  # where it differs from the list's


@dataclass(frozen=True, slots=True)
class CodeTable:
    """One closed list. `name` is what `field(codes=…)` calls it."""

    name: str
    title: str
    standard: str
    codes: tuple[Code, ...]


def _codes(text: str, standard: str | None = None) -> tuple[Code, ...]:
    """Read the lines of a list; `|` parts items that share a line."""
    items = []
    for entry in text.replace("|", "\n").split("\n"):
        if not entry.strip():
            continue
        code, label, *marks = entry.split()
        marked = {mark[0]: mark[1:] for mark in marks}
        if not marked.keys() <= set("#=~"):
            raise ValueError(f"a code entry has an unknown mark: {entry}")
        until = date.fromisoformat(marked["~"]) if "~" in marked else None
        items.append(Code(code, label, marked.get("#"), marked.get("="), until, standard))
    return tuple(items)


PLACES = (
    CodeTable("settlement", "城乡分类", "统计用城乡划分代码", _codes("""
        111 主城区 | 112 城乡结合区 | 121 镇中心区 | 122 镇乡结合区 | 123 特殊区域
        210 乡中心区 | 220 村庄
    """)),
    # The list itself is not public: numbers as education statistics print them.
    CodeTable("school_kind", "办学类型", "教育统计办学类型", _codes("""
        111 幼儿园 | 211 小学 | 218 小学教学点 | 311 初级中学 | 312 九年一贯制学校
        321 职业初中 | 341 完全中学 | 342 高级中学 | 345 十二年一贯制学校
        361 中等职业学校 | 371 专门学校（工读学校）
        511 盲人学校 | 512 聋人学校 | 513 培智学校 | 514 其他特殊教育学校
    """)),
    CodeTable("school_stage", "学段", OWN, _codes("""
        1 学前 | 2 小学 | 3 初中 | 4 普通高中 | 5 中等职业 | 6 特殊教育
    """)),
)

PEOPLE = (
    CodeTable("sex", "性别", "GB/T 2261.1-2003", _codes("""
        1 男 =男性 | 2 女 =女性 | 0 未知 =未知的性别 | 9 未说明 =未说明的性别
    """)),
    CodeTable("ethnic_group", "民族", "GB/T 3304-1991", _codes("""
        01 汉族 =HA | 02 蒙古族 =MG | 03 回族 =HU | 04 藏族 =ZA | 05 维吾尔族 =UG | 06 苗族 =MH
        07 彝族 =YI | 08 壮族 =ZH | 09 布依族 =BY | 10 朝鲜族 =CS | 11 满族 =MA | 12 侗族 =DO
        13 瑶族 =YA | 14 白族 =BA | 15 土家族 =TJ | 16 哈尼族 =HN | 17 哈萨克族 =KZ | 18 傣族 =DA
        19 黎族 =LI | 20 傈僳族 =LS | 21 佤族 =VA | 22 畲族 =SH | 23 高山族 =GS | 24 拉祜族 =LH
        25 水族 =SU | 26 东乡族 =DX | 27 纳西族 =NX | 28 景颇族 =JP
        29 柯尔克孜族 =KG | 30 土族 =TU | 31 达斡尔族 =DU | 32 仫佬族 =ML | 33 羌族 =QI
        34 布朗族 =BL | 35 撒拉族 =SL | 36 毛南族 =MN | 37 仡佬族 =GL | 38 锡伯族 =XB
        39 阿昌族 =AC | 40 普米族 =PM
        41 塔吉克族 =TA | 42 怒族 =NU | 43 乌孜别克族 =UZ | 44 俄罗斯族 =RS
        45 鄂温克族 =EW | 46 德昂族 =DE | 47 保安族 =BN
        48 裕固族 =YG | 49 京族 =GI | 50 塔塔尔族 =TT | 51 独龙族 =DR | 52 鄂伦春族 =OR
        53 赫哲族 =HZ | 54 门巴族 =MB | 55 珞巴族 =LB | 56 基诺族 =JN
    """) + _codes("97 其他（未识别民族） | 98 外国血统中国籍人士", "习惯增列")),
    CodeTable("identity_kind", "证件类型", STUDENT_RECORDS, _codes("""
        1 居民身份证 | 6 香港特区护照/身份证明 | 7 澳门特区护照/身份证明
        8 台湾居民来往大陆通行证 | 9 境外永久居住证 | A 护照
        Z 其他（含未登记户口、无证件）
    """)),
    CodeTable("family_relation", "与户主关系", "GB/T 4761-2008", _codes("""
        20 子 | 30 女 | 41 孙子 | 42 孙女 | 43 外孙子 | 44 外孙女
        01 本人 | 02 户主 | 10 配偶 | 11 夫 | 12 妻
        21 独生子 | 22 长子 | 23 次子 | 24 三子 | 27 养子或继子 | 28 女婿 | 29 其他儿子
        31 独生女 | 32 长女 | 33 次女 | 37 养女或继女 | 38 儿媳 | 47 曾孙 | 48 曾孙女
        51 父亲 | 52 母亲 | 53 公公 | 54 婆婆 | 55 岳父 | 56 岳母 | 57 继父或养父 | 58 继母或养母
        61 祖父 | 62 祖母 | 63 外祖父 | 64 外祖母 | 66 曾祖父 | 67 曾祖母
        71 兄 | 73 弟 | 75 姐姐 | 77 妹妹
        81 伯父 | 82 伯母 | 83 叔父 | 84 婶母 | 85 舅父 | 86 舅母 | 87 姨父 | 88 姨母
        89 姑父 | 90 姑母 | 93 侄子 | 94 侄女 | 95 外甥 | 96 外甥女 | 97 其他亲属 | 99 非亲属
    """)),
    CodeTable("guardian_relation", "监护人与孩子关系", "GB/T 4761-2008（取用部分）", _codes("""
        51 父亲 | 52 母亲 | 57 继父或养父 | 58 继母或养母
        61 祖父 | 62 祖母 | 63 外祖父 | 64 外祖母 | 66 曾祖父 | 67 曾祖母
        71 兄 | 75 姐姐 | 81 伯父 | 82 伯母 | 83 叔父 | 84 婶母 | 85 舅父 | 86 舅母
        87 姨父 | 88 姨母 | 89 姑父 | 90 姑母 | 97 其他亲属 | 99 非亲属
    """) + _codes("J1 村（居）民委员会 | J2 民政部门（儿童福利机构）", OWN)),
    CodeTable("health", "健康状况", STUDENT_RECORDS, _codes("""
        10 健康或良好 #green | 20 一般或较弱 | 30 有慢性病 #yellow
        40 有生理缺陷 | 50 残疾 =60 #orange
    """)),
    CodeTable("household_register", "户口性质", STUDENT_RECORDS, _codes("""
        1 农业户口 =农村 | 2 非农业户口 =城镇
    """) + _codes("0 未登记户口 #orange", OWN)),
    CodeTable("disability_class", "残疾类别", "GB/T 26341-2010", _codes("""
        1 视力 | 2 听力 | 3 言语 | 4 肢体 | 5 智力 | 6 精神 | 7 多重
    """)),
    CodeTable("disability_level", "残疾等级", "GB/T 26341-2010", _codes("""
        1 一级 #red | 2 二级 #orange | 3 三级 #yellow | 4 四级
    """)),
)

HARDSHIP = (
    CodeTable("hardship_kind", "家庭困难类型", HARDSHIP_NOW, _codes("""
        10 脱贫户 =脱贫家庭学生 #azure
        11 监测对象（脱贫不稳定户） =脱贫不稳定家庭学生 #red
        12 监测对象（边缘易致贫户） =边缘易致贫家庭学生 #red
        13 监测对象（突发严重困难户） =突发严重困难家庭学生 #red
        21 农村低保 =低保家庭学生 #orange | 22 城镇低保 =低保家庭学生 #orange
        23 低保边缘家庭 =低保边缘家庭学生 #yellow
        24 农村特困供养 =特困救助供养学生 #orange | 25 城镇特困供养 =特困救助供养学生 #orange
        26 刚性支出困难家庭 =刚性支出困难家庭学生 #yellow
        27 其他低收入家庭 =其他低收入家庭学生 #yellow
        31 持证残疾学生家庭 =残疾学生 #yellow | 32 残疾人家庭 =残疾人子女 #yellow
        33 烈士家庭 =烈士子女 #azure | 39 其他困难家庭 =无
    """) + _codes("""
        91 建档立卡贫困户 =10 ~2020-12-31
        92 建档立卡返贫户 =11 ~2020-12-31
        93 非建档立卡贫困边缘户 =12 ~2020-12-31
        94 非建档立卡家庭经济困难户 =39 ~2020-12-31
        95 非建档立卡家庭经济困难残疾学生家庭 =31 ~2020-12-31
        96 农村五保户 =24 ~2016-12-31
    """, UNTIL_2020)),
    CodeTable("special_group", "特殊群体", REPORTING, _codes("""
        10 留守儿童（名单未分单双亲，待核） #yellow
        11 单亲留守（教育口径：一方外出三个月以上） =1 #yellow
        12 双亲留守（教育口径：双方外出三个月以上） =2 #orange
    """, STUDENT_RECORDS) + _codes("""
        15 农村留守儿童（民政口径：双方外出或一方外出另一方无监护能力） #orange
    """, "国务院关于加强农村留守儿童关爱保护工作的意见（2016）") + _codes("""
        21 孤儿 #red | 22 事实无人抚养儿童 #red
        31 残疾儿童 #orange | 32 重病儿童 #orange
        41 困境儿童 #orange | 51 随迁子女 #azure | 52 流动儿童 #azure
        61 涉案未成年人 #red
    """) + _codes("""
        42 服刑在押人员未成年子女 #orange | 43 流浪儿童 #red | 44 受艾滋病影响儿童 #orange
        45 吸毒人员子女 #orange | 46 受暴力侵害儿童 #red
    """, "困境儿童信息登记表") + _codes("""
        71 特困供养 #orange | 72 家庭经济困难 #yellow | 81 学习困难 #yellow
        82 未取得户籍 #orange | 99 其他
    """, OWN)),
)

SCHOOLING = (
    CodeTable("grade", "年级", OWN, _codes("""
        g1 一年级 =小学一年级 | g2 二年级 =小学二年级 | g3 三年级 =小学三年级
        g4 四年级 =小学四年级 | g5 五年级 =小学五年级 | g6 六年级 =小学六年级
        g7 七年级 =初中一年级 | g8 八年级 =初中二年级 | g9 九年级 =初中三年级
    """)),
    CodeTable("boarding", "就读方式", STUDENT_RECORDS, _codes("""
        1 走读 | 2 住校 #azure | 3 送教上门 #cyan
    """)),
    CodeTable("inclusive_education", "随班就读", "2007 年学籍表代码", _codes("""
        00 普通 | 10 随班就读 | 11 视力残疾随班就读 | 12 听力残疾随班就读 | 13 智力残疾随班就读
        19 其他残疾随班就读
    """)),
    CodeTable("enrolment_change", "学籍异动", "学籍管理系统在用异动类别", _codes("""
        11 招生 #green | 12 复学 #green | 13 转入 #green | 21 毕业 | 22 结业 | 23 休学 #yellow
        24 退学 #red | 25 开除 #red | 26 死亡 | 27 转出 | 28 辍学 #red | 31 升级 | 32 调班
        33 留级 | 41 导入
    """)),
    CodeTable("dropout_reason", "失学辍学原因", "教基〔2020〕5号四类原因及本系统增列", _codes("""
        01 学习困难（厌学） | 02 外出打工 | 03 早婚早育 | 04 信教
    """, "教基〔2020〕5号") + _codes("""
        05 身体原因（病、残） | 06 家庭经济困难 | 07 家庭变故或监护缺失 | 08 随迁流动
        09 网络沉迷或心理问题 | 10 校园原因 | 11 家长观念 | 12 失去联系 | 19 其他
    """, OWN)),
    CodeTable("suspect_source", "疑似辍学来源", REPORTING, _codes("""
        1 平台下发 | 2 学校报告 | 3 村（社区）排查 | 4 数据比对 | 9 其他
    """)),
    CodeTable("check_result", "核查结果（销号类型）", "2018-2019 年县区销号口径归并", _codes("""
        11 身份信息错误 | 12 重复户籍（双重户籍） | 13 空挂户 | 14 查无此人 | 15 死亡
        21 在校且有学籍 #green | 22 省内就读无学籍 #azure | 23 省外就读无学籍 #azure
        24 已毕业或升学 #green | 25 超龄离校
        31 休学 #yellow | 32 延缓入学 #yellow | 33 送教上门 #cyan | 34 经评估不具备学习条件
        35 随班就读或特教学校 #green | 36 专门学校 | 37 中等职业（普职融合） #green
        41 出国（境） | 42 失踪失联 #orange | 43 户籍迁出
        51 确认失学 #red | 52 确认辍学 #red | 53 复学 #green | 99 其他
    """)),
    CodeTable("return_placement", "复学安置方式", "教基〔2020〕5号", _codes("""
        1 插班 | 2 单独编班 | 3 普职融合 | 4 特殊教育学校 | 5 随班就读 | 6 送教上门 | 9 其他
    """)),
    CodeTable("legal_step", "依法控辍四步法", "依法控辍“四步法”", _codes("""
        1 宣传教育 #azure | 2 责令改正 #yellow | 3 行政处罚 #orange | 4 提起诉讼或强制执行 #red
    """)),
)

_SITUATIONS = "教育督导问责办法（2021）"
DUTY = (
    CodeTable("letter_level", "责任书层级", OWN, _codes("""
        1 县—乡镇（城区） | 2 城区（乡镇）—村（社区） | 3 村（社区）—户
        4 局—学校 | 5 学校—班主任 | 6 学校—家长
    """)),
    CodeTable("post_kind", "职责", "控辍保学七长责任制", _codes("""
        11 县长 #azure | 12 教科局局长 #azure | 13 乡镇长（城区主要负责人） #azure
        14 村（居）委会主任 #azure | 15 校长 #azure | 16 师长 #azure | 17 家长 #azure
    """) + _codes("""
        21 领导小组组长 #green | 22 领导小组副组长 #green | 23 领导小组成员 #green
        24 领导小组办公室主任 #green | 25 联络员 #green
    """, "控辍保学领导小组") + _codes("""
        31 包片村干部 | 32 组长（网格员、信息员）
        33 包保责任人（行政线） | 34 包保责任人（教育线）
    """, OWN)),
    CodeTable("accountability_subject", "问责对象类别", _SITUATIONS, _codes("1 单位 | 2 个人")),
    CodeTable("accountability_situation", "问责情形", _SITUATIONS, _codes("""
        1 贯彻落实不坚决 | 2 履行职责不到位 | 3 重点攻坚任务严重滞后 | 4 办学行为不规范
        5 教育教学质量下降 | 6 安全问题突出或拒不接受督导
    """) + _codes("21 慢作为 | 22 不作为 | 23 乱作为 | 24 弄虚作假", "控辍保学责任追究制度")),
    CodeTable("accountability_form", "问责方式", _SITUATIONS, _codes("""
        11 公开批评（单位） | 12 约谈（单位） | 13 督导通报（单位） | 14 资源调整（单位）
        15 行政处罚（单位） | 21 责令检查（个人） | 22 约谈（个人） | 23 通报批评（个人）
        24 组织处理（个人） | 25 处分（个人） | 26 移交监察机关或司法机关（个人）
    """)),
    CodeTable("interview_kind", "约谈类型", OWN, _codes("""
        1 提醒约谈 #yellow | 2 告诫约谈 #orange | 3 问责约谈 #red
    """)),
    CodeTable("publicity_form", "宣传形式", OWN, _codes("""
        1 入户 | 2 标语 | 3 大喇叭 | 4 公众号 | 5 会议 | 6 宣传单 | 9 其他
    """)),
)

_COLOURS = {"administrator": "azure", "village_officer": "green", "inspector": "orange",
            "auditor": "purple", "system_admin": "red"}
MACHINE = (
    CodeTable("role", "角色", OWN, tuple(
        Code(role.value, label, _COLOURS.get(role.value)) for role, label in ROLE_LABELS.items()
    )),
    CodeTable("change_origin", "变更方式", OWN, tuple(
        Code(origin, label) for origin, label in ORIGIN_LABELS.items()
    )),
    CodeTable("tag_colour", "标签颜色", OWN, _codes("""
        blue 蓝 #blue | azure 天蓝 #azure | indigo 靛蓝 #indigo | purple 紫 #purple | pink 粉 #pink | red 红 #red
        orange 橙 #orange | yellow 黄 #yellow | lime 黄绿 #lime | green 绿 #green | teal 青绿 #teal | cyan 青 #cyan
        secondary 灰 #secondary
    """)),
)

_DECLARED = (*PLACES, *PEOPLE, *HARDSHIP, *SCHOOLING, *DUTY, *MACHINE)

# The lists themselves are a closed list too: the screen names them as it names everything else.
TABLES: tuple[CodeTable, ...] = (
    *_DECLARED,
    CodeTable("code_table", "代码表", OWN, (
        *(Code(table.name, table.title) for table in _DECLARED), Code("code_table", "代码表"),
    )),
)
