"""Telling in a note that it is asked, and showing the reply there while it arrives.

All of it is one callout below the question (see ``core.claim``), which the reply takes out when it
lands. It is begun, and grows, only while nobody else has touched the note for a while and no editor
has it open; once somebody touches it, it stays as it is. Each step is in the journal first.
"""

import logging
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from notelog.app.reading import parse_snapshot
from notelog.core.callouts import Callout, callout_in, plan_callout
from notelog.core.claim import claim_text, next_part, render_part
from notelog.core.edit import EditPlan, Insertion, apply_plan
from notelog.core.note import Note
from notelog.core.records import LeftCallout, TurnRecord
from notelog.core.turn import ticked
from notelog.core.verify import verify_plan
from notelog.errors import NotelogError
from notelog.ports.journal import Journal
from notelog.ports.notes import Snapshot

if TYPE_CHECKING:  # of all that answers a note, which the watcher's looks do without
    from notelog.app.due import Completing, Turn

_LOG = logging.getLogger("notelog")


def onlooker(
    tools: "Completing", journal: Journal, turn: "Turn", record: TurnRecord
) -> "Growing | None":
    """What tells in the note that it is asked; nothing where an answer stands there already."""
    settings = tools.config.watch
    wanted = bool(tools.device) and (settings.claim or settings.live)
    return Growing(tools, journal, turn, record) if wanted and not turn.due.anew else None


class Growing:
    """The callout of one request; implements ``ports.people.Onlooker``.

    Args:
        tools: the ports, and how the vault is watched.
        journal: keeps what is about to be put into the note.
        turn: the question.
        record: its turn in the journal.
    """

    def __init__(
        self, tools: "Completing", journal: Journal, turn: "Turn", record: TurnRecord
    ) -> None:
        self._tools = tools
        self._store = tools.reading.store
        self._settings = tools.config.watch
        self._journal = journal
        self._intent = record.intent
        self._turn_index = turn.due.turn_index
        self._left = turn.snapshot
        self._note = turn.note
        self._callout: LeftCallout | None = None
        self._shown = 0
        self._is_over = False
        self._next_s = tools.clock.monotonic() + self._settings.live_rest_s

    def is_due(self) -> bool:
        """Whether it is time to look at the note again."""
        return not self._is_over and self._tools.clock.monotonic() >= self._next_s

    def show(self, text: str) -> None:
        """Begins the callout, or lets it grow, where the note is at rest."""
        try:
            if self._is_at_rest():
                self._grow(text) if self._callout is not None else self._begin()
        except NotelogError as error:
            self._is_over = True
            _LOG.info("note=%s live=%s", self._left.path, error.code)
        self._next_s = max(
            self._next_s, self._tools.clock.monotonic() + self._settings.live_every_s
        )

    def _is_at_rest(self) -> bool:
        """Whether the note is as it was left, untouched for long enough, and in no editor."""
        now = self._store.read(self._left.path)
        if now.fingerprint != self._left.fingerprint:
            self._is_over = True
        elif _file(now) != _file(self._left):  # saved, and nothing in it was changed
            self._left = now
            self._next_s = self._tools.clock.monotonic() + self._settings.live_rest_s
        else:
            return not self._store.in_editor(now)
        return False

    def _begin(self) -> None:
        key = self._intent.turn_key
        since = datetime.fromtimestamp(self._tools.clock.now(), UTC).strftime("%Y-%m-%d %H:%M:%S")
        claim = claim_text(self._intent.model, self._tools.device, since)
        plan = plan_callout(
            self._note,
            self._turn_index,
            Callout(text=claim),
            self._journal.callouts(key, self._left.real_path),
            fingerprint=self._left.fingerprint,
        )
        if plan is None:
            self._is_over = True
            return
        self._store.check_exchange(self._left)  # what could not be taken out is not put in
        after, note = self._after(plan)
        inserted, offset = callout_in(self._note, plan)
        number = self._journal.leave_callout(key, after.real_path, inserted, offset=offset)
        self._journal.new_ticks(after.real_path, ticked(note)[0])
        self._callout = LeftCallout(callout_id=number, inserted=inserted, offset=offset)
        self._write(plan, after, note)
        self._is_over |= not (self._settings.live and after.data.endswith(inserted))

    def _grow(self, text: str) -> None:
        end = next_part(text, self._shown)
        if end == self._shown or self._callout is None:
            return
        part = render_part(text, self._shown, end, self._note.source.newline)
        size = len(self._left.data)
        plan = EditPlan(
            fingerprint=self._left.fingerprint,
            size=size,
            insertions=(Insertion(offset=size, data=part),),
            turn_index=self._turn_index,
        )
        after, note = self._after(plan)
        if verify_plan(self._note, plan, note):
            self._is_over = True
            return
        grown = replace(self._callout, inserted=self._callout.inserted + part)
        self._journal.grow_callout(grown.callout_id, grown.inserted)
        self._write(plan, after, note)
        self._callout, self._shown = grown, end

    def _after(self, plan: EditPlan) -> tuple[Snapshot, Note]:
        after = replace(self._left, data=apply_plan(self._left.data, plan))
        return after, parse_snapshot(self._tools.reading, after)

    def _write(self, plan: EditPlan, after: Snapshot, note: Note) -> None:
        self._left = self._store.write(self._left, plan)
        self._note = note
        self._is_over = self._left.data != after.data


def _file(snapshot: Snapshot) -> tuple[int, int, int]:
    return snapshot.device, snapshot.inode, snapshot.modified_ns
