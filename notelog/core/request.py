"""A request as it is sent: the body of a chat completion, and nothing of where it goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from notelog.core.json_value import JsonValue
from notelog.core.messages import Conversation, Message

if TYPE_CHECKING:
    from notelog.core.models import ModelSpec
    from notelog.core.settings import Settings
    from notelog.core.trim import TrimPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """What one chat completion asks.

    Attributes:
        model: the name that the server knows.
        messages: fitted to the window.
        max_tokens: the most tokens the reply may have; None leaves the parameter out.
        max_tokens_parameter: its name in the body: ``max_tokens`` or ``max_completion_tokens``.
        sampling: further parameters of the body, as they are sent.
        stream: whether the reply comes in parts.
        include_usage: whether a stream is asked for its figures too.
        left_out: parameters that were wished for and are not sent, as the model rejects them.
    """

    model: str
    messages: Conversation
    max_tokens: int | None = None
    max_tokens_parameter: str = "max_tokens"
    sampling: Mapping[str, JsonValue]
    stream: bool = True
    include_usage: bool = True
    left_out: tuple[str, ...] = ()

    def body(self) -> dict[str, JsonValue]:
        """The JSON body, in the order in which it is sent."""
        body: dict[str, JsonValue] = {
            "model": self.model,
            "messages": [_message(item) for item in self.messages],
            **self.sampling,
        }
        if self.max_tokens is not None:
            body[self.max_tokens_parameter] = self.max_tokens
        if self.stream:
            body["stream"] = True
            if self.include_usage:
                body["stream_options"] = {"include_usage": True}
        return body


def _message(item: Message) -> dict[str, JsonValue]:
    said: dict[str, JsonValue] = {"role": str(item.role), "content": item.content}
    return {**said, "prefix": True} if item.prefix else said


_OWN = frozenset(
    {"model", "messages", "max_tokens", "max_completion_tokens", "stream", "stream_options", "n"}
)
"""Parameters with a place of their own; ``n`` is never sent, for a note takes one reply."""

_REJECTED_BY_REASONING_MODELS = frozenset(
    {"temperature", "top_p", "presence_penalty", "frequency_penalty", "logit_bias", "stop"}
)
"""What OpenAI's reasoning models answer with 400 (reasoning guide, "Limitations"; ``stop`` by
o3 and o4-mini, API reference)."""


def build_request(settings: "Settings", spec: "ModelSpec", plan: "TrimPlan") -> ChatRequest:
    """Makes the request that is sent: what is wished for, as far as the model takes it."""
    rejected = _REJECTED_BY_REASONING_MODELS if spec.reasoning else frozenset[str]()
    wished = {name: value for name, value in settings.sampling.items() if name not in _OWN}
    return ChatRequest(
        model=settings.model,
        messages=plan.messages,
        max_tokens=plan.completion_tokens,
        max_tokens_parameter=spec.max_tokens_parameter,
        sampling={name: value for name, value in wished.items() if name not in rejected},
        stream=settings.stream,
        left_out=tuple(name for name in wished if name in rejected),
    )
