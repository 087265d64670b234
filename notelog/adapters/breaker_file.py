"""The breakers in the user's state folder: one small JSON file, replaced whole each time.

It holds what failed and when, and of a key no more than a salted hash. Whatever is wrong with the
file costs no more than a request that fails once more, so that nothing here ever stops a turn.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, cast

from notelog.adapters.note_locks import wait_for_lock
from notelog.adapters.places import private_folder, replace_private
from notelog.core.breaker import Breaker, Failure
from notelog.errors import JournalError

FILE_NAME: Final = "breakers.json"

_VERSION: Final = 1
_FILE_BYTES: Final = 1 << 20
_SALT_BYTES: Final = 16


class BreakerFile:
    """Implements ``ports.Breakers``.

    Args:
        folder: the state folder; made when a failure is kept.
        notice: is told, in a sentence, when the file cannot be read or written.
    """

    def __init__(self, folder: str, *, notice: Callable[[str], None]) -> None:
        self._path = Path(folder, FILE_NAME)
        self._notice = notice
        self._new_salt = secrets.token_bytes(_SALT_BYTES)

    def all(self) -> tuple[Breaker, ...]:
        """Every profile that failed last, by name."""
        return self._read()[1]

    def read(self, profile: str) -> Breaker | None:
        """The failures of a profile; None where its last request went well."""
        return _of(self.all(), profile)

    def salt(self) -> bytes:
        """What is hashed with every key; the file's own, or the one that it will have."""
        return self._read()[0]

    def change(self, profile: str, change: Callable[[Breaker | None], Breaker | None]) -> None:
        """Puts what ``change`` gives in the place of what it is given."""
        try:
            private_folder(str(self._path.parent))
            with wait_for_lock(str(self._path.with_suffix(".lock")), "with its breakers"):
                salt, breakers = self._read()
                changed = change(_of(breakers, profile))
                others = tuple(item for item in breakers if item.profile != profile)
                added = () if changed is None else (changed,)
                replace_private(self._path, _encoded(salt, sorted((*others, *added), key=_name)))
        except (OSError, JournalError) as error:
            self._notice(f"{self._path} cannot be written ({error}): a failure is not remembered")

    def _read(self) -> tuple[bytes, tuple[Breaker, ...]]:
        try:
            with self._path.open("rb") as file:
                return _decoded(file.read(_FILE_BYTES))
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as error:
            self._notice(f"{self._path} cannot be read ({error.strerror}): no breaker holds")
        except (ValueError, TypeError, KeyError, RecursionError):
            self._notice(f"{self._path} is damaged: no breaker holds")
        return self._new_salt, ()


def _of(breakers: tuple[Breaker, ...], profile: str) -> Breaker | None:
    return next((item for item in breakers if item.profile == profile), None)


def _name(breaker: Breaker) -> str:
    return breaker.profile


def _encoded(salt: bytes, breakers: list[Breaker]) -> bytes:
    rows = [
        {
            "profile": item.profile,
            "fingerprint": item.fingerprint,
            "kind": item.failure.kind,
            "cause": item.failure.cause,
            "for_good": item.failure.for_good,
            "costly": item.failure.costly,
            "count": item.count,
            "since": item.since,
            "until": item.until,
            "pause_s": item.pause_s,
            "trying": item.trying,
        }
        for item in breakers
    ]
    value = {"version": _VERSION, "salt": salt.hex(), "breakers": rows}
    return json.dumps(value, indent=1).encode()  # ASCII: a server's words may hold half characters


def _decoded(data: bytes) -> tuple[bytes, tuple[Breaker, ...]]:
    """The salt and the breakers in a file.

    Raises:
        ValueError: it is no such file; so do TypeError and KeyError.
    """
    value = cast("Mapping[str, object]", json.loads(data))
    if value["version"] != _VERSION:
        raise ValueError("another version")
    salt = bytes.fromhex(cast("str", value["salt"]))
    return salt, tuple(
        _breaker(row) for row in cast("list[Mapping[str, object]]", value["breakers"])
    )


def _breaker(row: Mapping[str, object]) -> Breaker:
    until = row["until"]
    return Breaker(
        profile=_text(row["profile"]),
        fingerprint=_text(row["fingerprint"]),
        failure=Failure(
            kind=_text(row["kind"]),
            cause=_text(row["cause"]),
            for_good=row["for_good"] is True,
            costly=row["costly"] is True,
        ),
        count=int(_number(row["count"])),
        since=_number(row["since"]),
        until=None if until is None else _number(until),
        pause_s=_number(row["pause_s"]),
        trying=row["trying"] is True,
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("no number")
    return float(value)
