"""The objects that the commands on the journal print; see ``docs/reference.md``."""

from typing import TYPE_CHECKING

from notelog.cli.json_fields import Fields, error_fields, usage_fields
from notelog.core.models import cost_of_usage

if TYPE_CHECKING:
    from notelog.app.forget import Forgotten
    from notelog.app.kept import DeliveryReport, Kept
    from notelog.app.status import ProfileStatus, Standing, Status
    from notelog.app.undo import Undone
    from notelog.app.usage import UsageReport
    from notelog.app.watchers import WatcherStatus
    from notelog.core.records import TurnRecord
    from notelog.core.usage import Sum, UsageRow


def status_fields(status: "Status") -> Fields:
    """How things stand."""
    return {
        "scope": status.scope or None,
        "needs_you": status.exit_code != 0,
        "turns": [_standing_fields(turn) for vault in status.vaults for turn in vault.turns],
        "vaults": [
            {"path": item.root, "is_there": item.is_there, "turns": len(item.turns)}
            for item in status.vaults
        ],
        "watchers": [_watcher_fields(item) for item in status.watchers],
        "profiles": [_profile_fields(item) for item in status.profiles],
        "unread": list(status.unread),
    }


def _standing_fields(turn: "Standing") -> Fields:
    record = turn.record
    return {
        "kind": str(turn.kind),
        "question": str(turn.place),
        "note": record.intent.note,
        "number": record.record_id,
        "asked_at": round(record.started_at, 3),
        "profile": record.intent.profile,
        "model": record.intent.model,
        "prompt": record.intent.prompt,
        "reason": record.reason,
    }


def _watcher_fields(watcher: "WatcherStatus") -> Fields:
    beat = watcher.heartbeat
    return {
        "vault": watcher.vault,
        "state": str(watcher.state),
        "held": watcher.held,
        "heartbeat": None
        if beat is None
        else {
            "at": round(beat.beat_at, 3),
            "process": beat.process,
            "device": beat.device,
            "started_at": round(beat.started_at, 3),
            "events": beat.events,
            "last_event_at": round(beat.last_event_at, 3) or None,
            "last_scan_at": round(beat.last_scan_at, 3) or None,
            "scan_s": round(beat.scan_s, 3),
            "notes": beat.notes,
            "answered": beat.answered,
            "asking": list(beat.asking),
            "waiting": list(beat.waiting),
        },
    }


def _profile_fields(profile: "ProfileStatus") -> Fields:
    breaker = profile.breaker if profile.breaker and profile.breaker.is_open else None
    return {
        "profile": profile.name,
        "day": _both_fields(profile.day),
        "month": _both_fields(profile.month),
        "caps": [
            {
                "cap": use.cap.name,
                "most": use.cap.most,
                "taken": use.taken,
                "in_doubt": use.in_doubt,
                "frees_in_s": None if use.frees_in_s is None else round(use.frees_in_s, 1),
            }
            for use in profile.caps
        ],
        "stopped": None
        if breaker is None
        else {"cause": breaker.failure.cause, "until": breaker.until, "reset": breaker.reset},
    }


def usage_report_fields(report: "UsageReport") -> Fields:
    """What was used."""
    return {
        "by": report.by,
        "since": round(report.since, 3),
        "rows": [{"name": row.name, **_both_fields(row)} for row in report.rows],
        "total": _both_fields(report.total),
        "unread": list(report.unread),
    }


def _both_fields(row: "UsageRow") -> Fields:
    return {**_sum_fields(row.known), "up_to": _sum_fields(row.up_to)}


def _sum_fields(total: "Sum") -> Fields:
    return {
        "requests": total.requests,
        "prompt_tokens": total.prompt_tokens,
        "cached_tokens": total.cached_tokens,
        "completion_tokens": total.completion_tokens,
        "costs": [
            {"amount": round(amount, 9), "currency": name}
            for name, amount in sorted(total.costs.items())
        ],
        "unpriced": total.unpriced,
    }


def log_fields(record: "TurnRecord") -> Fields:
    """A turn of a note's log."""
    reply = record.reply
    cost = cost_of_usage(record.intent.price, reply.usage if reply is not None else None)
    return {
        "number": record.record_id,
        "attempt": record.attempt,
        "purpose": str(record.intent.purpose),
        "asked_at": round(record.started_at, 3),
        "profile": record.intent.profile,
        "model": record.intent.model,
        "state": str(record.state),
        "reason": record.reason,
        "forgotten": not record.intent.prompt,
        "prompt": record.intent.prompt,
        "prompt_tokens": record.intent.prompt_tokens,
        "reply": None if reply is None else reply.text,
        "finish_reason": None if reply is None else reply.finish_reason,
        "usage": None if reply is None else usage_fields(reply.usage),
        "cost": None if cost is None else {"amount": cost.amount, "currency": cost.currency},
    }


def delivered_fields(report: "DeliveryReport") -> Fields:
    """What came of kept replies."""
    return {
        "delivered": [
            {"number": item.record.record_id, "line": item.line, "at_end": item.at_end}
            for item in report.delivered
        ],
        "errors": [field for error in report.left for field in error_fields(error)],
    }


def kept_fields(item: "Kept") -> Fields:
    """A kept reply."""
    return {
        "number": item.record.record_id,
        "prompt": item.record.intent.prompt,
        "reply": item.reply.text,
        "whole": not item.judgement.mark,
    }


def undone_fields(undone: "Undone") -> Fields:
    """What was taken out of a note."""
    return {
        "number": undone.record.record_id,
        "bytes": undone.size_bytes,
        "typed_text_stays": undone.typed,
        "earlier_reply_is_back": undone.restored,
    }


def forgotten_fields(forgotten: "Forgotten") -> Fields:
    """What was forgotten."""
    return {
        "turns": forgotten.chosen.turns,
        "notes": forgotten.chosen.notes,
        "replies_in_no_note": forgotten.chosen.kept,
        "done": forgotten.done,
        "gone_from_files": forgotten.gone,
        "unread": list(forgotten.unread),
    }
