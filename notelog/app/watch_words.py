"""What a watcher says of a note that it does not ask for, though its message is marked."""

from notelog.core.watching import Action

ANEW = "notelog deliver NOTE puts the reply back, notelog again NOTE asks anew"
_KEPT_ANEW = (
    "set the mark anew to ask what stands there now; notelog deliver --at-end NOTE puts the kept "
    "reply below the end of the note"
)
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
    Action.SAY_CHANGED: (
        "its message was changed while the reply came: not asked again by itself",
        _KEPT_ANEW,
    ),
}
"""The sentence and the hint for each action that says something."""
