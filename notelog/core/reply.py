"""A reply, and how it is put together from the parts that arrive."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What the server says it counted, in tokens."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    reasoning_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyDelta:
    """One part of a reply as it arrives.

    Attributes:
        text: what is added to the reply.
        reasoning: what is added to the model's reasoning.
        finish_reason: the server's word for why it ended, in the last part that has one.
        usage: the figures, in the part that carries them.
        model: the model the server says it used.
        refusal: what is added to a refusal.
    """

    text: str = ""
    reasoning: str = ""
    finish_reason: str = ""
    usage: Usage | None = None
    model: str = ""
    refusal: str = ""


class ReplyState(StrEnum):
    """How a reply ended. Only COMPLETE is a whole reply."""

    COMPLETE = "complete"  # finish_reason stop was seen
    LENGTH = "length"  # the server stopped at a token limit
    FILTERED = "filtered"  # content_filter
    REFUSED = "refused"  # the model declined in the refusal field
    EMPTY = "empty"  # it ended without any text
    CUT = "cut"  # the stream ended without a finish_reason
    INTERRUPTED = "interrupted"  # the person stopped it


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A reply as far as it arrived.

    Attributes:
        text: the model's words, a leading ``<think>`` block taken out.
        reasoning: the model's reasoning; shown only if asked for, never sent back.
        state: whether it is whole.
        finish_reason: the server's own word; empty where none was seen.
        usage: the server's figures, or None.
        model: the model the server says it used; may be empty.
    """

    text: str
    reasoning: str
    state: ReplyState
    finish_reason: str
    usage: Usage | None
    model: str
