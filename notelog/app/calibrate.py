"""Learning from a reply how the server counts, for the next estimate."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from notelog.app.prepare import Prepared
from notelog.core.calibration import learned_ratio
from notelog.core.counting import NoteView, Scale
from notelog.core.learned import Learned
from notelog.core.profiles import profile_origin
from notelog.core.reply import Reply
from notelog.ports.learned import LearnedFigures
from notelog.ports.people import Clock

_LEAST_CHANGE: Final = 0.005
"""A smaller change is not worth a write."""


def calibrate(
    prepared: Prepared,
    reply: Reply,
    *,
    count: Callable[[str, str], int],
    learned: LearnedFigures,
    clock: Clock,
) -> None:
    """Keeps what a server's figures say of the estimate that they belong to.

    Nothing is counted for it: a prompt that was bounded by its bytes teaches nothing.

    Args:
        prepared: the request that was answered.
        reply: with the server's figures, if it gave any.
        count: counts tokens in an encoding; it knows these messages already.
        learned: where it is kept.
        clock: the day.
    """
    plan, spec = prepared.plan, prepared.spec
    origin = profile_origin(prepared.settings.profile)
    if reply.usage is None or origin is None or plan.exact or plan.bounded:
        return
    scale = Scale(replace(spec, ratio=1.0), count)
    costs = (scale.cost(NoteView().weigh(message)) for message in prepared.request.messages)
    counted = sum(costs) + scale.reply_frame()
    ratio = learned_ratio(spec, counted, reply.usage.prompt_tokens)
    if ratio is None or abs(ratio - spec.ratio) < _LEAST_CHANGE * spec.ratio:
        return
    today = datetime.fromtimestamp(clock.now(), UTC).date().isoformat()
    said = Learned(ratio=ratio, learned_on=today, source="the figures of a reply")
    learned.keep(str(origin), prepared.settings.model, said)
