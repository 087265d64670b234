"""What a watcher says of a note that it does not ask for, though its message is marked."""

from datetime import UTC, datetime

from notelog.core.pacing import Hold
from notelog.core.triggers import Answer, Trigger
from notelog.core.watching import Action, Kept, Seen

ANEW = "notelog deliver NOTE puts the reply back, notelog again NOTE asks anew"
SAID = {
    Action.SAY_VANISHED: (
        "its reply was overwritten again and again: it is not put back any more",
        f"close the editors that hold an old text; {ANEW}",
    ),
    Action.SAY_ANSWERED_BEFORE: (
        "this question was asked before and its reply is gone from the note: not asked again",
        "notelog log --full NOTE shows it, notelog again NOTE asks anew, or change the question",
    ),
    Action.SAY_CHANGED: (
        "its message was changed while the reply came: not asked again by itself",
        "set the mark anew to ask what stands there now",
    ),
    Action.SAY_BUSY: (
        "another program has it open for writing: it is looked at when that is done",
        "",
    ),
}
"""The sentence and the hint for each action that says something."""

_BELOW = "set a mark below the reply that was put at the end"
_IN_CALLOUT = "tick the box `retry` in the callout that the note has, or gets from the next pass"


def said_of_changed(seen: Seen, how: str, *, once: bool) -> tuple[str, str]:
    """The same for a message that was changed.

    Args:
        seen: the note as it was seen.
        how: how to send a message.
        once: the watcher makes one pass: it does not see that a mark was set anew.
    """
    sentence, hint = SAID[Action.SAY_CHANGED]
    if once:
        below = seen.kept is Kept.CHANGED
        hint = f"to ask what stands there now, {_BELOW if below else _IN_CALLOUT}"
    elif isinstance(seen.verdict, Answer) and seen.verdict.trigger is Trigger.AUTO:
        hint = f"to ask what stands there now: {how}"
    if seen.kept is not Kept.CHANGED:
        hint += "; notelog deliver --at-end NOTE puts the kept reply below the end of the note"
    return sentence, hint


def held_in_note(hold: Hold, at: float | None, *, once: bool) -> str:
    """The same for the note that is held back, and for who sees nothing but that.

    Args:
        hold: what stands against asking for it.
        at: when it may be asked, in seconds since the epoch; None: not without the person's word.
        once: the watcher makes one pass.
    """
    step = "On the computer, notelog resume goes on"
    if at is not None:
        when = datetime.fromtimestamp(at + 59.0, UTC).strftime("%Y-%m-%d %H:%M")
        by = "by the next `notelog watch`" if once else "by itself"
        step = f"This message is asked {by}, not before {when} UTC, unless you take it back"
    return f"{hold.sentence[:1].upper()}{hold.sentence[1:]}. {step}."
