"""Fitting a conversation to the window: one pure function and the plan it gives."""

from dataclasses import dataclass

from notelog.core.messages import Conversation, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedMessage:
    """A message that is left out.

    Attributes:
        index: its place in the conversation, from 0.
        role: who spoke.
        tokens: what it would have cost.
        reason: why it is left out, for a person.
        lines: its first and last line in the note.
    """

    index: int
    role: Role
    tokens: int
    reason: str
    lines: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrimPlan:
    """What is sent, what is left out and why, and the figures behind it. All counts in tokens.

    Attributes:
        kept: the messages that are sent, in order.
        dropped: those that are left out, in order.
        window: the context window.
        budget: what the prompt may cost.
        prompt_tokens: what the kept messages cost; an upper bound where ``bounded``.
        exact: whether ``prompt_tokens`` is exact for the model.
        bounded: nothing was tokenised: bytes bound the tokens.
        completion_tokens: the most tokens the reply may have; None leaves it to the server.
        count_source: where the count comes from, for a person.
    """

    kept: Conversation
    dropped: tuple[DroppedMessage, ...]
    window: int
    budget: int
    prompt_tokens: int
    exact: bool
    bounded: bool
    completion_tokens: int | None
    count_source: str
