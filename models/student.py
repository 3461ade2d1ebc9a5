"""学生: a school-age child, with the present state of the child's schooling."""

from datetime import date
from typing import Any

from models.agreement import InOrder, NearAge, SchoolOfAge, TaughtThere
from models.base import Base, Privacy, Wall, field, region_code
from models.household import Household
from models.kinds import IdentityIndexed, SealedText
from models.moves import Move, Moves, Only, State
from models.school import School
from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

AT_SCHOOL = ("enrolled", "home_taught", "elsewhere")
_OUT_OF_SCHOOL = ("unknown", "never_enrolled", "suspected", "dropped_out")
_APPROVED_LEAVE = ("on_leave", "deferred", "exempt")
_LIVING = (*AT_SCHOOL, *_OUT_OF_SCHOOL, *_APPROVED_LEAVE)
_AWAY = ("absent_since", "leave_until")  # what a child at school has no more
_ELSEWHERE = ("study_place", "elsewhere_school")  # what a child at a school of the place has no more
_SEAT = ("school_id", "class_name", "boarding")  # what a child who learns elsewhere has no more
_LAST_GRADE = Only("grade", "g9", "“毕业离校”只办九年级的学生。年级登记有误的，请先修改；没有读完九年级而离校的，"
                   "由区划管理员办理“超龄离校”。")

VOID = "void"

# domain: the state machine seen in practice; close-out reasons of 2018–2019 county reports.
SCHOOLING_MOVES = Moves(
    "schooling_state",
    (
        State("unknown", "待核查", "secondary"),
        State("enrolled", "在校就读", "green"),
        State("elsewhere", "外地就读", "azure"),
        State("home_taught", "送教上门", "cyan"),
        State("on_leave", "休学", "yellow"),
        State("deferred", "延缓入学", "yellow"),
        State("exempt", "免予入学", "secondary"),
        State("never_enrolled", "失学", "red"),
        State("suspected", "疑似辍学", "orange"),
        State("dropped_out", "辍学", "red"),
        State("graduated", "已毕业离校", "secondary", settled=True),
        State("abroad", "出国（境）", "secondary", settled=True),
        State("moved_away", "户籍迁出", "secondary", settled=True),
        State("deceased", "已死亡", "secondary", settled=True),
        State(VOID, "已作废", "secondary", settled=True, counted=False),
    ),
    (
        # Of a child whose state nobody knows there is nothing to check off: the visit says which state it is.
        Move("check", "登记核查", tuple(s for s in _LIVING if s != "unknown"), "", asks=("checked_on",)),
        # Whoever was out of school comes back with proof: `clear_suspicion` and `return_to_school`.
        Move("enrol", "登记在校", ("unknown", *_APPROVED_LEAVE, "home_taught", "elsewhere"),
             "enrolled", asks=("school_id",), optional=("grade", "class_name", "boarding"),
             clears=(*_AWAY, *_ELSEWHERE)),
        Move("study_elsewhere", "登记外地就读", tuple(s for s in _LIVING if s != "elsewhere"),
             "elsewhere", asks=("study_place",), optional=("elsewhere_school",), evidence=True,
             clears=(*_AWAY, *_SEAT)),
        Move("teach_at_home", "转送教上门", tuple(s for s in _LIVING if s != "home_taught"),
             "home_taught", asks=("school_id",), evidence=True, clears=(*_AWAY, *_ELSEWHERE)),
        # domain §1.5: a suspect turns out to be on leave, deferred, exempt or taught at home.
        Move("take_leave", "登记休学", ("unknown", "suspected", "enrolled", "home_taught"), "on_leave",
             asks=("leave_until",), evidence=True, ahead=("leave_until",), clears=("absent_since",)),
        Move("defer", "登记延缓入学", ("unknown", "suspected", "never_enrolled"), "deferred",
             asks=("leave_until",), evidence=True, ahead=("leave_until",), clears=("absent_since",)),
        # Both are granted for a year, and renewed (domain §1.8); a day that was mistyped is put right here too.
        Move("extend_leave", "续办（更正）期限", ("on_leave", "deferred"), "", asks=("leave_until",), evidence=True,
             ahead=("leave_until",)),
        Move("exempt", "登记免予入学", tuple(s for s in _LIVING if s != "exempt"), "exempt",
             evidence=True, reason=True, clears=_AWAY),
        Move("suspect", "报疑似辍学", ("unknown", *AT_SCHOOL, *_APPROVED_LEAVE), "suspected",
             asks=("absent_since",)),
        # Of a child who turns out to learn elsewhere: `study_elsewhere`.
        Move("clear_suspicion", "排除疑似", ("suspected",), "enrolled", asks=("school_id",), reason=True, evidence=True,
             clears=(*_AWAY, *_ELSEWHERE)),
        Move("confirm_dropout", "确认辍学", ("suspected",), "dropped_out", act="confirm",
             reason=True),
        Move("confirm_never_enrolled", "确认失学", ("unknown",), "never_enrolled", act="confirm",
             reason=True),
        Move("return_to_school", "复学（入学）", ("dropped_out", "never_enrolled"), "enrolled",
             asks=("school_id",), optional=("grade", "class_name"), evidence=True, clears=(*_AWAY, *_ELSEWHERE)),
        Move("graduate", "毕业离校", AT_SCHOOL, "graduated", only=_LAST_GRADE),
        Move("leave_overage", "超龄离校", _LIVING, "graduated", act="confirm", evidence=True, reason=True),
        Move("go_abroad", "出国（境）", _LIVING, "abroad", evidence=True),
        # domain §3.4: whose 户籍 has left the district is counted where it is now; who only learns elsewhere stays.
        Move("move_away", "户籍迁出", _LIVING, "moved_away", evidence=True, reason=True),
        Move("record_death", "登记死亡", _LIVING, "deceased", act="confirm", evidence=True,
             reason=True),
        # domain §1.5: 信息错误, 重复注册, 空挂户, 查无此人. A community's or the police's certificate proves it.
        Move("void", "作废（重复、查无此人）", _LIVING, VOID, act="confirm", evidence=True, reason=True),
        Move("correct", "更正（恢复待核查）", ("graduated", "abroad", "moved_away", "deceased", VOID), "unknown",
             act="confirm", reason=True, clears=_AWAY),
    ),
    ends=(("special_group_flag", "end"), ("special_group_flag", "drop")),
)


class Student(IdentityIndexed, Base):
    """A child of compulsory school age, counted at 31 August. A child without a number is a child:
    the number may be missing, and why is said in `identity_kind`."""

    __tablename__ = "student"
    __title__ = "学生"
    __wall__ = Wall.CHILD
    __area__ = "family"
    __searched__ = "name"
    __told_apart__ = ("birth_date", "household_id")
    __moves__ = SCHOOLING_MOVES
    __agreements__ = (InOrder("birth_date", "checked_on"), InOrder("birth_date", "absent_since"),
                      TaughtThere("grade", "school_id", "note"), NearAge("grade", "birth_date", "note"),
                      SchoolOfAge("school_id", "birth_date", "note"))
    __table_args__ = (
        UniqueConstraint("id", "region_code"),
        UniqueConstraint("identity_index"),
        ForeignKeyConstraint(["household_id", "region_code"], ["household.id", "household.region_code"],
                             onupdate="CASCADE", deferrable=True, initially="IMMEDIATE"),
        Index(None, "region_code", "id", "schooling_state"),  # a list walks it without a look at the records
        Index(None, "region_code", "schooling_state", "id"),
        Index(None, "schooling_state", "region_code", "id"),
        Index(None, "region_code", "name", "id"),
        Index(None, "region_code", "birth_date", "id"),
        Index(None, "identity_tail", "region_code"),
        Index(None, "household_id"),
        Index(None, "region_code", "checked_on"),
        Index(None, "school_id", "region_code"),
    )

    region_code: Mapped[str] = region_code("村（社区）", ForeignKey("region.code"))
    household_id: Mapped[int | None] = field("户")
    name: Mapped[str] = field("姓名", privacy=Privacy.NAME)
    name_pinyin: Mapped[str | None] = field("姓名拼音", privacy=Privacy.NAME, internal=True)
    name_initials: Mapped[str | None] = field("姓名拼音首字母", privacy=Privacy.NAME, internal=True)
    sex: Mapped[str | None] = field("性别", codes="sex")
    ethnic_group: Mapped[str | None] = field("民族", codes="ethnic_group")
    identity_kind: Mapped[str] = field("证件类型", codes="identity_kind", default="1")
    identity_number: Mapped[Any] = field("身份证号码", SealedText("student.identity_number"),
                                         privacy=Privacy.IDENTITY, nullable=True,
                                         advice="18 位，末位可为 X；未落户的孩子可不填")
    identity_index: Mapped[str | None] = field("身份证号索引", privacy=Privacy.IDENTITY, internal=True)
    identity_tail: Mapped[str | None] = field("身份证号尾号索引", privacy=Privacy.IDENTITY,
                                              internal=True)
    birth_date: Mapped[date | None] = field("出生日期", privacy=Privacy.BIRTH,
                                            advice="可只输入数字，如 20150901")
    relation_to_head: Mapped[str | None] = field("与户主关系", codes="family_relation")
    registered_address: Mapped[str | None] = field("户籍地", privacy=Privacy.ADDRESS)
    current_address: Mapped[str | None] = field("现居住地", privacy=Privacy.ADDRESS)
    schooling_state: Mapped[str] = field("就学状态", states=True, generated=True, default="unknown")
    school_id: Mapped[int | None] = field("学校", ForeignKey("school.id"))
    grade: Mapped[str | None] = field("年级", codes="grade")
    class_name: Mapped[str | None] = field("班级")
    boarding: Mapped[str | None] = field("就读方式", codes="boarding")
    student_number: Mapped[Any] = field("学籍号", SealedText("student.student_number"),
                                        privacy=Privacy.IDENTITY, nullable=True,
                                        meaning="G、L 或 J 加 18 位；学籍是入学的结果，可空")
    study_place: Mapped[str | None] = field("外地就读地", meaning="省、市、县")
    elsewhere_school: Mapped[str | None] = field("外地就读学校")
    absent_since: Mapped[date | None] = field("缺勤起始日期")
    leave_until: Mapped[date | None] = field("休学（延缓）至")
    checked_on: Mapped[date | None] = field("最近核查日期", meaning="村（社区）干部入户核查")
    note: Mapped[str | None] = field("备注", multiline=True, privacy=Privacy.CONDITION)

    household: Mapped[Household | None] = relationship(back_populates="students")
    school: Mapped[School | None] = relationship()
    guardians: Mapped[list[Any]] = relationship("Guardian", back_populates="student",
                                                passive_deletes="all")
    flags: Mapped[list[Any]] = relationship("SpecialGroupFlag", back_populates="student",
                                            passive_deletes="all")

    def __str__(self) -> str:
        return self.name


def belongs_to_student() -> tuple[Any, ...]:
    """The table arguments of a ledger about one child: its `region_code` is the child's, kept
    right by the database itself, also when the family moves."""
    return (
        ForeignKeyConstraint(["student_id", "region_code"], ["student.id", "student.region_code"],
                             onupdate="CASCADE", deferrable=True, initially="IMMEDIATE"),
        Index(None, "student_id"),
    )


