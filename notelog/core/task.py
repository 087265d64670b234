"""What is asked of a long text, told apart from the text: the two may stand in one message.

A person writes a short question above or below what was pasted, or in a message of its own before
or after it. What is a question is guessed from its place and its words, so it is always shown.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from notelog.core.messages import Conversation, Message, Role

_MOST_CHARS: Final = 2_000
"""More than this is no instruction but text."""

_PARAGRAPH_CHARS: Final = 600
_SENTENCE: Final = re.compile(r"[^\n.!?。！？:：]{1,300}(?:[.!?:]+(?=\s)|[。！？：]+)\s*")
_DIVIDER: Final = re.compile(r"\s*(?:[-=*_#~—–]{3,}|<hr[^>]*>)\s*")
_FENCE_LINE: Final = re.compile(r" {0,3}(?:`{3,}|~{3,})")
_FENCES: Final = re.compile(r"^ {0,3}(?:`{3,}|~{3,})", re.MULTILINE)
_QUESTION: Final = re.compile(r"[?？]['\"”’」』)）*_]*\s*$")
_ENDS_IN_COLON: Final = re.compile(r"[:：][*_]*\s*$")
_WISH: Final = re.compile(
    r"""^\W*(?:(?:please|now|then|kindly|briefly|bitte|(?:can|could|would|will)\ you)\s+)?
        (?:sum\ (?:[\w'-]+\ ){0,4}?up|paraphrase|rephrase|simplify|list|explain|find|extract|
        describe|compare|analy[sz]e|rewrite|write|answer|tell|give|show|count|name|outline|
        identify|classify|review|correct|proofread|shorten|condense|fasse?)\b
    |\b(?:please|summari[sz]e|translate|tl;?dr|zusammenfass\w+|übersetze\w*|résume[rz]?|traduis\w*|
        resume|traduce)\b
    |^\W*(?:请|帮|麻烦|列出|解释|分析|说明|找出|提取|整理|改写|润色|对比|比较|回答|告诉我|写|用.{1,6}[句字点个]
        |给我.{0,12}(?:摘要|概要|大纲|提纲|要点|重点|清单|列表|表格)
        |把(?:[这本全]|[上下]面|[上下]文|以[上下]).{0,40}?(?:改|译|缩|写成|变成|转[成为换]|整理|分成)
        |(?:简单|简要)?(?:概述|简述|提炼|梳理|校对|介绍|描述|点评|评价|检查|修改|缩写|列举)
        (?:一下|[这本全]|[上下]面|[上下]文|以[上下]|主要|要点|重点))
    |总结|概括|归纳|翻译|要約|翻訳|まとめ|요약|번역|переведи|перескажи""",
    re.IGNORECASE | re.VERBOSE,
)

_NO_WISH, _INTRODUCTION, _QUESTION_MARK, _PLAIN_WISH = range(4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A long text, and what is asked of it.

    Attributes:
        instructions: what is asked; empty where the system messages say it.
        text: what it is asked of.
        found: where the instructions were found, for a person.
        lines: the lines of the note in which instructions and text stand.
    """

    instructions: str
    text: str
    found: str
    lines: tuple[int, int]


def find_task(conversation: Conversation) -> Task | None:
    """Tells the instructions from the text.

    Args:
        conversation: with the user's messages that wait for an answer at its end.

    Returns:
        None where the user asks nothing that could be recognised.
    """
    users = [item for item in conversation if item.role is Role.USER]
    waiting = _waiting(conversation)
    earlier = max(users[: len(users) - len(waiting)], key=_size, default=None)
    said = sum(map(_size, waiting))
    if earlier is not None and said <= _MOST_CHARS and 4 * said <= _size(earlier):
        return _task(waiting, (earlier,), "the last message")
    found = _by_messages(waiting) if len(waiting) > 1 else None
    if found is None:
        found = _by_paragraphs(_joined(waiting), _lines(waiting))
    if found is None and any(item.role is Role.SYSTEM for item in conversation):
        text, lines = _joined(waiting), _lines(waiting)
        return Task(instructions="", text=text, found="the system message", lines=lines)
    return found


def _waiting(conversation: Conversation) -> tuple[Message, ...]:
    """The user's messages since the last answer."""
    waiting: list[Message] = []
    for message in reversed(conversation):
        if message.role is Role.ASSISTANT:
            break
        if message.role is Role.USER:
            waiting.insert(0, message)
    return tuple(waiting)


def _by_messages(waiting: Sequence[Message]) -> Task | None:
    """Instructions in messages of their own, the first or the last or both."""
    short = [_size(item) <= _MOST_CHARS for item in waiting]
    last = short[-1] and 4 * _size(waiting[-1]) <= sum(map(_size, waiting))
    first = short[0] and _rank(waiting[0].content, _MOST_CHARS) > (_INTRODUCTION if last else -1)
    if len(waiting) == 2 and first and last:  # noqa: PLR2004  # one of two has to be the text
        first = False
    if not first and not last:
        return None
    start, end = int(first), len(waiting) - int(last)
    asked = (*waiting[:start], *waiting[end:])
    where = "the first and the last" if first and last else "the first" if first else "the last"
    return _task(asked, waiting[start:end], f"{where} message")


def _by_paragraphs(text: str, lines: tuple[int, int]) -> Task | None:
    """Instructions above or below the text in one message."""
    paragraphs = _pieces(text)
    head, tail = _head(paragraphs), _tail(paragraphs)
    above, below = _best(paragraphs[:head]), _best(paragraphs[len(paragraphs) - tail :])
    if not above and not below:
        return None
    if above > below or (above == below != _PLAIN_WISH):
        tail = 0
    elif below > above > _INTRODUCTION:
        head = 0
    body = paragraphs[head : len(paragraphs) - tail]
    if not "".join(body).strip():
        return None
    asked = [*paragraphs[:head], *paragraphs[len(paragraphs) - tail :]]
    where = [*(["above"] if head else []), *(["below"] if tail else [])]
    return Task(
        instructions="\n\n".join(_stripped(item) for item in asked if _stripped(item)),
        text="".join(body),
        found=f"the lines {' and '.join(where)} the text",
        lines=lines,
    )


def _head(paragraphs: Sequence[str]) -> int:
    """How many pieces at the beginning are instructions."""
    count = _until_divider(paragraphs)
    if count:
        return count
    while count < len(paragraphs) and _rank(paragraphs[count], _PARAGRAPH_CHARS):
        count += 1
        if _rank(paragraphs[count - 1], _PARAGRAPH_CHARS) == _INTRODUCTION:
            break  # what is introduced follows
    return count if _chars(paragraphs[:count]) <= _MOST_CHARS else 0


def _tail(paragraphs: Sequence[str]) -> int:
    """How many pieces at the end are instructions."""
    backwards = paragraphs[::-1]
    count = _until_divider(backwards)
    if count:
        return count
    while count < len(backwards) and _rank(backwards[count], _PARAGRAPH_CHARS) > _INTRODUCTION:
        count += 1
    return count if _chars(backwards[:count]) <= _MOST_CHARS else 0


def _until_divider(paragraphs: Sequence[str]) -> int:
    """How many pieces stand before a dividing line, itself among them, where one of them asks."""
    for count, piece in enumerate(paragraphs):
        if _chars(paragraphs[:count]) > _MOST_CHARS:
            return 0
        if count and _DIVIDER.fullmatch(piece):
            return count + 1 if _best(paragraphs[:count]) > _INTRODUCTION else 0
    return 0


def _best(paragraphs: Sequence[str]) -> int:
    return max((_rank(item, _PARAGRAPH_CHARS) for item in paragraphs), default=_NO_WISH)


def _rank(text: str, most_chars: int) -> int:
    """How much a piece of text looks like instructions."""
    words = text.strip()
    if not words or len(words) > most_chars:
        return _NO_WISH
    if _WISH.search(words):
        return _PLAIN_WISH
    if _QUESTION.search(words):
        return _QUESTION_MARK
    return _INTRODUCTION if _ENDS_IN_COLON.search(words) else _NO_WISH


def _pieces(text: str) -> list[str]:
    """The text in pieces, of which joined it consists; the middle of a long text is one piece."""
    end = len(text) - 2 * _MOST_CHARS
    if end <= 2 * _MOST_CHARS:
        return _paragraphs(text)
    head = _paragraphs(text[: 2 * _MOST_CHARS])[:-1]
    inside = sum(1 for _ in _FENCES.finditer(text, 0, end)) % 2 == 1
    tail = _paragraphs(text[end:], fence=inside)[1:]
    return [*head, text[_chars(head) : len(text) - _chars(tail)], *tail]


def _paragraphs(text: str, *, fence: bool = False) -> list[str]:
    """The text in paragraphs, and the lines of those that are too long to be instructions.

    Args:
        text: what is split.
        fence: whether it begins within a code fence; each is one piece.
    """
    pieces: list[str] = []
    for line in re.findall(r"[^\n]*\n|[^\n]+", text):
        goes_on = pieces and (fence or not line.strip() or not _is_complete(pieces[-1], line))
        if _FENCE_LINE.match(line):
            goes_on, fence = fence, not fence
        if goes_on and pieces:
            pieces[-1] += line
        else:
            pieces.append(line)
    return [line for piece in pieces for line in _split_long(piece)]


def _is_complete(piece: str, line: str) -> bool:
    """Whether a line begins a new piece."""
    last = piece.rstrip("\n").rpartition("\n")[2]
    return piece.endswith("\n\n") or not last.strip() or any(map(_DIVIDER.fullmatch, (last, line)))


def _split_long(piece: str) -> list[str]:
    """The first and the last line of a long paragraph on their own: a question may be glued on.

    Of a line that is itself long it is the first and the last sentence.
    """
    if len(piece) <= _PARAGRAPH_CHARS or _FENCE_LINE.match(piece):
        return [piece]
    first, rest = _first_line(piece)
    last = _last_line(rest)
    return [item for item in (first, rest[: len(rest) - len(last)], last) if item]


def _first_line(piece: str) -> tuple[str, str]:
    end = piece.find("\n") + 1
    if not 0 < end <= _PARAGRAPH_CHARS:
        sentence = _SENTENCE.match(piece)
        end = sentence.end() if sentence else 0
    return piece[:end], piece[end:]


def _last_line(piece: str) -> str:
    start = piece.rstrip("\n").rfind("\n") + 1
    if start and len(piece) - start <= _PARAGRAPH_CHARS:
        return piece[start:]
    end = piece[-_PARAGRAPH_CHARS:]
    ends = [found.end() for found in _SENTENCE.finditer(end) if found.end() < len(end.rstrip())]
    return end[ends[-1] :] if ends else ""


def _stripped(piece: str) -> str:
    return "" if _DIVIDER.fullmatch(piece) else piece.strip()


def _task(asked: Sequence[Message], texts: Sequence[Message], found: str) -> Task:
    return Task(
        instructions="\n\n".join(item.content.strip() for item in asked),
        text=_joined(texts),
        found=found,
        lines=_lines((*texts, *asked)),
    )


def _lines(messages: Sequence[Message]) -> tuple[int, int]:
    places = [item.lines for item in messages]
    return (min(first for first, _ in places), max(last for _, last in places))


def _joined(messages: Sequence[Message]) -> str:
    return "\n\n".join(item.content for item in messages)


def _size(message: Message) -> int:
    return len(message.content)


def _chars(paragraphs: Sequence[str]) -> int:
    return sum(map(len, paragraphs))
