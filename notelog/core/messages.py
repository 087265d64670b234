"""What is said in a chat: roles, messages, conversations."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """Who speaks, in the words of the chat API. A ``developer`` marker reads as system."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message as it is sent.

    Attributes:
        role: who speaks.
        content: the text, line ends as LF, never empty.
        lines: its first and last line in the note, from 1; (0, 0) where it is in no note.
        pinned: never left out when the conversation is fitted to the window.
        prefix: it is marked as the beginning of the reply, with which the server goes on.
    """

    role: Role
    content: str
    lines: tuple[int, int] = (0, 0)
    pinned: bool = False
    prefix: bool = False


Conversation = tuple[Message, ...]
