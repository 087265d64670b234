"""The objects that ``--json`` prints; their fields are a contract (``docs/reference.md``)."""

from typing import TYPE_CHECKING

from notelog.cli.digest_json import calls_fields, offer_fields
from notelog.core.json_value import JsonValue
from notelog.errors import Diagnostic, NotelogError

if TYPE_CHECKING:
    from notelog.app.check import CheckedNote
    from notelog.app.model import ShownModel
    from notelog.app.outcome import Completed
    from notelog.app.prepare import Prepared
    from notelog.app.show import Shown
    from notelog.core.local_model import InstalledModel
    from notelog.core.models import ModelSpec
    from notelog.core.reply import Usage

Fields = dict[str, JsonValue]


def shown_fields(shown: "Shown") -> Fields:
    """A note as ``show`` reads it."""
    return {
        "state": str(shown.state),
        "messages": [
            {"role": str(item.role), "content": item.content, "lines": list(item.lines)}
            for item in shown.note.conversation
        ],
        "diagnostics": [diagnostic_fields(item) for item in shown.note.diagnostics],
    }


def diagnostic_fields(item: Diagnostic) -> Fields:
    """A diagnostic."""
    return {
        "code": item.code,
        "line": item.line or None,
        "message": item.message,
        "severity": str(item.severity),
        "hint": item.hint,
    }


def plan_fields(prepared: "Prepared | None") -> Fields:
    """The request and the plan behind it; both null where there is nothing to send."""
    if prepared is None:
        return {"request": None, "plan": None}
    plan = prepared.plan
    return {
        "profile": prepared.settings.profile.name,
        "request": prepared.request.body(),
        "plan": {
            "window": plan.window,
            "budget": plan.budget,
            "prompt_tokens": plan.prompt_tokens,
            "exact": plan.exact,
            "count_source": plan.count_source,
            "completion_tokens": plan.completion_tokens,
            "dropped": [
                {
                    "index": item.index,
                    "role": str(item.role),
                    "tokens": item.tokens,
                    "reason": item.reason,
                    "lines": list(item.lines),
                }
                for item in plan.dropped
            ],
            "notice": None if plan.notice is None else plan.notice.content,
            "turns": [
                {
                    "index": item.index,
                    "role": item.role,
                    "fate": str(item.fate),
                    "tokens": item.tokens,
                    "sent_tokens": item.sent_tokens,
                    "reason": item.reason,
                    "lines": list(item.lines),
                }
                for item in plan.report
            ],
        },
    }


def completed_fields(done: "Completed") -> Fields:
    """What ``complete`` did."""
    fields: Fields = {
        "outcome": str(done.outcome),
        "message": done.sentence,
        "hint": done.hint,
        "reply": None if done.reply is None else done.reply.text,
        "finish_reason": None if done.reply is None else done.reply.finish_reason,
        "usage": usage_fields(done.usage),
        "inserted": None if done.line is None else {"line": done.line},
        "seconds": round(done.seconds, 3),
        "diagnostics": [diagnostic_fields(item) for item in done.diagnostics],
    }
    if done.prepared is not None:
        fields |= plan_fields(done.prepared)
        if done.offer is not None:  # no request is made yet: the last one has no answers in it
            fields |= plan_fields(None)
        fields["model"] = done.prepared.request.model
    if done.offer is not None:
        fields["map_reduce"] = offer_fields(done.offer)
    if done.calls is not None:
        fields["calls"] = calls_fields(done.calls)
    if done.cost is not None:
        fields["cost"] = {"amount": done.cost.amount, "currency": done.cost.currency}
    return fields


def usage_fields(usage: "Usage | None") -> JsonValue:
    """A server's figures; null where it gave none."""
    if usage is None:
        return None
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "cached_tokens": usage.cached_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
    }


def checked_fields(checked: "CheckedNote") -> Fields:
    """One note of ``check``; what the configuration lacks for it is a finding too."""
    lacking = () if checked.unconfigured is None else (checked.unconfigured,)
    return {
        "path": checked.path,
        "state": "error" if checked.state is None else str(checked.state),
        "messages": checked.messages,
        "findings": [diagnostic_fields(item) for item in (*lacking, *checked.findings)],
    }


def error_fields(error: NotelogError) -> list[JsonValue]:
    """An error: one object for each diagnostic that it holds, or one for itself."""
    return [
        {
            "code": item.code,
            "line": item.line,
            "message": item.message,
            "hint": item.hint,
            "path": error.path,
        }
        for item in error.diagnostics or (error,)
    ]


def installed_fields(model: "InstalledModel") -> Fields:
    """An installed model; ``verified`` is null where it was not asked."""
    return {
        "name": model.name,
        "path": model.path,
        "size_bytes": model.size,
        "verified": model.verified,
    }


def model_fields(shown: "ShownModel") -> Fields:
    """What is known of a model, and what servers said of it."""
    return {
        **spec_fields(shown.spec),
        "learned": [
            {
                "server": figure.server,
                "window": figure.learned.window,
                "prompt_only": figure.learned.prompt_only,
                "output_limit": figure.learned.output_limit,
                "ratio": figure.learned.ratio,
                "learned_on": figure.learned.learned_on,
                "source": figure.learned.source,
            }
            for figure in shown.learned
        ],
    }


def spec_fields(spec: "ModelSpec") -> Fields:
    """What is known of a model; prices are for 1,000,000 tokens."""
    price = spec.price
    return {
        "model": spec.name,
        "known": spec.known,
        "source": spec.source,
        "context_window": spec.context_window,
        "input_limit": spec.input_limit,
        "output_limit": spec.output_limit,
        "encoding": spec.encoding,
        "ratio": spec.ratio,
        "exact": spec.exact,
        "reasoning": spec.reasoning,
        "price": None
        if price is None
        else {
            "prompt": price.prompt,
            "completion": price.completion,
            "cached_prompt": price.cached_prompt,
            "currency": price.currency,
            "as_of": price.as_of,
        },
    }
