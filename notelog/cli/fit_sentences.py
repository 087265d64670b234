"""What is said of a conversation that was fitted to a window: what is sent, and what is not."""

from typing import TYPE_CHECKING

from notelog.cli.sentences import place_words, state_lines
from notelog.core.numbers import counted
from notelog.core.trim_report import Fate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notelog.app.prepare import Prepared
    from notelog.app.show import Shown
    from notelog.core.messages import Message
    from notelog.core.trim import TrimPlan
    from notelog.core.trim_report import TurnReport


def as_sent_lines(shown: "Shown") -> "Iterator[str]":
    """A note as it would be sent, then its state."""
    if shown.prepared is not None:
        yield from _sent_lines(shown.prepared.plan)
    yield from state_lines(shown)


def _sent_lines(plan: "TrimPlan[Message]") -> "Iterator[str]":
    """Every message as it is sent, with its tokens; a line stands where messages are left out."""
    messages = iter(plan.kept)
    kept = 0
    gap: list[TurnReport] = []
    for item in plan.report:
        if item.fate is Fate.LEFT_OUT:
            if gap and gap[0].reason != item.reason:
                yield from _gap_lines(gap)
                gap = []
            gap.append(item)
            continue
        yield from _gap_lines(gap)
        gap = []
        yield from _notice_lines(plan, kept)
        kept += 1
        tokens = f"{item.sent_tokens:,}"
        if item.fate is Fate.SHORTENED:
            tokens = f"{item.sent_tokens:,} of {item.tokens:,}"
        label = "at most " if plan.bounded else "" if plan.exact else "about "
        number, place = item.index + 1, place_words(item.lines)
        yield f"[{number}] {item.role} ({place}, {label}{tokens} tokens)"
        yield next(messages).content
        yield ""
    yield from _gap_lines(gap)
    yield from _notice_lines(plan, kept)


def _notice_lines(plan: "TrimPlan[Message]", kept: int) -> "Iterator[str]":
    if plan.notice is not None and kept == plan.notice_place:
        yield f"[+] {plan.notice.role} (from notelog, for the model)"
        yield plan.notice.content
        yield ""


def _gap_lines(gap: "list[TurnReport]") -> "Iterator[str]":
    if gap:
        yield f"---- left out: {_gap_words(gap)}: {gap[0].reason} ----"
        yield ""


def left_out_lines(plan: "TrimPlan[Message]") -> "Iterator[str]":
    """What is left out of a plan or shortened: a line for each run of messages."""
    gap: list[TurnReport] = []
    for item in plan.report:
        if gap and (item.fate is not Fate.LEFT_OUT or gap[0].reason != item.reason):
            yield f"left out:   {_gap_words(gap)}: {gap[0].reason}"
            gap = []
        if item.fate is Fate.LEFT_OUT:
            gap.append(item)
        elif item.fate is Fate.SHORTENED:
            yield (
                f"shortened:  {item.role}, {place_words(item.lines)}: {item.sent_tokens:,} of"
                f" {counted(item.tokens, 'token')} are sent"
            )
    if gap:
        yield f"left out:   {_gap_words(gap)}: {gap[0].reason}"


def _gap_words(gap: "list[TurnReport]") -> str:
    lines = place_words((gap[0].lines[0], gap[-1].lines[1]))
    tokens = counted(sum(item.tokens for item in gap), "token")
    return f"{counted(len(gap), 'message')}, {lines}, {tokens}"


def plan_lines(prepared: "Prepared") -> list[str]:
    """Where a request would go, and what of the note fits."""
    plan, settings = prepared.plan, prepared.settings
    address = settings.profile.base_url or "the embedded model"
    origin = settings.origins.get("model", "")
    window_origin = settings.origins.get("context_window", prepared.spec.source)
    return [
        f"profile:    {settings.profile.name} ({address})",
        f"model:      {prepared.request.model}{f' ({origin})' if origin else ''}",
        f"prompt:     {_prompt_size(plan)}",
        f"window:     {counted(plan.window, 'token')} ({window_origin})",
        f"reply:      {_reply_size(plan)}",
        *(f"{name + ':':<11} {value}" for name, value in prepared.request.sampling.items()),
        *(f"{name + ':':<11} not sent: the model takes none" for name in prepared.request.left_out),
        *left_out_lines(plan),
    ]


def _prompt_size(plan: "TrimPlan[Message]") -> str:
    kind = "at most " if plan.bounded else "" if plan.exact else "about "
    tokens, messages = counted(plan.prompt_tokens, "token"), counted(len(plan.messages), "message")
    return f"{kind}{tokens} ({plan.count_source}) in {messages}"


def _reply_size(plan: "TrimPlan[Message]") -> str:
    limit = plan.completion_tokens
    return "left to the server" if limit is None else f"at most {counted(limit, 'token')}"
