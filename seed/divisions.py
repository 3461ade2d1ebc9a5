"""Divisions from a file: 区划代码, 名称, 级别 (统计用区划代码, 12 digits; 17 with the 城乡分类).

A file with one fault loads nothing: all its faults are named first, each with its line. What a
newer file no longer lists is reported and stays, because only a person knows its successor.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import insert, select

from admin_app.access.scope import ScopedSession
from admin_app.errors import Invalid
from models.region import LEVEL_LENGTHS, Region, code_of, level_of, prefix_of
from seed.code_tables import table_named

WHOLE_COUNTRY_CODE, WHOLE_COUNTRY_NAME = "0" * 12, "全国"
MOST_FAULTS = 20
LONGEST_NAME = 60
_LEVELS = tuple(LEVEL_LENGTHS)
_CODE_LENGTH, _LONG_CODE_LENGTH = 12, 17

_COLUMNS = {
    "区划代码": "code", "统计用区划代码": "code", "代码": "code",
    "名称": "name", "区划名称": "name", "级别": "level", "区划级别": "level",
    "城乡分类": "settlement", "城乡分类代码": "settlement",
}
_CAPTIONS = {"code": "区划代码", "name": "名称", "level": "级别"}
_LEVEL_WORDS = {
    "省": ("省", "省级", "直辖市", "自治区", "特别行政区"),
    "地市": ("地市", "地级", "地市级", "市", "市级", "地区", "州", "自治州", "盟"),
    "县": ("县", "县级", "区", "区县", "县区", "市辖区", "县级市", "旗"),
    "乡镇": ("乡镇", "乡级", "乡镇级", "乡", "镇", "街道", "街道办事处"),
    "村": ("村", "村级", "社区", "村居", "居委会", "村委会", "村(社区)"),
}
_LEVEL_OF_WORD = {word: level for level, words in _LEVEL_WORDS.items() for word in words}
_SETTLEMENTS = {item.code: item.label for item in table_named("settlement").codes}
_SETTLEMENT_OF_WORD = {label: code for code, label in _SETTLEMENTS.items()} | {
    code: code for code in _SETTLEMENTS
}


@dataclass(frozen=True, slots=True)
class Division:
    """One division as the file has it. `line` is where it stands, 0 for none."""

    code: str
    name: str
    level: str
    settlement: str | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """What loading did. `absent` stand in the store under the same county and not in the file."""

    new: int
    changed: int
    same: int
    absent: tuple[str, ...] = ()


def parent_of(code: str) -> str | None:
    """The division above, by prefix; None above a province. A prefecture without counties
    (东莞, 中山 …) is the parent of its townships."""
    prefix = prefix_of(code)
    for length in (9, 6, 4, 2):
        if length < len(prefix):
            return code_of(prefix[:length])
    return None


def read_divisions(path: Path) -> list[Division]:
    """Read a file. Raises `Invalid` with up to 20 faults; then nothing of it may be used."""
    rows = _rows(_text(path))
    if not rows:
        raise Invalid("区划文件是空的，没有装载任何区划。请检查文件后重新装载。")
    header_line, header = rows[0]
    columns = _columns(header, header_line)
    faults: list[str] = []
    divisions = []
    for line, cells in rows[1:]:
        values = {name: cells[at] if at < len(cells) else "" for name, at in columns.items()}
        division = _division(line, values, faults)
        if division:
            divisions.append(division)
    if len(rows) == 1:
        raise Invalid("区划文件只有表头，没有区划，没有装载任何区划。请检查文件后重新装载。")
    faults += _faults_between(divisions)
    if faults:
        raise Invalid(_summary(sorted(faults, key=_line_of)))
    return divisions


def load_divisions(session: ScopedSession, divisions: Iterable[Division]) -> Counts:
    """Add what is new, correct what differs, end nothing. Wants an open recording.

    Raises `Invalid` when the division above the file's topmost is not loaded (counties and
    above may stand alone)."""
    listed = {division.code: division for division in divisions}
    if not listed:
        return Counts(0, 0, 0)
    standing = {region.code: region for region in session.scalars(
        select(Region).where(Region.code.between(min(listed), _last_below(listed)))
    )}
    parents = _parents(session, listed, standing)
    ordered = sorted(listed.values(), key=lambda d: (_LEVELS.index(d.level), d.code))
    added = [
        {"code": d.code, "name": d.name, "level": d.level, "parent_code": parents[d.code],
         "settlement": d.settlement}
        for d in ordered if d.code not in standing
    ]
    if added:
        session.execute(insert(Region), added)
    changed = 0
    for division in listed.values():
        region = standing.get(division.code)
        if region is None:
            continue
        region.name, region.level = division.name, division.level
        region.parent_code = parents[division.code]
        region.settlement = division.settlement or region.settlement
        changed += session.is_modified(region)
    session.flush()
    same = len(listed) - len(added) - changed
    return Counts(len(added), changed, same, _absent(listed, standing))


def load_whole_country(session: ScopedSession) -> bool:
    """Add the code of the whole country, for accounts above all provinces; say whether it was
    missing. Corrects the level that it once stood under. Wants an open recording."""
    standing = session.scalar(select(Region).where(Region.code == WHOLE_COUNTRY_CODE))
    if standing is not None:
        standing.level = level_of(WHOLE_COUNTRY_CODE)
        session.flush()
        return False
    session.add(Region(code=WHOLE_COUNTRY_CODE, name=WHOLE_COUNTRY_NAME,
                       level=level_of(WHOLE_COUNTRY_CODE)))
    session.flush()
    return True


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as fault:
        raise Invalid(f"区划文件 {path} 打不开。请检查路径和读取权限。") from fault
    if b"\0" in raw or raw.startswith(b"PK\x03\x04"):
        raise Invalid("区划文件不是 CSV 文本。请在 Excel 中用“另存为”选择“CSV UTF-8”，再重新装载。")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Invalid("区划文件的编码无法识别。请在 Excel 中用“另存为”选择“CSV UTF-8”，再重新装载。")


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """The lines that hold something, with their numbers; cells are trimmed."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter="\t" if "\t" in first else ",")
    rows = []
    try:
        for cells in reader:
            trimmed = [cell.strip() for cell in cells]
            if any(trimmed):
                rows.append((reader.line_num, trimmed))
    except csv.Error as fault:
        raise Invalid(
            f"区划文件第 {reader.line_num} 行不是正确的 CSV。请检查引号是否成对。"
        ) from fault
    return rows


def _plain(text: str) -> str:
    """Half-width, without spaces and the apostrophe that keeps Excel from reading a number."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).lstrip("'")


def _columns(header: list[str], line: int) -> dict[str, int]:
    columns: dict[str, int] = {}
    for at, caption in enumerate(header):
        name = _COLUMNS.get(_plain(caption))
        if name in columns:
            raise Invalid(f"区划文件第 {line} 行的表头里“{caption}”重复了。请只保留一列。")
        if name:
            columns[name] = at
    missing = [caption for name, caption in _CAPTIONS.items() if name not in columns]
    if missing:
        raise Invalid(
            f"区划文件第 {line} 行的表头里没有{'、'.join(f'“{c}”' for c in missing)}。"
            "第一行须是表头：区划代码、名称、级别（顺序不限）。"
        )
    return columns


def _division(line: int, values: Mapping[str, str], faults: list[str]) -> Division | None:
    """The division of one line; None when a fault was found and added to `faults`."""
    before = len(faults)
    code = _plain(values["code"])
    settlement_text = _plain(values.get("settlement", ""))
    if re.fullmatch(rf"[0-9]{{{_LONG_CODE_LENGTH}}}", code):
        settlement_text = settlement_text or code[-3:]
        code = code[:_CODE_LENGTH]
    if re.search(r"[Ee]\+", code):
        faults.append(
            f"第 {line} 行：区划代码“{code[:30]}”被 Excel 改成了科学计数，请把该列设为文本后重填"
        )
    elif not re.fullmatch(rf"[0-9]{{{_CODE_LENGTH}}}", code):
        faults.append(f"第 {line} 行：区划代码“{code[:30]}”不是 12 位（或 17 位）数字")
    elif code == WHOLE_COUNTRY_CODE:
        faults.append(f"第 {line} 行：区划代码不能全是 0")
    name = values["name"]
    if not name:
        faults.append(f"第 {line} 行：没有填写名称")
    elif len(name) > LONGEST_NAME:
        faults.append(f"第 {line} 行：名称超过 {LONGEST_NAME} 个字")
    level = _LEVEL_OF_WORD.get(_plain(values["level"]))
    if level is None:
        shown = f"级别“{values['level'][:30]}”不认识" if values["level"] else "没有填写级别"
        faults.append(f"第 {line} 行：{shown}，应为{'、'.join(_LEVELS)}之一")
    settlement = _SETTLEMENT_OF_WORD.get(settlement_text)
    if settlement_text and settlement is None:
        faults.append(
            f"第 {line} 行：城乡分类“{settlement_text[:30]}”不认识，应为 111、220 等三位代码"
        )
    if len(faults) > before or level is None:
        return None
    if level_of(code) != level:
        faults.append(
            f"第 {line} 行：{name}的代码 {code} 是{level_of(code)}级的代码，与级别“{level}”不符"
        )
        return None
    return Division(code, name, level, settlement, line)


def _faults_between(divisions: list[Division]) -> list[str]:
    """Codes that stand twice, and divisions whose parent is missing. The topmost level of the file
    needs none: a file may begin at a county."""
    faults = []
    first_line: dict[str, int] = {}
    for d in divisions:
        if d.code in first_line:
            faults.append(f"第 {d.line} 行：区划代码 {d.code} 与第 {first_line[d.code]} 行重复")
        first_line.setdefault(d.code, d.line)
    top = min((_LEVELS.index(d.level) for d in divisions), default=0)
    for d in divisions:
        parent = parent_of(d.code)
        if _LEVELS.index(d.level) > top and parent and parent not in first_line:
            faults.append(f"第 {d.line} 行：{d.name}（{d.code}）的上级 {parent} 不在文件中")
    return faults


def _line_of(fault: str) -> int:
    found = re.match(r"第 (\d+) 行", fault)
    return int(found[1]) if found else 0


def _summary(faults: list[str]) -> str:
    shown = "；\n".join(faults[:MOST_FAULTS])
    more = f"\n（只列出前 {MOST_FAULTS} 处）" if len(faults) > MOST_FAULTS else ""
    return f"区划文件有 {len(faults)} 处错误，没有装载任何区划。请改正后重装：\n{shown}。{more}"


def _last_below(listed: Iterable[str]) -> str:
    """The highest code that can lie under any of the listed ones."""
    return max(prefix_of(code).ljust(_CODE_LENGTH, "9") for code in listed)


def _parents(session: ScopedSession, listed: Mapping[str, Division],
             standing: Mapping[str, Region]) -> dict[str, str | None]:
    """Each code's parent, as it may be stored."""
    wanted = {code: parent_of(code) for code in listed}
    unknown = {p for p in wanted.values() if p} - listed.keys() - standing.keys()
    unknown -= set(session.scalars(select(Region.code).where(Region.code.in_(unknown))))
    for code, parent in wanted.items():
        if parent not in unknown:
            continue
        if listed[code].level in ("乡镇", "村"):
            raise Invalid(
                f"{listed[code].name}（{code}）的上级 {parent} 还没有装载。请先装载上级区划。"
            )
        wanted[code] = None
    return wanted


def _absent(listed: Mapping[str, Division], standing: Mapping[str, Region]) -> tuple[str, ...]:
    """Codes in use that the file should list but does not: those under its topmost divisions, at
    the level of the county or below."""
    prefixes = tuple(
        prefix_of(d.code) for d in listed.values()
        if d.level == "县" or (d.level in ("乡镇", "村") and parent_of(d.code) not in listed)
    )
    return tuple(sorted(
        code for code, region in standing.items()
        if code not in listed and region.valid_until is None and code.startswith(prefixes)
    ))
