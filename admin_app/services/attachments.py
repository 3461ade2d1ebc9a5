"""Evidence: files in the data folder under their hash, typed by content, reached only through the wall."""

import hashlib
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import IO, Any

from sqlalchemy import and_, or_, select

from admin_app.access.actor import Actor
from admin_app.access.permissions import Permission, Role
from admin_app.access.scope import ScopedSession
from admin_app.changes.history import first_hands
from admin_app.changes.ledger import explained
from admin_app.errors import Conflict, Invalid, NotFound, Refused
from admin_app.identity_numbers import without_numbers
from admin_app.services.rules import number
from models.attachment import Attachment
from models.base import Base, Wall, model_of
from models.change import Change

_CHUNK, _HEAD = 1 << 20, 16  # bytes
_ZIP = b"PK\x03\x04"
# Typed by what the bytes say, never by the name or by what the browser claims.
_SIGNATURES: tuple[tuple[bytes, str, tuple[str, ...]], ...] = (
    (b"\xff\xd8\xff", "image/jpeg", (".jpg", ".jpeg")),
    (b"\x89PNG\r\n\x1a\n", "image/png", (".png",)),
    (b"GIF8", "image/gif", (".gif",)),
    (b"%PDF-", "application/pdf", (".pdf",)),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/msword", (".doc", ".xls", ".wps", ".et")),
    (_ZIP, "application/vnd.openxmlformats-officedocument", (".docx", ".xlsx")),
)
ACCEPTED = "照片（JPG、PNG、GIF）、PDF、Word、Excel 文件"
# ISO 14496-12: the brand of the file stands at its bytes 8 to 12, behind "ftyp".
_HEIC = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"})
INLINE = frozenset({"image/jpeg", "image/png", "image/gif"})
_TOLD_BY_BYTES = INLINE | {"application/pdf"}  # an archive may be anything


def accepted(session: ScopedSession) -> str:
    """What may be uploaded, in words."""
    return f"{ACCEPTED}，每个不超过 {number(session, 'attachment_max_mb')} MB"


class FileStore:
    """The folder of attachments: `ab/abcdef…`, written once, never changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256

    def keep(self, stream: IO[bytes], limit: int, head: bytes = b"") -> tuple[str, int]:
        """Store a stream, of which `head` was read already; gives its hash and size. Raises Invalid when it is over
        `limit` bytes. A file that failed half-way leaves nothing."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        digest, size = hashlib.sha256(), 0
        descriptor, name = tempfile.mkstemp(dir=self._folder, prefix="incoming-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                for chunk in chain([head], _chunks(stream)):
                    size += len(chunk)
                    if size > limit:
                        raise Invalid(f"文件超过 {limit >> 20} MB。请压缩照片或分成几个文件上传。", "evidence")
                    digest.update(chunk)
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            target = self.path(digest.hexdigest())
            target.parent.mkdir(exist_ok=True, mode=0o700)
            os.replace(name, target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        return digest.hexdigest(), size


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    while chunk := stream.read(_CHUNK):
        yield chunk


def typed(head: bytes, filename: str) -> tuple[str, str]:
    """What the bytes are, and the name with a suffix (a phone may leave it out). Raises Invalid for what is not
    accepted, and for a name that says something else than the bytes."""
    suffix = Path(filename).suffix.lower()
    for signature, kind, suffixes in _SIGNATURES:
        if head.startswith(signature):
            if not suffix and kind in _TOLD_BY_BYTES:
                return kind, f"{filename}{suffixes[0]}"
            if suffix not in suffixes:
                raise Invalid(f"文件名以“{suffix or '无后缀'}”结尾，内容却不是这种文件。请用原文件上传。", "evidence")
            return kind, filename
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC:
        raise Invalid("这是苹果手机的 HEIC 照片，单位的电脑大多打不开。请在手机“设置－相机－格式”里选“兼容性最佳”"
                      "后重拍，或把照片另存为 JPG 再上传。", "evidence")
    raise Invalid(f"不接受这种文件。可上传：{ACCEPTED}。", "evidence")


def takes_papers(model: type[Base]) -> bool:
    """Whether records of a ledger have evidence: those that lie somewhere. Rights are no facts to be proved."""
    return model.__wall__ in (Wall.CHILD, Wall.OFFICE) and model.__area__ != "account"


def attach(session: ScopedSession, actor: Actor, files: FileStore, record: Base, *,
           stream: IO[bytes], filename: str) -> Attachment:
    """Attach a file to a record in scope. Effects: types the file by content, stores it, adds the row.
    Raises Invalid, Refused, NotFound (the record was handed over meanwhile)."""
    kept = keep(session, actor, files, stream=stream, filename=filename)
    attachment = Attachment(region_code=_place_of(session, record), owner_table=record.__tablename__,
                            owner_id=record.id, **kept)
    session.add(attachment)
    session.flush()
    return attachment


def _place_of(session: ScopedSession, record: Base) -> str:
    """Where a record stands, which it does not leave until this act ends: the paper would stay behind. FOR SHARE, for
    the place of a flag or a letter is part of no key. Raises NotFound."""
    model: Any = type(record)
    place: str | None = session.scalar(
        select(model.region_code).where(model.id == record.id).with_for_update(read=True))
    if place is None:
        raise NotFound()
    return place


def keep(session: ScopedSession, actor: Actor, files: FileStore, *, stream: IO[bytes], filename: str) -> dict[str, Any]:
    """Type a file by its content and store it; gives what an attachment says of it. What is refused is not stored.
    Raises Invalid, Refused."""
    actor.require(Permission.ATTACHMENT_CREATE)
    filename = "".join(c for c in Path(filename.replace("\\", "/")).name if c.isprintable())
    filename = without_numbers(filename)[-120:]  # whoever may open the list of papers need not read whole numbers
    head = stream.read(_HEAD)
    if not head:
        raise Invalid("文件是空的。请检查后重新选择。", "evidence")
    kind, filename = typed(head, filename or "附件")
    sha256, size = files.keep(stream, number(session, "attachment_max_mb") << 20, head)
    return {"sha256": sha256, "filename": filename, "content_type": kind, "size": size}


def void(session: ScopedSession, actor: Actor, number_: int, reason: str | None) -> tuple[str, int]:
    """A paper that proves nothing, or was hung on the wrong record: it stays to be read, struck out, and counts as
    evidence no more. Undone like any act. Gives the record that it hangs on, by table and number.
    Raises NotFound, Refused, Invalid, Conflict."""
    actor.require(Permission.ATTACHMENT_CREATE)
    attachment = session.get(Attachment, number_)
    if attachment is None:
        raise NotFound()
    actor.require(f"{model_of(attachment.owner_table).__area__}.edit")
    hand = first_hands(session, Attachment.__tablename__, [attachment.id]).get(attachment.id)
    if not may_void(actor, hand):
        raise Refused("您只能作废自己上传的附件。如确需作废别人上传的，请联系区划管理员。")
    if attachment.void_reason:
        raise Conflict("这个附件已经作废了。")
    attachment.void_reason = explained("作废附件", reason, "传错了户")
    session.flush()
    return attachment.owner_table, attachment.owner_id


def may_void(actor: Actor, hand: Change | None) -> bool:
    """Whether a paper that this act brought may be struck out: by whoever brought it, or an administrator."""
    return actor.role is Role.ADMINISTRATOR or (hand is not None and hand.account_id == actor.account_id)


def of_record(session: ScopedSession, record: Base) -> list[Attachment]:
    return of_records(session, [(record.__tablename__, record.id)])


def of_records(session: ScopedSession, owners: Iterable[tuple[str, int]]) -> list[Attachment]:
    """The papers of records, each named by its table and number."""
    keys: dict[str, list[int]] = defaultdict(list)
    for table, key in owners:
        keys[table].append(key)
    ways = [and_(Attachment.owner_table == table, Attachment.owner_id.in_(some)) for table, some in keys.items()]
    return list(session.scalars(select(Attachment).where(or_(*ways)).order_by(Attachment.id)))


def opened(session: ScopedSession, actor: Actor, files: FileStore, number_: int) -> tuple[Attachment, Path]:
    """The attachment and where it lies. Raises NotFound, also when the file itself is gone."""
    actor.require(Permission.ATTACHMENT_VIEW)
    attachment = session.get(Attachment, number_)
    if attachment is None:
        raise NotFound()
    actor.require(f"{model_of(attachment.owner_table).__area__}.view")  # a paper is its record's
    path = files.path(attachment.sha256)
    if not path.exists():
        raise NotFound("附件的文件不在了。请系统管理员从备份恢复 attachments 文件夹。")
    return attachment, path
