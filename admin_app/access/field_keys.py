"""The keys of sealed fields: made at first start, outside the database, readable by the owner only.

Values are sealed with AES-256-GCM under the current key and carry its id, so that keys can be
rotated; blind indexes are HMAC-SHA-256 under their own key. Birth date and county leave about a
thousand guesses per child: the index key is what protects the numbers, not their length.
"""

import base64
import binascii
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from click import ClickException
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from admin_app.errors import BaoxueError

_NONCE = 12
_INDEX_BYTES = 16


class KeyFault(BaoxueError, ClickException):  # type: ignore[misc]  # both keep the sentence in `message`
    """The key file is missing, unreadable, or not the one that these data were sealed with. The command line says so
    itself: the application cannot even start."""

    status = 500


@dataclass(frozen=True)
class FieldKeys:
    """All keys of one deployment. `current` names the key that seals from now on."""

    current: str
    sealing: dict[str, bytes]
    indexing: bytes
    ledger: bytes

    @classmethod
    def load_or_make(cls, path: Path, *, may_make: Callable[[], bool] = lambda: True) -> Self:
        """Read the key file; make it when there is none and none was needed yet (`may_make`). Raises KeyFault when it
        cannot be read, or is missing."""
        if not path.exists():
            if not may_make():
                raise KeyFault(f"找不到密钥文件 {path}，而数据库里已有数据。请把原来的密钥文件放回这里再启动；"
                               "没有新建：旧数据只能用原密钥解开。")
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            content = {
                "current": "k1",
                "sealing": {"k1": _encode(secrets.token_bytes(32))},
                "indexing": _encode(secrets.token_bytes(32)),
                "ledger": _encode(secrets.token_bytes(32)),
            }
            write_private(path, json.dumps(content, indent=1))
        try:
            content = json.loads(path.read_text())
            sealing = {kid: base64.b64decode(key) for kid, key in content["sealing"].items()}
            keys = cls(content["current"], sealing, base64.b64decode(content["indexing"]),
                       base64.b64decode(content["ledger"]))
        except (OSError, ValueError, KeyError, TypeError) as fault:
            raise KeyFault(
                f"密钥文件 {path} 无法读取。请从备份恢复该文件，不要新建：旧数据只能用原密钥解开。"
            ) from fault
        if keys.current not in keys.sealing:
            raise KeyFault(f"密钥文件 {path} 中没有当前密钥“{keys.current}”。请从备份恢复该文件。")
        return keys

    def cipher(self) -> "FieldCipher":
        return FieldCipher(self)

    @property
    def fingerprint(self) -> str:
        """Tells these keys from others without telling them: stands in a backup."""
        return hmac.new(self.indexing, b"baoxue keys", hashlib.sha256).hexdigest()[:32]


class FieldCipher:
    """Implements `models.kinds.Cipher`. Stored form: `key id.base64(nonce ‖ ciphertext)`."""

    def __init__(self, keys: FieldKeys) -> None:
        self._current = keys.current
        self._sealing = {kid: AESGCM(key) for kid, key in keys.sealing.items()}
        self._indexing = keys.indexing

    def seal(self, plain: str, context: str) -> str:
        nonce = os.urandom(_NONCE)
        sealed = self._sealing[self._current].encrypt(nonce, plain.encode(), context.encode())
        return f"{self._current}.{_encode(nonce + sealed)}"

    def open(self, stored: str, context: str) -> str:
        kid, _, body = stored.partition(".")
        try:
            raw = binascii.a2b_base64(body, strict_mode=True)
            return self._sealing[kid].decrypt(raw[:_NONCE], raw[_NONCE:], context.encode()).decode()
        except (KeyError, ValueError, InvalidTag) as fault:
            raise KeyFault("这项信息无法解密：密钥文件与数据不匹配。请系统管理员恢复原来的密钥文件。") from fault

    def index(self, plain: str, context: str) -> str:
        message = f"{context}\0{plain}".encode()
        return hmac.digest(self._indexing, message, hashlib.sha256)[:_INDEX_BYTES].hex()


def write_private(path: Path, content: str) -> None:
    """Write a file that only its owner may read, from its first byte on. Never overwrites."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)


def _encode(raw: bytes) -> str:
    return binascii.b2a_base64(raw, newline=False).decode()


def secret_key(path: Path) -> Any:
    """The key that signs cookies and forms, made at first start; also where one that was killed has left it empty:
    nothing was signed yet, and without a key no page opens."""
    if not path.exists() or not path.stat().st_size:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.unlink(missing_ok=True)
        write_private(path, secrets.token_urlsafe(48))
    return path.read_text().strip()
