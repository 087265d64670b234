"""The object that ``notelog tokens --json`` prints; its fields are a contract."""

from typing import TYPE_CHECKING

from notelog.cli.json_fields import error_fields
from notelog.core.json_value import JsonValue
from notelog.core.trim_report import Fate
from notelog.core.visible import shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notelog.app.tokens import CountedTurn, Tally
    from notelog.errors import NotelogError

Fields = dict[str, JsonValue]
FIRST_WORDS_CHARS = 60


def tokens_fields(tallies: "Sequence[Tally]", errors: "Sequence[NotelogError]") -> Fields:
    """All that was counted, the total, and what could not be counted."""
    return {
        "inputs": [_tally_fields(tally) for tally in tallies],
        "total": {
            "tokens": sum(int(tally.tokens) for tally in tallies),
            "exact": all(tally.tokens.exact for tally in tallies),
            "lines": sum(tally.size.lines for tally in tallies),
            "words": sum(tally.size.words for tally in tallies),
            "chars": sum(tally.size.chars for tally in tallies),
            "bytes": sum(tally.size.size_bytes for tally in tallies),
        },
        "errors": [item for error in errors for item in error_fields(error)],
    }


def _tally_fields(tally: "Tally") -> Fields:
    cost = tally.cost
    return {
        "path": tally.path,
        "kind": "chat" if tally.is_chat else "text",
        "model": tally.spec.name,
        "model_origin": tally.model_origin,
        "tokens": int(tally.tokens),
        "exact": tally.tokens.exact,
        "count_source": tally.tokens.source,
        "lines": tally.size.lines,
        "words": tally.size.words,
        "chars": tally.size.chars,
        "bytes": tally.size.size_bytes,
        "window": tally.spec.context_window,
        "window_origin": tally.window_origin,
        "cost": None if cost is None else {"amount": cost.amount, "currency": cost.currency},
        "messages": [_turn_fields(turn) for turn in tally.turns],
        "plan": _plan_fields(tally),
        "too_large": None if tally.too_large is None else tally.too_large.message,
    }


def _turn_fields(turn: "CountedTurn") -> Fields:
    return {
        "role": str(turn.message.role),
        "lines": list(turn.message.lines),
        "tokens": turn.tokens,
        "share": round(turn.share, 6),
        "sent": turn.fate is not Fate.LEFT_OUT,
        "fate": str(turn.fate),
        "sent_tokens": turn.sent_tokens,
        "reason": turn.reason,
        "pinned": turn.message.pinned,
        "text": shortened(turn.message.content, FIRST_WORDS_CHARS),
    }


def _plan_fields(tally: "Tally") -> JsonValue:
    plan = tally.plan
    if plan is None:
        return None
    left_out = [item.index for item in plan.dropped]
    below = tally.turns[left_out[-1] + 1 :] if left_out else ()
    return {
        "prompt_tokens": plan.prompt_tokens,
        "budget": plan.budget,
        "reserve": plan.reserve,
        "margin": plan.margin,
        "completion_tokens": plan.completion_tokens,
        "notice": None if plan.notice is None else plan.notice.content,
        "left_out_messages": len(left_out),
        "left_out_tokens": sum(item.tokens for item in plan.dropped),
        "cut_line": below[0].message.lines[0] if below else None,
    }
