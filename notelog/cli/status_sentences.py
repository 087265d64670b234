"""What ``notelog status`` says: first what needs the person, then what was spent."""

from typing import TYPE_CHECKING

from notelog.app.status import Kind, Place
from notelog.cli.shown_paths import shell_path, shown_path
from notelog.cli.tokens_sentences import money
from notelog.cli.usage_words import money_words
from notelog.cli.watcher_sentences import watcher_lines
from notelog.core.caps import CapUse
from notelog.core.derived import Purpose
from notelog.core.models import cost_of_usage
from notelog.core.numbers import counted
from notelog.core.usage import Sum
from notelog.core.visible import shortened
from notelog.core.waits import told_wait

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notelog.app.status import ProfileStatus, Standing, Status
    from notelog.cli.styled import Line

# Each with whether a reply came where that makes a difference: one without text may be billed.
_TITLES = (
    (Kind.IN_DOUBT, None, "in doubt, and maybe billed", "yellow"),
    (Kind.HALF_LANDED, None, "half in the note", "yellow"),
    (Kind.KEPT, None, "kept, and not in the note", "yellow"),
    (Kind.FAILED, True, "failed, the reply has no text", "red"),
    (Kind.FAILED, False, "failed, not billed", "red"),
    (Kind.RUNNING, None, "running", "cyan"),
)
_QUESTION_CHARS = 50
_REASON_CHARS = 200
_BAR_CELLS = 12


def status_lines(status: "Status", told: "Callable[[float], str]", now: float) -> "Iterator[Line]":
    """How things stand, for a person.

    Args:
        status: what was found.
        told: a time in seconds since the epoch, for a person.
        now: the time.
    """
    turns = [turn for vault in status.vaults for turn in vault.turns]
    for kind, came, title, style in _TITLES:
        found = [turn for turn in turns if turn.kind is kind and came in {None, _came(turn)}]
        if found:
            yield [(f"{title}: ", f"bold {style}"), (counted(len(found), "turn"), "bold")]
            for turn in found:
                yield from _turn_lines(turn, told)
            yield []
    over = sum(turn.kind is Kind.OVER for turn in turns)
    if over:
        words = "is in doubt, and its question waits no more: it"
        if over > 1:
            words = "are in doubt, and their questions wait no more: they"
        yield [(f"{counted(over, 'older request')} {words} may have been billed", "dim")]
        yield []
    for watcher in status.watchers:
        yield from watcher_lines(watcher, told, now)
    for profile in status.profiles:
        yield from _profile_lines(profile)
    if not status.profiles:
        yield [("nothing was asked in the last 30 days", "")]


def status_summary(status: "Status") -> list[str]:
    """Whose turns these are, and whether anything needs the person."""
    where = shown_path(status.scope) if status.scope else "all vaults of this user"
    if not status.vaults and not status.watchers:
        lines = [f"{where}: no note of it was ever asked"]
    elif status.exit_code == 0:
        is_held = any(watcher.held for watcher in status.watchers)
        held = "nothing is in doubt, kept or failed; a watcher is held"
        lines = [f"{where}: {held if is_held else 'nothing needs you'}"]
    else:
        lines = [f"{where}: something needs you (exit code {status.exit_code})"]
    gone = [item.root for item in status.vaults if not item.is_there and item.turns]
    lines += [f"the vault {root} is not there now" for root in gone]
    return [*lines, *status.unread]


def _turn_lines(turn: "Standing", told: "Callable[[float], str]") -> "Iterator[Line]":
    record, intent = turn.record, turn.record.intent
    question = shortened(intent.prompt, _QUESTION_CHARS)
    words = f"“{question}”" if intent.purpose is Purpose.REPLY else question
    yield [("  ", ""), (shown_path(intent.note), "bold"), (f": {words}", "")]
    asked = (
        f"{told(record.started_at)}, {intent.model} at {intent.profile}, number {record.record_id}"
    )
    yield [(f"    {asked}", "dim")]
    if record.reason:
        yield [(f"    {shortened(record.reason, _REASON_CHARS)}", "")]
    if turn.kind is Kind.FAILED and _came(turn):
        yield [(f"    {_taken(turn)}", "")]
    for line in _next_steps(turn):
        yield [("    ", ""), (line, "green" if line.startswith("notelog ") else "")]


def _came(turn: "Standing") -> bool:
    """Whether a reply came, with or without text."""
    return turn.record.reply is not None


def _taken(turn: "Standing") -> str:
    """What a reply without text took."""
    usage = None if turn.record.reply is None else turn.record.reply.usage
    if usage is None:
        return "it may have been billed: the server did not count its tokens"
    cost = cost_of_usage(turn.record.intent.price, usage)
    words = "" if cost is None else f", {money(cost)}"
    return f"it took {usage.prompt_tokens:,} tokens in, {usage.completion_tokens:,} out{words}"


def _next_steps(turn: "Standing") -> "Iterator[str]":
    note = shell_path(turn.record.intent.note)
    match turn.kind:
        case Kind.IN_DOUBT if turn.place is Place.NO_NOTE:
            yield "the note is not there, or cannot be read"
        case Kind.IN_DOUBT:
            purpose, reply = turn.record.intent.purpose, turn.record.reply
            if purpose is Purpose.REPLY and reply is not None and reply.text:
                yield f"a part of the reply arrived, and is put in by: notelog deliver {note}"
            yield f"notelog {_asks_again(purpose)} {note}"
        case Kind.KEPT if turn.place is Place.GONE:
            yield "its question is gone or was changed"
            yield f"notelog deliver --print {note}"
        case Kind.KEPT if turn.place is Place.NO_NOTE:
            yield "the note is not there, or cannot be read; the reply:"
            yield f"notelog log --reply {turn.record.record_id} {note}"
        case Kind.KEPT | Kind.HALF_LANDED:
            yield f"notelog deliver {note}"
        case Kind.FAILED:
            if turn.record.refused:
                yield "a watcher asks it again when the note or its profile is another"
            yield f"notelog {'retry' if _came(turn) else 'complete'} {note}"
        case _:
            return


def _profile_lines(profile: "ProfileStatus") -> "Iterator[Line]":
    yield [(profile.name, "bold")]
    for title, row in (("24 hours", profile.day), ("30 days", profile.month)):
        yield [(f"  {title:<9} ", "dim"), (_sum_words(row.known), "")]
        if row.up_to.requests:
            yield [(f"{'':<12}+ up to {_sum_words(row.up_to)} not counted", "yellow")]
    for use in profile.caps:
        yield _cap_line(use)
    breaker = profile.breaker
    if breaker is not None and breaker.is_open:
        yield [("  stopped: ", "bold red"), (shortened(breaker.failure.cause, _REASON_CHARS), "")]
        yield [(f"    {breaker.reset}", "")]


def _sum_words(total: Sum) -> str:
    requests = counted(total.requests, "request")
    return f"{total.tokens:,} tokens, {money_words(total)} in {requests}"


def _cap_line(use: CapUse) -> "Line":
    share = min(1.0, use.taken / use.cap.most) if use.cap.most else 1.0
    filled = round(share * _BAR_CELLS)
    style = "red" if use.is_full else "green"
    digits = ".4f" if use.cap.unit == "cost" else ",.0f"
    frees = "" if use.frees_in_s is None else f", frees in {told_wait(use.frees_in_s)}"
    return [
        (f"  {use.cap.name} ", ""),
        (f"[{'#' * filled}{'.' * (_BAR_CELLS - filled)}]", style),
        (f" {use.taken:{digits}} of {use.cap.most:{digits}}{frees}", ""),
    ]


def _asks_again(purpose: Purpose) -> str:
    """What asks anew what is in doubt: a part of a long text only where it is read in parts."""
    match purpose:
        case Purpose.REPLY:
            return "retry"
        case Purpose.PART | Purpose.MERGE:
            return "complete --map-reduce --again"
        case Purpose.SUMMARY:
            return "complete --summary --again"
