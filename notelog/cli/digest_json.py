"""The fields of ``--json`` for a question that is read in parts."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notelog.app.digest import DigestOffer
    from notelog.app.outcome import Calls
    from notelog.core.json_value import JsonValue


def offer_fields(offer: "DigestOffer") -> "dict[str, JsonValue]":
    """The plan; all figures are the most there can be."""
    cost = offer.cost
    return {
        "instructions": offer.task.instructions,
        "found": offer.task.found,
        "lines": list(offer.task.lines),
        "parts": offer.parts,
        "known": offer.known,
        "alike": offer.alike,
        "merges": offer.merges,
        "requests": offer.requests,
        "prompt_tokens": offer.prompt_tokens,
        "reply_tokens": offer.reply_tokens,
        "answer_tokens": offer.answer_tokens,
        "exact": offer.exact,
        "cost": None if cost is None else {"amount": cost.amount, "currency": cost.currency},
    }


def calls_fields(calls: "Calls") -> "dict[str, JsonValue]":
    """The requests behind a reply."""
    return {"requests": calls.requests, "asked": calls.asked}
