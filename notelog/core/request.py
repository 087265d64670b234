"""A request as it is sent: the body of a chat completion, and nothing of where it goes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from notelog.core.messages import Conversation

JsonValue: TypeAlias = (
    "str | int | float | bool | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
)


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
    """

    model: str
    messages: Conversation
    max_tokens: int | None = None
    max_tokens_parameter: str = "max_tokens"
    sampling: Mapping[str, JsonValue]
    stream: bool = True

    def body(self) -> dict[str, JsonValue]:
        """The JSON body, in the order in which it is sent."""
        body: dict[str, JsonValue] = {
            "model": self.model,
            "messages": [
                {"role": str(item.role), "content": item.content} for item in self.messages
            ],
            **self.sampling,
        }
        if self.max_tokens is not None:
            body[self.max_tokens_parameter] = self.max_tokens
        if self.stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        return body
