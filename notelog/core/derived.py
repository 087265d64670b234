"""Derived requests: what is asked on the way to a reply, and never stands in a note by itself.

A question larger than the window is read in parts, and what is left out of a long chat may be
summed up. Each such request is a turn of the journal like any other: it counts against the caps,
is in doubt after a crash, and its answer is kept, so that it is paid for once.
"""

from enum import StrEnum
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notelog.core.request import ChatRequest

_KEY_BYTES = 20


class Purpose(StrEnum):
    """What a request of the journal was made for."""

    REPLY = "reply"  # to be put into a note
    PART = "part"  # the answer to one part of a text that is larger than the window
    MERGE = "merge"  # several such answers made one
    SUMMARY = "summary"  # what was left out of a chat, summed up


def derived_key(purpose: Purpose, request: "ChatRequest") -> str:
    """Names a derived request by its model and by all that it says: 40 hexadecimal digits.

    Sampling and limits make no difference: to change them must not pay again.
    """
    digest = blake2b(digest_size=_KEY_BYTES, person=b"derived")
    for text in (purpose, request.model, *(f"{m.role} {m.content}" for m in request.messages)):
        data = text.encode("utf-8", "surrogatepass")
        digest.update(f"{len(data)}\n".encode())
        digest.update(data)
    return digest.hexdigest()
