"""Putting kept replies where they belong: what ``notelog deliver`` does. Nothing is sent."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from notelog.app.attempts import Replacing, overwritten_by_earlier
from notelog.app.continue_reply import text_so_far
from notelog.app.deliver import Delivery, deliver
from notelog.app.journaling import Journaling, OpenNote, open_note
from notelog.app.outcome import Judgement, judge
from notelog.app.reading import read_note, refuse_errors
from notelog.core.asked import questions
from notelog.core.derived import Purpose
from notelog.core.landing import typed_below
from notelog.core.messages import Role
from notelog.core.note import Note
from notelog.core.note_style import ReplyStyle
from notelog.core.placing import question_end
from notelog.core.records import AT_END, TurnRecord, TurnState, turn_key
from notelog.core.reply import Reply
from notelog.core.settings import Config
from notelog.core.standing import NotOurs, find_standing
from notelog.core.turn import ReplyDue, next_turn
from notelog.core.visible import shortened
from notelog.errors import ConflictError, NoExchangeError

_QUESTION_CHARS = 60
_ELSEWHERE = (
    "notelog deliver --print NOTE shows it, notelog deliver --at-end NOTE puts it below the end "
    "of the note"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A reply that is kept and is not in its note.

    Attributes:
        record: its turn.
        reply: it, or the part of it that arrived.
        judgement: how it counts.
    """

    record: TurnRecord
    reply: Reply
    judgement: Judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A kept reply that is in its note now.

    Attributes:
        record: its turn.
        judgement: how it counts.
        line: its first line in the note, from 1; None where a crash had left it there before.
        at_end: it stands below the end of the note, in a callout that names its question.
    """

    record: TurnRecord
    judgement: Judgement
    line: int | None = None
    at_end: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    """What came of the kept replies of a note.

    Attributes:
        delivered: those that are in it now.
        left: why each of the others is not.
    """

    delivered: tuple[Delivered, ...]
    left: tuple[ConflictError, ...]


def kept_replies(turns: tuple[TurnRecord, ...], note: Note | None = None) -> tuple[Kept, ...]:
    """The replies of a note that are not in it: of each turn that of the last attempt.

    Where the note is given also one that was in it, and over which somebody saved an older text.
    """
    last = {turn.intent.turn_key: turn for turn in turns}
    due = None if note is None else next_turn(note, named=True)
    waiting = turn_key(due.conversation) if isinstance(due, ReplyDue) else ""
    lost = None if note is None else overwritten_by_earlier(note, turns)
    return tuple(
        Kept(record=turn, reply=turn.reply, judgement=judge(turn.reply))
        for turn in last.values()
        if turn.intent.purpose is Purpose.REPLY and turn.reply is not None and turn.reply.text
        if turn.is_kept
        or turn is lost
        or (note and turn.state is TurnState.DELIVERED and _waits(turn, note, waiting))
    )


def _waits(turn: TurnRecord, note: Note, waiting: str) -> bool:
    """Whether a question waits in a note as it did before it was answered, or above newer text."""
    key = turn.intent.turn_key
    return key == waiting or typed_below(note, key, turn.intent.prompt) is not None


def read_kept(tools: Journaling, path: str, number: int | None) -> tuple[Kept, ...]:
    """The kept replies of a note, to be shown; the note is not touched.

    Raises:
        ConflictError: there is none of that number.
    """
    snapshot, note = read_note(tools.reading, path)
    with tools.open_journal(snapshot) as journal:
        return _chosen(kept_replies(journal.turns(snapshot.real_path), note), number, path)


def deliver_kept(
    tools: Journaling, path: str, *, at_end: bool, number: int | None, told: Callable[[float], str]
) -> DeliveryReport:
    """Puts the kept replies of a note into it, each directly below its question.

    Args:
        tools: the ports.
        path: the note.
        at_end: where the question is not there any more, put the reply below the end of the note,
            in a callout that names the question.
        number: only the reply of this turn; None for all.
        told: a time in seconds since the epoch, for a person.

    Raises:
        NoteError: the note cannot be read or written.
        ConflictError: another process works on it.
    """
    with open_note(tools, path) as work:
        done = [
            Delivered(record=item, judgement=judge(item.reply))
            for item in work.finished
            if item.reply is not None
        ]
        left: list[ConflictError] = []
        kept = kept_replies(work.turns, work.note)
        if kept or number is not None:
            refuse_errors(work.note, path)
        for item in _chosen(kept, number, path):
            try:
                done.append(_put(tools, path, work, item, at_end=at_end, told=told))
            except ConflictError as error:
                left.append(error)
        return DeliveryReport(delivered=tuple(done), left=tuple(left))


def _chosen(kept: tuple[Kept, ...], number: int | None, path: str) -> tuple[Kept, ...]:
    chosen = tuple(item for item in kept if number in {None, item.record.record_id})
    if number is not None and not chosen:
        raise ConflictError(
            f"no reply {number} is kept for this note that is not in it",
            hint="notelog log NOTE lists what was asked, each with its number",
            path=path,
        )
    return chosen


def _put(
    tools: Journaling,
    path: str,
    work: OpenNote,
    item: Kept,
    *,
    at_end: bool,
    told: Callable[[float], str],
) -> Delivered:
    snapshot, note = read_note(tools.reading, path)  # an earlier reply may stand in it by now
    intent = item.record.intent
    question = questions(note).get(intent.turn_key)
    typed = typed_below(note, intent.turn_key, intent.prompt) if question is None else None
    if typed is not None:
        question = typed.turn_index
    if question is None and not at_end:
        raise _gone(item, path)
    last = Delivery(
        snapshot=snapshot,
        note=note,
        turn_index=len(note.turns) - 1,
        record_id=item.record.record_id,
        turn_key=item.record.intent.turn_key,
        text="",
        style=_end_style(item, told),
        inner=True,
    )
    if question is not None:
        below = replace(
            last,
            turn_index=question,
            text=text_so_far(work.journal, item.record, tools.config),
            style=_style(tools.config, item),
            replacing=None if typed else _replaced(work, item, note, question, path),
            split_at=typed.split_at if typed else None,
        )
        try:
            line = deliver(tools.reading, work.journal, below)
            return Delivered(record=item.record, line=line, judgement=item.judgement)
        except NoExchangeError:
            if not at_end:
                raise
    line = deliver(tools.reading, work.journal, last)
    return Delivered(record=item.record, line=line, at_end=True, judgement=item.judgement)


def _replaced(work: OpenNote, item: Kept, note: Note, question: int, path: str) -> Replacing | None:
    """The answer whose place a kept reply takes: an earlier one to the same question, if ours."""
    attempts = work.journal.attempts(item.record.intent.turn_key, work.snapshot.real_path)
    earlier = [turn for turn in attempts if turn.state is TurnState.DELIVERED and turn.landings]
    if not earlier and not item.record.intent.continues:
        return None
    standing = find_standing(note, question, attempts)
    if isinstance(standing, NotOurs) and _has_answer(note, question):
        raise ConflictError(
            f"an answer stands below that question already, and {standing.reason}; the reply is "
            "kept",
            hint=_ELSEWHERE,
            path=path,
        )
    if isinstance(standing, NotOurs):
        return None
    return Replacing(attempts=attempts, folded=not item.record.intent.continues)


def _has_answer(note: Note, question: int) -> bool:
    below = (turn for turn in note.turns[question_end(note, question) + 1 :] if turn.content)
    answer = next(below, None)
    return answer is not None and answer.role is Role.ASSISTANT


def _style(config: Config, item: Kept) -> ReplyStyle:
    wanted = config.reasoning == "callout" and item.reply.reasoning
    return ReplyStyle(
        model=item.record.intent.model,
        model_suffix=config.model_suffix,
        inert_replies=config.inert_replies,
        mark=item.judgement.mark or None,
        reasoning=item.reply.reasoning if wanted else None,
    )


def _end_style(item: Kept, told: Callable[[float], str]) -> ReplyStyle:
    intent = item.record.intent
    title = (
        f"{AT_END.removeprefix('> [!notelog] ')}{shortened(intent.prompt, _QUESTION_CHARS)}”, "
        f"asked {told(item.record.started_at)} of {intent.model}; it could not be put below that "
        "question"
    )
    mark = f"\n\n{item.judgement.mark}" if item.judgement.mark else ""
    return ReplyStyle(mark=f"{title}\n\n{item.reply.text}{mark}")


def _gone(item: Kept, path: str) -> ConflictError:
    question = shortened(item.record.intent.prompt, _QUESTION_CHARS)
    return ConflictError(
        f"the question {question!r}, or what stood above it, is gone or was changed; its reply "
        "is kept",
        hint=f"{_ELSEWHERE}; with the question as it was it goes below it",
        path=path,
    )
