"""Whether a note that is watched is answered now, and why: one decision, in one sentence.

A person types, an editor saves every two seconds, a phone syncs half sentences: what is not
said to be finished is not sent.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from notelog.core.claim import CLAIM_FOR_S, foreign_claim
from notelog.core.end_marks import EndMarks
from notelog.core.messages import Role
from notelog.core.note import Note, SendMark, Turn
from notelog.core.placing import find_place
from notelog.core.records import turn_key
from notelog.core.turn import NothingDue, ReplyDue, State, answered_turn, next_turn

_UNFINISHED_END = re.compile(r"(\.\.\.|。。。|[,:\-(，、：（—…])[*_]*$")
_STOP_LINE = "[stop]"
_SENDING = frozenset({"send", ""})
_NEAR_MARK = re.compile(
    r">?\s*(?:[-*+–—•－]|\d+[.)])?\s*[\[［【(（]\s*[x✓✔ｘ×]?\s*[\]］】)）]\s*(?:send|发送|發送)[.。]?",
    re.IGNORECASE,
)
BECOME_CHAT = "to make it one: write `notelog: mark` into its front matter"
NO_CHATS = (
    "there is no chat among these notes: 'notelog new NOTE' makes one, and so do the lines `---`, "
    "`notelog: mark` and `---` at the top of a note"
)


class Mode(StrEnum):
    """When a note is answered: ``notelog:`` in its front matter, or the configuration."""

    OFF = "off"
    MARK = "mark"
    AUTO = "auto"


class Trigger(StrEnum):
    """What says that a message is finished."""

    MARK = "mark"  # a ticked box, or an end mark
    AUTO = "auto"  # nobody types any more
    MARKER = "marker"  # an empty assistant marker below it
    AGAIN = "again"  # a ticked box again or retry: whatever came of it before


class Passed(StrEnum):
    """Why a note is not answered now."""

    OFF = "off"
    NOT_A_CHAT = "not-a-chat"
    MARKED_NO_CHAT = "marked-no-chat"
    IN_ERROR = "in-error"
    ANSWERED = "answered"
    TICKED_IN_VAIN = "ticked-in-vain"
    NOTHING = "nothing"
    UNMARKED = "unmarked"
    UNTICKED = "unticked"
    STOPPED = "stopped"
    CLAIMED = "claimed"
    UNFINISHED = "unfinished"
    TYPED_ON = "typed-on"
    HISTORY = "history"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What holds for a note besides what it says itself.

    Attributes:
        mode: by the configuration and the command line; the note's front matter wins.
        marker: whether an empty assistant marker asks for a reply.
        edited: whether the note changed since the watcher started.
        ticks: how many boxes ``again`` and ``retry`` are ticked in the note, where one of them
            asks for another answer and none was given yet; else 0.
        device: this machine's name: another one that asks already is waited for.
        now: seconds since the epoch.
    """

    mode: Mode = Mode.MARK
    marker: bool = False
    edited: bool = True
    ticks: int = 0
    device: str = ""
    now: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The note is answered.

    Attributes:
        trigger: what said so.
        key: the turn, see ``records.turn_key``; for another answer with ``+`` and the ticks.
        sentence: why, for a person.
        head: the note's front matter, where it was looked for: settings of the request.
    """

    trigger: Trigger
    key: str
    sentence: str
    head: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """The note is not answered now.

    Attributes:
        because: in one word.
        sentence: the same for a person.
        hint: what to do to have it answered; may be empty.
        wait_s: in so many seconds it is to be looked at again; 0 for when it changes.
    """

    because: Passed
    sentence: str
    hint: str = ""
    wait_s: float = 0.0


def why(note: Note, rules: Rules) -> Answer | Pass:
    """Decides whether a note is answered.

    Args:
        note: as it is now, its bytes at rest.
        rules: what else holds for it.
    """
    mode = _mode(note, rules)
    if isinstance(mode, Pass):
        return mode
    if note.errors:
        first = note.errors[0]
        return Pass(
            because=Passed.IN_ERROR,
            sentence=f"line {first.line}: {first.message}",
            hint=first.hint,
        )
    due = next_turn(note)
    if rules.ticks:
        asked = due if isinstance(due, ReplyDue) else answered_turn(note)
        if asked is not None:
            stopped = _stopped(note.turns[asked.turn_index])
            return stopped or _claimed(note, asked, rules) or _again(asked, rules.ticks)
    if isinstance(due, NothingDue):
        return _nothing_due(note, due)
    decided = _decide(note, due, mode, rules)
    return (isinstance(decided, Answer) and _claimed(note, due, rules)) or decided


def _nothing_due(note: Note, due: NothingDue) -> Pass:
    if _stops_below(note):
        return _STOPPED
    if due.state is not State.NOT_A_CHAT and _marks_nothing(note):
        return _NO_MESSAGE
    hint = BECOME_CHAT if due.state is State.NOT_A_CHAT else ""
    return Pass(because=_STATES[due.state], sentence=due.reason, hint=hint)


def _claimed(note: Note, due: ReplyDue, rules: Rules) -> Pass | None:
    """Whether another machine asks the question already, by what it says in the note."""
    claim = foreign_claim(note, due.turn_index, rules.device, rules.now)
    if claim is None:
        return None
    return Pass(
        because=Passed.CLAIMED,
        sentence=f"{claim.device} says in the note that it asks already",
        hint=f"it is asked here where no answer has come {CLAIM_FOR_S / 60:.0f} minutes later",
        wait_s=max(claim.since + CLAIM_FOR_S - rules.now, 1.0),
    )


TICKED_IN_VAIN = Pass(
    because=Passed.TICKED_IN_VAIN,
    sentence="a box `again` or `retry` is ticked at an earlier question, or several answers stand "
    "below the last one: only the last question, with one answer, can be asked anew",
    hint="untick the box",
)
_STOPPED = Pass(
    because=Passed.STOPPED,
    sentence="its last message holds a line [stop]",
    hint="take that line out",
)


def _again(due: ReplyDue, ticks: int) -> Answer:
    return Answer(
        trigger=Trigger.AGAIN,
        key=f"{turn_key(due.conversation)}+{ticks}",
        sentence="a box `again` or `retry` at its last question is ticked",
    )


_NO_MESSAGE = Pass(
    because=Passed.UNFINISHED,
    sentence="it is marked as finished, and holds no message yet",
    hint="write the message above the mark",
)
_STATES = {
    State.NOT_A_CHAT: Passed.NOT_A_CHAT,
    State.ANSWERED: Passed.ANSWERED,
    State.NOTHING: Passed.NOTHING,
}


def _mode(note: Note, rules: Rules) -> Mode | Pass:
    said = note.front_matter.values.get("notelog")
    if said is None or said is True:
        mode = rules.mode
    elif said is False:
        mode = Mode.OFF
    elif isinstance(said, str) and said.strip().lower() in set(Mode):
        mode = Mode(said.strip().lower())
    else:
        line = note.front_matter.lines.get("notelog", 1)
        return Pass(
            because=Passed.IN_ERROR,
            sentence=f"line {line}: `notelog:` is none of off, mark and auto",
            hint="write one of the three",
        )
    if mode is Mode.OFF:
        if said is None or said is True:
            where, hint = "watch.mode is `off`", "write `notelog: mark` into its front matter"
        else:
            where = f"its front matter says `notelog: {'off' if said else 'false'}`"
            hint = "write `notelog: mark` instead"
        return Pass(because=Passed.OFF, sentence=where, hint=hint)
    return mode


def _decide(note: Note, due: ReplyDue, mode: Mode, rules: Rules) -> Answer | Pass:
    turn = note.turns[due.turn_index]
    if (withheld := _withheld(turn, note.end_marks)) is not None:
        return withheld
    marks = _marks(note, due.turn_index)
    ticked = next((mark for mark in marks if mark.ticked), None)
    if ticked is not None:
        line = note.source.line_of(ticked.span.start)
        return _answer(due, Trigger.MARK, f"its last message is marked as finished (line {line})")
    if rules.marker and find_place(note, due.turn_index).filled is not None:
        return _answer(due, Trigger.MARKER, "an empty assistant marker stands below the question")
    if marks:
        line = note.source.line_of(marks[0].span.start)
        return Pass(
            because=Passed.UNTICKED,
            sentence=f"its last message is not marked as finished: the box in line {line} is empty",
            hint="tick it to send",
        )
    how = note.end_marks.how_to_send
    if mode is Mode.MARK:
        return _unmarked(turn, note.end_marks, how)
    return _decide_auto(turn, due, rules, how)


def _unmarked(turn: Turn, end_marks: EndMarks, how: str) -> Pass:
    if near := _near_mark(turn, end_marks):
        return Pass(
            because=Passed.UNMARKED,
            sentence=f"`{near}` in its last message does not mark it as finished",
            hint=f"outside of code and quotes, {how}",
        )
    lines = {line.strip() for line in turn.content.split("\n")}
    if mark := next((mark for mark in end_marks.marks if mark in lines), ""):
        return Pass(
            because=Passed.TYPED_ON,
            sentence=f"text stands below the line `{mark}` of its last message",
            hint=f"to send all of it: {how}",
        )
    return Pass(
        because=Passed.UNMARKED,
        sentence="its last message is not marked as finished",
        hint=f"to send it: {how}",
    )


def _near_mark(turn: Turn, end_marks: EndMarks) -> str:
    """A line that somebody may take for a mark: misspelt, or in code; empty where there is none."""
    in_code = False
    for line in map(str.strip, turn.content.split("\n")):
        if line.startswith(("```", "~~~")):
            in_code = not in_code
        elif _NEAR_MARK.fullmatch(line) or (in_code and line in end_marks.marks):
            return line
    return ""


def _marks_nothing(note: Note) -> bool:
    """Whether the message that is marked as finished, and comes next, holds no text."""
    filled = [index for index, turn in enumerate(note.turns) if turn.content]
    below = note.turns[filled[-1] + 1 :] if filled else note.turns
    marks = (mark for turn in below for mark in turn.send_marks)
    return any(mark.ticked and mark.label in _SENDING for mark in marks)


def _decide_auto(turn: Turn, due: ReplyDue, rules: Rules, how: str) -> Answer | Pass:
    if turn.open_block is not None:
        return Pass(
            because=Passed.UNFINISHED,
            sentence=f"its last message ends inside an open {turn.open_block.kind} block",
            hint=f"close the block, or {how}",
        )
    if end := _UNFINISHED_END.search(turn.content.rstrip()):
        return Pass(
            because=Passed.UNFINISHED,
            sentence=f"its last message ends in {end[1]!r}, as if it went on",
            hint=f"finish it, or {how}",
        )
    if not rules.edited:
        return Pass(
            because=Passed.HISTORY,
            sentence="it was not edited since the watcher started",
            hint=f"edit it, or {how}",
        )
    return _answer(
        due, Trigger.AUTO, "it answers by itself (auto), and its last message is a question"
    )


def _answer(due: ReplyDue, trigger: Trigger, sentence: str) -> Answer:
    return Answer(trigger=trigger, key=turn_key(due.conversation), sentence=sentence)


def _withheld(turn: Turn, end_marks: EndMarks) -> Pass | None:
    """Why what the message says itself keeps it from being sent."""
    lines = [line.strip() for line in turn.content.split("\n")]
    if {*lines} <= {*end_marks.marks, ""}:
        return Pass(because=Passed.NOTHING, sentence="its last message holds nothing but marks")
    return _stopped(turn)


def _stops_below(note: Note) -> bool:
    """Whether [stop] stands where a reply is to come, or in a question that is asked anew."""
    last = next((turn for turn in reversed(note.turns) if turn.content), None)
    if last is not None and last.content.strip().lower() == _STOP_LINE:
        return True
    asked = answered_turn(note)
    return asked is not None and _stopped(note.turns[asked.turn_index]) is not None


def _stopped(turn: Turn) -> Pass | None:
    lines = {line.strip().lower() for line in turn.content.split("\n")}
    return _STOPPED if _STOP_LINE in lines else None


def _marks(note: Note, turn_index: int) -> tuple[SendMark, ...]:
    """The send marks of the question, and of empty turns below it."""
    below = (turn for turn in note.turns[turn_index:] if turn.role is Role.USER)
    return tuple(mark for turn in below for mark in turn.send_marks if mark.label in _SENDING)
