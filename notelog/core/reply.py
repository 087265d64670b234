"""A reply, and how it is put together from the parts that arrive."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What the server says it counted, in tokens."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    reasoning_tokens: int = 0


def sum_of_usages(usages: Iterable[Usage]) -> Usage:
    """The figures of several replies together."""
    total = Usage(prompt_tokens=0, completion_tokens=0)
    for one in usages:
        total = Usage(
            prompt_tokens=total.prompt_tokens + one.prompt_tokens,
            completion_tokens=total.completion_tokens + one.completion_tokens,
            cached_tokens=total.cached_tokens + one.cached_tokens,
            reasoning_tokens=total.reasoning_tokens + one.reasoning_tokens,
        )
    return total


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
        refusal: the words with which the model declined; may be empty.
        fault: why it is not whole, or what is odd about it, for a person; may be empty.
    """

    text: str
    reasoning: str
    state: ReplyState
    finish_reason: str
    usage: Usage | None
    model: str
    refusal: str = ""
    fault: str = ""


_LIMIT_WORDS = frozenset({"length", "max_tokens", "model_length", "max_output_tokens"})
_FILTER_WORDS = frozenset(
    {"content_filter", "content_filtered", "safety", "recitation", "prohibited_content", "spii"}
)
_TOOL_WORDS = frozenset({"tool_calls", "function_call", "tool_use"})
_FAULT_WORDS = frozenset(
    {"error", "abort", "aborted", "cancelled", "network_error", "insufficient_system_resource"}
)
_WHOLE_WORDS = frozenset({"stop", "end_turn", "stop_sequence", "eos", "eos_token", "complete"})


class ReplyBuilder:
    """Puts a reply together from its parts.

    Attributes:
        fault: why it ended early, for a person; set by whoever saw it.
        finish_reason: the server's word, once it was seen: from then on the reply is as whole as
            it will be, whatever happens to the connection.
    """

    def __init__(self) -> None:
        self.fault = ""
        self.finish_reason = ""
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._refusal: list[str] = []
        self._usage: Usage | None = None
        self._model = ""
        self._has_text = False

    @property
    def has_text(self) -> bool:
        """Whether anything but blanks has arrived."""
        return self._has_text

    @property
    def text(self) -> str:
        """The model's words so far."""
        return "".join(self._text) if self._has_text else ""

    def add(self, delta: ReplyDelta) -> None:
        """Takes the next part."""
        if delta.text:
            self._text.append(delta.text)
            self._has_text = self._has_text or not delta.text.isspace()
        if delta.reasoning:
            self._reasoning.append(delta.reasoning)
        if delta.refusal:
            self._refusal.append(delta.refusal)
        self.finish_reason = delta.finish_reason or self.finish_reason
        self._usage = delta.usage or self._usage
        self._model = delta.model or self._model

    def finish(self, *, interrupted: bool = False) -> Reply:
        """The reply as far as it arrived.

        Args:
            interrupted: the person stopped it; of no account once a finish_reason was seen.
        """
        state = self._state(interrupted=interrupted)
        return Reply(
            text=self.text,
            reasoning="".join(self._reasoning),
            state=state,
            finish_reason=self.finish_reason,
            usage=self._usage,
            model=self._model,
            refusal="".join(self._refusal),
            fault=self._fault(state),
        )

    def _state(self, *, interrupted: bool) -> ReplyState:
        word = self.finish_reason.lower()
        if not word:
            return ReplyState.INTERRUPTED if interrupted else ReplyState.CUT
        if word in _FAULT_WORDS:
            return ReplyState.CUT
        if word in _FILTER_WORDS:
            return ReplyState.FILTERED
        if self._refusal:
            return ReplyState.REFUSED
        if word in _LIMIT_WORDS:
            return ReplyState.LENGTH
        return ReplyState.COMPLETE if self._has_text else ReplyState.EMPTY

    def _fault(self, state: ReplyState) -> str:
        word = self.finish_reason.lower()
        match state:
            case ReplyState.CUT if word:
                return self.fault or f"the server ended it with finish_reason {word}"
            case ReplyState.CUT:
                return self.fault or "the stream ended without a finish_reason"
            case ReplyState.COMPLETE | ReplyState.EMPTY if word in _TOOL_WORDS:
                return "the model wanted to call a tool, and notelog offers none"
            case ReplyState.COMPLETE if word not in _WHOLE_WORDS:
                return f"it ended with a finish_reason that notelog does not know: {word}"
            case _:
                return ""
