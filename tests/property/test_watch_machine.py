"""A vault that is watched while everything happens to it: nothing lost, nothing paid twice."""

from collections import Counter
from collections.abc import Callable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from watch_world import SEPARATOR, World, with_settings

from notelog.app.why import why_not
from notelog.core.watch_names import Scope
from notelog.errors import InDoubtError, ProviderRefusedError, ProviderUnavailableError
from notelog.ports.watching import Hint

NAMES = ("a.md", "b.md", "c/d.md")
HEAD = "---\nnotelog: mark\n---\n"
TYPED = "typed meanwhile"


class Died(BaseException):
    """The process ends here."""


def die() -> None:
    """Ends it."""
    raise Died


class WatchedVault(RuleBasedStateMachine):
    """Persons, sync tools, servers, crashes; after each step the promises hold."""

    pasts = Bundle("pasts")

    @initialize(billed=st.booleans())
    def begin(self, *, billed: bool) -> None:
        """An empty vault is watched."""
        self.billed = billed
        self.world = self._watched()
        self.world.let_pass(1)
        self.written: dict[str, str] = {}
        self.marked: set[str] = set()
        self.questions = 0
        self.typed = 0
        self.unbilled = 0  # requests that cost nothing: what they asked may be asked again

    @rule(
        target=pasts,
        name=st.sampled_from(NAMES),
        marked=st.booleans(),
        told=st.sampled_from((0, 1, 2)),
        fresh=st.booleans(),
    )
    def write(self, name: str, told: int, *, marked: bool, fresh: bool) -> tuple[str, str]:
        """A person adds a message to what is in the note, or begins it anew."""
        self.questions += 1
        question = f"question {self.questions}"
        before = "" if fresh else self._now(name)
        tail = f"\n{SEPARATOR}\n\nrole::user\n\n{question}\n"
        text = (before or HEAD) + tail + ("\n- [x] send\n" if marked else "")
        if marked:
            self.marked.add(question)
        self._save(name, text, told)
        return name, text

    @rule(name=st.sampled_from(NAMES), told=st.sampled_from((0, 1, 2)))
    def tick(self, name: str, told: int) -> None:
        """A person ends the message with a mark."""
        text = self._now(name)
        if text and f"question {self.questions}" in text:
            self.marked |= {f"question {n}" for n in range(self.questions + 1)}
            # where that is the message by now
            self.marked |= {f"{TYPED} {n}" for n in range(self.typed + 1)}
            self._save(name, f"{text}\n;;\n", told)

    @rule(past=pasts, told=st.sampled_from((0, 1)))
    def save_a_stale_buffer(self, past: tuple[str, str], told: int) -> None:
        """An editor, or a sync conflict, brings an older text back."""
        self._save(*past, told)

    @rule(name=st.sampled_from(NAMES))
    def another_machine_answers(self, name: str) -> None:
        """A second watcher's reply comes by sync."""
        text = self._now(name)
        if text:
            reply = f"\n{SEPARATOR}\n\nrole::assistant\n\nfrom elsewhere\n"
            self._save(name, text + reply, 1, by_sync=True)

    @rule(
        fault=st.sampled_from(
            (
                ProviderUnavailableError("away"),
                ProviderRefusedError("no", status=404),
                InDoubtError("cut"),
            )
        )
    )
    def the_next_request_fails(self, fault: Exception) -> None:
        """The server says no, is away, or is cut off."""
        if not self.world.server.faults:
            self.unbilled += not self.billed or not isinstance(fault, InDoubtError)
            self.world.server.faults.append(fault)  # type: ignore[arg-type]  # all are ours

    @rule(name=st.sampled_from(NAMES), part=st.integers(1, 12))
    def typed_while_the_next_reply_arrives(self, name: str, part: int) -> None:
        """A person adds a line while the model answers."""

        def add() -> None:
            text = self._now(name)
            if text:
                self.typed += 1  # each a question of its own, if it comes to be one
                self._save(name, f"{text}{TYPED} {self.typed}\n", 1)

        self._at(part, add)

    @rule(seconds=st.sampled_from((0.3, 1.1, 4.0, 70.0, 400.0)), answering=st.booleans())
    def time_passes(self, seconds: float, *, answering: bool = True) -> None:
        """Requests that were begun end in it, or are still to begin their work."""
        try:
            self.world.let_pass(seconds, answering=answering)
        except Died:
            self.unbilled += not self.billed
            self.crash()

    @rule()
    def crash(self) -> None:
        """The watcher dies and is started again."""
        self.world.server.meanwhile = lambda: None
        self.world.start()

    @rule(part=st.integers(1, 12))
    def it_will_die_while_a_reply_arrives(self, part: int) -> None:
        """The next reply is the last thing that the process sees."""
        self._at(part, die)

    @rule()
    def the_system_loses_events(self) -> None:
        """And says so."""
        self.world.hint(Hint(reason="the system lost events", lost=True))

    @rule()
    def a_person_resumes(self) -> None:
        """What was held goes on."""
        self.world.place.resumed += 1
        self.world.hint(Hint(wish=True))

    @rule(number=st.integers(0, 2))
    def the_configuration_is_changed(self, number: int) -> None:
        """Another model: what was refused is another request now."""
        self.world.configure_now(model=f"m{number}")

    @rule()
    def the_vault_goes_away_for_a_while(self) -> None:
        """The disk is unplugged, and comes back; whoever looks meanwhile finds no note."""
        notes = dict(self.world.store.notes)
        self.world.store.notes.clear()
        self.world.absent = True
        self.world.hint(Hint(reason="a folder was deleted"))
        self.time_passes(30)
        self.world.absent = False
        self.world.store.notes.update(notes)
        self.time_passes(30)

    @rule(name=st.sampled_from(NAMES))
    def a_backup_links_a_note(self, name: str) -> None:
        """The system stamps the note, and nobody edited it."""
        self.world.link(name)

    @invariant()
    def nothing_is_paid_twice(self) -> None:
        """A question that may have been billed is asked once, over crashes and lost events."""
        counts = Counter(self.world.server.asked)
        again = sum(count - 1 for count in counts.values())
        assert again <= self.unbilled

    @invariant()
    def nothing_unfinished_is_sent(self) -> None:
        """Only what was marked as finished was asked."""
        assert {text.partition("\n")[0] for text in self.world.server.asked} <= self.marked

    @invariant()
    def every_word_of_a_person_is_there(self) -> None:
        """Each line that was saved last is in the note, in order; notelog's callouts may go."""
        for name, text in self.written.items():
            lines = iter(self._now(name).split("\n"))
            own = [line for line in text.split("\n") if line and not line.startswith(">")]
            assert all(any(line == found for found in lines) for line in own)

    def teardown(self) -> None:
        """Once nothing stands in its way any more, no note goes on waiting for an answer."""
        if not hasattr(self, "world"):
            return
        world = self.world
        world.server.meanwhile = lambda: None
        world.server.faults.clear()
        self.a_person_resumes()
        self.time_passes(3 * 3600)
        for name in NAMES:
            if self._now(name):
                told = why_not(
                    world.looking,
                    world.path(name),
                    scope=Scope(),
                    place=world.place,
                    now=world.clock.now(),
                )
                assert not told.answered, (name, told, self._now(name))

    def _watched(self) -> World:
        return World(billed=self.billed)

    def _at(self, part: int, happens: Callable[[], None]) -> None:
        """Something happens after a part of the next reply; after its first where it has one."""
        left = [None] * min(part, max(len(self.world.server.parts), 1))

        def count() -> None:
            left.pop()
            if not left:
                self.world.server.meanwhile = lambda: None
                happens()

        self.world.server.meanwhile = count

    def _now(self, name: str) -> str:
        return self.world.store.notes.get(self.world.path(name), b"").decode()

    def _save(self, name: str, text: str, told: int, *, by_sync: bool = False) -> None:
        self.written[name] = text
        self.world.save(name, text.encode(), event=False)
        for _ in range(told):
            self.world.hint(Hint(path=self.world.path(name), by_sync=by_sync))


class LiveVault(WatchedVault):
    """The same where replies are shown while they arrive; what is shown goes in the end."""

    def _watched(self) -> World:
        world = World(with_settings(live=True), billed=self.billed)
        world.server.parts = tuple(f"Sentence {number} of it. " for number in range(12))
        return world

    @invariant()
    def a_note_says_at_most_once_that_it_is_asked(self) -> None:
        """Never two callouts that ask, not even after crashes and stale buffers of an editor."""
        for name in NAMES:
            if "Asking" not in self.written.get(name, ""):
                assert self._now(name).count("[!notelog] Asking") <= 1

    def teardown(self) -> None:
        """After the next start, and some time, no note says any more that it is asked."""
        super().teardown()
        if hasattr(self, "world"):
            self.crash()
            self.world.server.faults.clear()
            self.time_passes(3600)
            for name in NAMES:
                assert "Asking" in self.written.get(name, "") or "Asking" not in self._now(name)


class HeldVault(WatchedVault):
    """The same where a note soon has to wait for the hour, and says so."""

    def _watched(self) -> World:
        return World(with_settings(asks_per_hour=2), billed=self.billed)

    @invariant()
    def a_note_says_at_most_once_that_it_waits(self) -> None:
        """Never two callouts of that, but what a stale buffer brings back."""
        for name in NAMES:
            if "in an hour" not in self.written.get(name, ""):
                assert self._now(name).count("[!notelog] 2 requests in an hour") <= 1


def test_promises_hold_while_notes_wait_for_the_hour() -> None:
    """No word is lost, nothing is paid twice, and all is asked in the end."""
    run_state_machine_as_test(HeldVault, settings=settings(stateful_step_count=40))


def test_promises_hold_while_replies_are_shown() -> None:
    """No word is lost, nothing is paid twice, and what is shown is gone in the end."""
    run_state_machine_as_test(LiveVault, settings=settings(stateful_step_count=40))


def test_promises_hold_whatever_happens() -> None:
    """No word is lost, nothing is paid twice, nothing unfinished is sent."""
    run_state_machine_as_test(WatchedVault, settings=settings(stateful_step_count=40))
