"""How a wish to stop is seen, and waited for."""

from contextlib import closing

from asking import StillClock
from memory_journal import MemoryDisk, MemoryJournal
from memory_store import MemoryNoteStore

from notelog.app.reading import Reading
from notelog.app.stop import LOOK_S, PATIENCE_S, Stopping, stop, stoppable
from notelog.errors import JournalError


class Broken(MemoryJournal):
    """A journal whose disk fails."""

    def stop_wished(self, note: str) -> bool:
        """Fails."""
        raise JournalError(f"no disk under {note}")


def never() -> bool:
    """Nobody pressed Ctrl-C."""
    return False


def test_a_wish_is_looked_for_now_and_then_and_holds() -> None:
    """Not at every part of a reply, but within a second; once seen it stays."""
    disk, clock = MemoryDisk(), StillClock()
    journal = MemoryJournal(disk)
    stopped = stoppable(journal, "n", clock=clock, cancelled=never)
    with journal.working_on("n"):
        assert MemoryJournal(disk).wish_stop("n")
        assert not stopped()
        clock.at += LOOK_S
        assert stopped()
    disk.stops.clear()
    assert stopped()


def test_a_failing_journal_stops_nothing() -> None:
    """A reply that is paid for goes on; Ctrl-C still counts."""
    clock = StillClock()
    stopped = stoppable(Broken(), "n", clock=clock, cancelled=never)
    clock.at += LOOK_S
    assert not stopped()
    assert stoppable(Broken(), "n", clock=clock, cancelled=lambda: True)()


def test_stop_gives_up_waiting() -> None:
    """A process that does not end is told of, after some seconds."""
    store, clock, disk = MemoryNoteStore(), StillClock(), MemoryDisk()
    store.put("n", b"question")
    tools = Stopping(
        reading=Reading(store=store, read_front_matter=lambda _: None),
        open_journal=lambda _: closing(MemoryJournal(disk)),
        clock=clock,
    )
    with MemoryJournal(disk).working_on("n"):
        stopped = stop(tools, "n")
    assert (stopped.running, stopped.ended) == (True, False)
    assert sum(clock.slept) >= PATIENCE_S - 1
