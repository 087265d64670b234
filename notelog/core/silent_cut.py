"""A prompt that a server cut without a word, found out by the figures of its reply.

Ollama drops the front of what does not fit, the system message first, and answers as if nothing
were missing. Its count of the prompt tells.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from notelog.core.calibration import CUT_SHARE, MOST_SURE
from notelog.core.counting import NoteView, Scale
from notelog.core.models import ModelSpec
from notelog.core.reply import Usage
from notelog.core.trim import TrimPlan

LEAST_REPORTED: Final = 32
"""No window is so small: a server that reports less does not count."""

_BYTES_PER_TOKEN: Final = 5
"""More than prose, Chinese or code have on average: who reports a token for each so many bytes has
read all of it, and nothing needs to be counted to know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SilentCut:
    """What a server read, and what it was sent, in tokens."""

    read_tokens: int
    sent_tokens: int


def find_silent_cut(
    plan: TrimPlan, spec: ModelSpec, usage: Usage | None, count: Callable[[str, str], int]
) -> SilentCut | None:
    """What was cut of a prompt; None where all of it was read, or nothing is known.

    Args:
        plan: what was sent.
        spec: the model, as it was counted.
        usage: the server's figures.
        count: counts tokens in an encoding; not asked where the figures are plain.
    """
    if usage is None or usage.prompt_tokens < LEAST_REPORTED:
        return None
    read = usage.prompt_tokens
    share = CUT_SHARE if not plan.bounded else 1 / _BYTES_PER_TOKEN
    if read >= share * plan.prompt_tokens:
        return None
    sent = _counted(plan, spec, count) if plan.bounded else plan.prompt_tokens
    if not plan.exact and spec.ratio > MOST_SURE:
        sent = round(sent * MOST_SURE / spec.ratio)
    return SilentCut(read_tokens=read, sent_tokens=sent) if read < CUT_SHARE * sent else None


def _counted(plan: TrimPlan, spec: ModelSpec, count: Callable[[str, str], int]) -> int:
    scale, view = Scale(spec, count), NoteView()
    return sum(scale.cost(view.weigh(item)) for item in plan.messages) + scale.reply_frame()
