"""What a watcher says of a note that it does not ask for, though its message is marked."""

from notelog.core.triggers import Trigger
from notelog.core.watching import Action, Kept

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
    Action.SAY_BUSY: (
        "another program has it open for writing: it is looked at when that is done",
        "",
    ),
}
"""The sentence and the hint for each action that says something."""


def said_of_changed(trigger: Trigger, kept: Kept, how: str) -> tuple[str, str]:
    """The same for a message that was changed while its reply came.

    Args:
        trigger: what would ask it now.
        kept: what the journal holds for it.
        how: to send a message.
    """
    marked = f"to ask what stands there now: {how}"
    hint = marked if trigger is Trigger.AUTO else "set the mark anew to ask what stands there now"
    if kept is not Kept.CHANGED:
        hint += "; notelog deliver --at-end NOTE puts the kept reply below the end of the note"
    return "its message was changed while the reply came: not asked again by itself", hint
