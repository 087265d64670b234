"""Counting: what a message costs, how far bytes bound it, and where a text may be cut to count.

The framing of chat messages is that of the OpenAI cookbook ("How to count tokens with tiktoken"):
3 tokens a message, its role, its content, 1 more for a name, and 3 for the reply's beginning.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from operator import attrgetter
from typing import ClassVar, Final, NamedTuple, Protocol, Self, TypeAlias, TypeVar

from notelog.core.messages import Message, Role
from notelog.core.models import ModelSpec

Count: TypeAlias = Callable[[str, str], int]
"""The number of tokens of a text in the tiktoken encoding of that name."""

MessageT = TypeVar("MessageT")

REPLY_TOKENS: Final = 3
"""The tokens that begin the reply: part of every prompt."""

BYTES_PER_TOKEN: Final = 4
"""Of UTF-8, about, in any language: for a running count. 0.6 to 1.3 of what o200k_base counts in
English, German, Chinese, Japanese and Python; Russian has twice as many bytes."""

BLOCK_CHARS: Final = 32_768
"""Longer texts are counted in blocks of about this size."""

_ONE_TOKEN_ROLES: Final = frozenset({"system", "user", "assistant", "developer", "tool"})

# Places where every pattern of cl100k_base and o200k_base ends a piece, whatever stands further
# away: (A) after a line feed with neither a blank nor a slash behind it, (B) between a letter
# and one blank or punctuation mark that a letter follows. Tokens never reach across pieces.
_LETTER: Final = "A-Za-z\u4e00-\u9fff"
_ADDITIVE_CUT: Final = (
    rf"(?<=\n)(?=[^\s/])|(?<=[{_LETTER}])(?=[ ,;:.!?，。；：、！？（）「」“”][{_LETTER}])"
)


class TokenCount(int):
    """A number of tokens that says what it is worth.

    Attributes:
        exact: whether it is exact for the model; otherwise it is an estimate, rounded up.
        source: where it comes from, for a person.
    """

    exact: bool
    source: str

    def __new__(cls, tokens: int, *, exact: bool, source: str) -> Self:
        """Labels a number."""
        made = super().__new__(cls, tokens)
        made.exact = exact
        made.source = source
        return made


class Weighed(NamedTuple):
    """A message as it is counted.

    Attributes:
        role: in the words of the chat API.
        text: its content.
        name: of the speaker; may be empty.
        fixed_tokens: what it costs besides, such as pictures and the frame of tool calls.
        follows: it belongs to the message before it and is never sent without: a tool's result.
        lines: its first and last line in the note.
    """

    role: str
    text: str
    name: str = ""
    fixed_tokens: int = 0
    follows: bool = False
    lines: tuple[int, int] = (0, 0)


class MessageView(Protocol[MessageT]):
    """How messages of some type are read.

    A conversation may have 20,000: most are only glanced at, all at once.

    Attributes:
        ways_out: what a person can have done about a message that is too large, in words.
    """

    ways_out: ClassVar[Sequence[str]]

    def roles(self, messages: Sequence[MessageT]) -> Sequence[str]:
        """Who speaks, for each message."""
        ...

    def pinned(self, messages: Sequence[MessageT]) -> Sequence[int]:
        """The places of the messages that are never left out."""
        ...

    def orphans(self, messages: Sequence[MessageT], roles: Sequence[str]) -> Sequence[int]:
        """The places of the messages that no server takes where they stand."""
        ...

    def text(self, message: MessageT) -> str:
        """What it says."""
        ...

    def texts(self, messages: Sequence[MessageT]) -> Sequence[str]:
        """What all of them say."""
        ...

    def weigh(self, message: MessageT) -> Weighed:
        """The message as it is counted."""
        ...

    def longest_text(self, message: MessageT) -> str:
        """Its text, or that of its longest part: what can be shortened of it."""
        ...

    def with_text(self, message: MessageT, text: str) -> MessageT:
        """The message with another text in the place of its longest one."""
        ...

    def notice(self, text: str) -> MessageT:
        """A system message that says that something was left out."""
        ...


class NoteView:
    """Reads the messages of a note."""

    ways_out: ClassVar[Sequence[str]] = (
        "send only the beginning and the end of it (--shorten)",
        "have it answered part by part (complete --map-reduce)",
    )

    def roles(self, messages: Sequence[Message]) -> Sequence[str]:
        """Who speaks, for each message."""
        return list(map(attrgetter("role"), messages))

    def pinned(self, messages: Sequence[Message]) -> Sequence[int]:
        """The places of the messages that are never left out."""
        return [index for index, message in enumerate(messages) if message.pinned]

    def orphans(self, messages: Sequence[Message], roles: Sequence[str]) -> Sequence[int]:  # noqa: ARG002  # of the protocol
        """None: in a note every message can stand alone."""
        return ()

    def text(self, message: Message) -> str:
        """What it says."""
        return message.content

    def texts(self, messages: Sequence[Message]) -> Sequence[str]:
        """What all of them say."""
        return list(map(attrgetter("content"), messages))

    def weigh(self, message: Message) -> Weighed:
        """The message as it is counted."""
        return Weighed(message.role, message.content, lines=message.lines)

    def longest_text(self, message: Message) -> str:
        """What it says."""
        return message.content

    def with_text(self, message: Message, text: str) -> Message:
        """The message with another text."""
        return replace(message, content=text)

    def notice(self, text: str) -> Message:
        """A system message."""
        return Message(role=Role.SYSTEM, content=text)


@dataclass(frozen=True, slots=True)
class Scale:
    """Counts and bounds messages for one model.

    Attributes:
        model: whose tokens are counted.
        count: the counter of its encoding.
    """

    model: ModelSpec
    count: Count

    def cost(self, item: Weighed) -> int:
        """The tokens of a message with its framing, rounded up where they are an estimate."""
        tokens = self.frame(item) + self.tokens(item.text)
        if item.name:
            tokens += self.tokens(item.name)
        return tokens

    def bound(self, item: Weighed) -> int:
        """At least ``cost``, without counting: a token has at least one UTF-8 byte."""
        return self.frame(item) + size_bytes(item.text) + size_bytes(item.name)

    def frame(self, item: Weighed) -> int:
        """The tokens of a message besides its text and name."""
        model = self.model
        role = 1 if item.role in _ONE_TOKEN_ROLES else size_bytes(item.role)
        named = model.tokens_per_name if item.name else 0
        return scaled(model, model.tokens_per_message + role + named) + item.fixed_tokens

    def reply_frame(self) -> int:
        """The tokens of a prompt besides its messages."""
        return scaled(self.model, REPLY_TOKENS)

    def exact(self, items: Iterable[Weighed]) -> bool:
        """Whether the costs of these messages are exact."""
        return self.model.exact and not any(item.fixed_tokens for item in items)

    def source(self, *, bounded: bool) -> str:
        """Where the figures come from, for a person."""
        model = self.model
        if bounded:
            return "bounded by bytes, nothing was counted"
        if model.exact:
            return f"tiktoken {model.encoding}"
        if model.calibrated:
            return (
                f"estimate, calibrated by earlier replies: {model.ratio:.4g} x"
                f" tiktoken {model.encoding}"
            )
        if model.ratio == 1:
            return f"estimate: tiktoken {model.encoding}, the framing is not published"
        return f"estimate: {model.ratio:g} x tiktoken {model.encoding}"

    def tokens(self, text: str) -> int:
        """The tokens of a text alone, rounded up where they are an estimate."""
        tokens = scaled(self.model, self.count(text, self.model.encoding))
        return tokens if self.model.ratio <= 1 else min(tokens, size_bytes(text))


def scaled(model: ModelSpec, tokens: int) -> int:
    """Tokens of the encoding as tokens of the model, rounded up."""
    return tokens if model.ratio == 1 else math.ceil(tokens * model.ratio)


def size_bytes(text: str) -> int:
    """The size of a text in UTF-8, at once where it is ASCII."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def weight(texts: Sequence[str]) -> int:
    """About the size of many texts together in UTF-8, without looking into them."""
    return 3 * sum(map(len, texts)) - 2 * sum(map(len, filter(str.isascii, texts)))


@cache
def _additive_cut() -> re.Pattern[str]:
    return re.compile(_ADDITIVE_CUT)


def last_additive_cut(text: str, start: int, stop: int) -> int:
    """The last place in ``start`` to ``stop`` where a text's tokens are its parts' sum, else 0."""
    return max((cut.start() for cut in _additive_cut().finditer(text, start, stop)), default=0)


def next_additive_cut(text: str, start: int, stop: int) -> int:
    """The first such place, else 0."""
    cut = _additive_cut().search(text, start, stop)
    return cut.start() if cut else 0


def split_blocks(text: str, block_chars: int = BLOCK_CHARS) -> Iterator[str]:
    """Cuts a text where its token count is the sum of its parts' counts.

    Each part but the last has at least ``block_chars`` characters; a text without such places
    stays whole. Appending to a text leaves all its parts but the last as they were.
    """
    start = 0
    while cut := _additive_cut().search(text, start + block_chars):
        yield text[start : cut.start()]
        start = cut.start()
    yield text[start:]
