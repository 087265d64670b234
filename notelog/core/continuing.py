"""Going on from a reply that ended early, without repeating it.

How a server is asked differs: ``prefill`` sends the part as the last message, an assistant's, and
the server goes on with it (llama.cpp, pull request 13174); ``prefix`` marks that message so
(DeepSeek at its /beta address, Mistral); ``final_message`` sets the parameters of vLLM and SGLang.
Where a server knows none of these, ``message`` asks for it in words: the model first repeats the
last words it said, by which the two parts are joined exactly.
"""

from collections.abc import Mapping
from re import compile as regex
from typing import Final

from notelog.core.json_value import JsonValue
from notelog.core.messages import Conversation, Message, Role
from notelog.core.reply import Reply, ReplyState
from notelog.core.settings import Continuation

_QUOTED_CHARS: Final = 60
_LEAST_OVERLAP_CHARS: Final = 8
_MOST_OVERLAP_CHARS: Final = 2_000
_WORD_END = regex(r"[A-Za-z0-9]\Z")
_WORD_START = regex(r"[A-Za-z0-9]")
_EARLY = frozenset({ReplyState.LENGTH, ReplyState.CUT, ReplyState.INTERRUPTED})
_FINAL_MESSAGE: Mapping[str, JsonValue] = {
    "continue_final_message": True,
    "add_generation_prompt": False,
}


def ended_early(reply: Reply) -> bool:
    """Whether a reply has a beginning and no end, and nothing but its end is missing."""
    return reply.state in _EARLY and bool(reply.text)


def going_on(how: Continuation, part: str) -> Conversation:
    """The messages that follow a question whose reply is to go on.

    Args:
        how: the server's way.
        part: the reply so far; not blank.
    """
    said = Message(role=Role.ASSISTANT, content=part, pinned=True, prefix=how == "prefix")
    if how != "message":
        return (said,)
    wish = (
        "Your last message ended early. Go on with it from where it broke off, in its language "
        "and form, and repeat nothing of it but its last words: begin with exactly these words, "
        f"and without any remark:\n\n{_last_words(part)}"
    )
    return (said, Message(role=Role.USER, content=wish))


def parameters_of(how: Continuation) -> Mapping[str, JsonValue]:
    """What a request that goes on says beside its messages."""
    return _FINAL_MESSAGE if how == "final_message" else {}


def joined(how: Continuation, part: str, rest: str) -> str:
    """The whole reply.

    Args:
        how: the way in which the server was asked.
        part: the reply so far.
        rest: what it went on with.
    """
    if how != "message":
        return part + rest
    rest = rest.lstrip() if part[-1:].isspace() else rest.lstrip("\r\n")
    place = _end_of_repeated(part.rstrip(), rest.lstrip())
    if place:
        return part.rstrip() + rest.lstrip()[place:]
    between = " " if _WORD_END.search(part) and _WORD_START.match(rest) else ""
    return part + between + rest


def _last_words(part: str) -> str:
    """The end of a text, from the start of a word on."""
    tail = part.rstrip()[-_QUOTED_CHARS:]
    line = tail.rsplit("\n", 1)[-1] or tail
    cut = len(part.rstrip()) > len(line)
    words = line.split(" ", 1)
    return words[1] if cut and len(words) > 1 and len(line) == _QUOTED_CHARS else line


def _end_of_repeated(part: str, rest: str) -> int:
    """How much of the rest repeats the end of the part."""
    words = _last_words(part)
    if rest.startswith(words):
        return len(words)
    for size in range(min(len(part), len(rest), _MOST_OVERLAP_CHARS), _LEAST_OVERLAP_CHARS - 1, -1):
        if part.endswith(rest[:size]):
            return size
    return 0
