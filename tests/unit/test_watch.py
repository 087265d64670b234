"""The watcher over a vault in memory: what it asks, when, and what it says. No real time."""

import pytest
from memory_journal import MemoryJournal
from watch_world import ROOT, SEPARATOR, World, chat, with_settings

import notelog
from notelog.app.journaling import Journaling
from notelog.app.kept import deliver_kept
from notelog.app.watch_tools import WatchOptions
from notelog.core.asked import questions
from notelog.core.cap import Cap
from notelog.core.pacing import Limits
from notelog.core.records import Intent
from notelog.core.reply import ReplyDelta
from notelog.core.settings import Config
from notelog.core.watching import NEVER_S
from notelog.errors import (
    InDoubtError,
    NoExchangeError,
    NoteError,
    NotelogError,
    ProviderRefusedError,
    ProviderUnavailableError,
)
from notelog.ports.notes import Snapshot
from notelog.ports.watch_view import Kind
from notelog.ports.watching import Hint

DUE = chat("What is tea?")
UNTICKED = chat("What is tea?", tail="\n- [ ] send\n")


def test_a_ticked_box_is_answered_once_after_the_settle_time(world: World) -> None:
    """A save with a ticked box is asked a second later, once, and the reply lands."""
    world.save("a.md", UNTICKED)
    world.let_pass(60)
    assert world.server.asked == []
    world.save("a.md", DUE)
    world.let_pass(0.9)
    assert world.server.asked == []
    world.let_pass(0.2)
    assert world.server.asked == ["What is tea?"]
    world.let_pass(3600)
    assert len(world.server.asked) == 1
    assert "reply 1" in world.text("a.md")


def test_the_first_request_is_made_ready_for_where_there_is_a_chat(world: World) -> None:
    """The first chat that is saved warms up, once and before it is marked; no other note does."""
    world.save("plain.md", b"No chat.\n")
    world.let_pass(60)
    assert world.warmed == []
    world.save("a.md", UNTICKED)
    world.let_pass(0.1)
    assert len(world.warmed) == 1
    world.save("a.md", DUE)
    world.save("b.md", chat("What is coffee?"))
    world.let_pass(60)
    assert len(world.warmed) == 1
    assert len(world.server.asked) == 2


@pytest.mark.parametrize(("note", "warmed"), [(DUE, 1), (UNTICKED, 0)])
def test_the_start_is_made_ready_where_it_answers(note: bytes, warmed: int) -> None:
    """A watcher that only waits, for days perhaps, keeps no HTTP client in memory."""
    world = World()
    world.save("a.md", note, event=False)
    world.let_pass(0.5, answering=False)
    assert len(world.warmed) == warmed


def test_a_request_has_left_before_its_heartbeat(world: World) -> None:
    """What a request that has just begun has no need of waits for an instant."""
    world.save("a.md", DUE)
    world.let_pass(0.99)
    beats = len(world.place.beats)
    begun: list[int] = []
    world.server.meanwhile = lambda: begun.append(len(world.place.beats))
    world.let_pass(0.02)
    assert begun == [beats]
    world.let_pass(0.5)
    assert len(world.place.beats) > beats


def test_an_unmarked_chat_is_told_how_to_be_sent(world: World) -> None:
    """A chat that changes without a mark gets one line that says how to send it."""
    world.save("a.md", chat("What", tail=""))
    world.let_pass(5)
    world.save("a.md", chat("What is", tail=""))
    world.let_pass(60)
    told = [item for item in world.told if item.note == "a.md"]
    assert len(told) == 1
    assert "- [x] send" in told[0].hint
    assert world.server.asked == []


def test_every_key_stroke_starts_the_settle_time_anew(world: World) -> None:
    """A note that is saved again and again is asked when it has been left alone."""
    for number in range(20):
        world.save("a.md", chat(f"What is tea{'?' * number}"))
        world.let_pass(0.5)
    assert world.server.asked == []
    world.let_pass(0.6)
    assert world.server.asked == ["What is tea" + "?" * 19]


def test_a_note_that_is_open_for_writing_waits(world: World) -> None:
    """While a program has the note open for writing it is not asked."""
    world.open.add(world.path("a.md"))
    world.save("a.md", DUE)
    world.let_pass(30)
    assert world.server.asked == []
    world.open.clear()
    world.let_pass(10)
    assert world.server.asked == ["What is tea?"]


def test_lost_events_are_found_by_the_scan(world: World) -> None:
    """A save of which no event tells is answered after the next scan."""
    world.save("a.md", DUE, event=False)
    world.let_pass(250)
    assert world.server.asked == []
    world.let_pass(60)
    assert world.server.asked == ["What is tea?"]


def test_an_overflow_brings_the_scan_forward(world: World) -> None:
    """When the system says that it lost events, the vault is looked through at once."""
    world.save("a.md", DUE, event=False)
    world.hint(Hint(reason="the system lost events", lost=True))
    world.let_pass(2)
    assert world.server.asked == ["What is tea?"]


def test_a_storm_of_other_notes_is_not_looked_at(world: World) -> None:
    """What holds nothing of a chat is neither settled nor looked at; one that was a chat is."""
    world.save("a.md", DUE)
    world.let_pass(5)
    for number in range(100):
        world.save(f"words {number}.md", b"only words\n")
    now_s = world.clock.monotonic()
    assert world.watcher.advance() > now_s
    world.save("words 0.md", DUE.replace(b"tea", b"rain"))
    world.save("a.md", b"only words\n")
    world.let_pass(5)
    assert world.server.asked == ["What is tea?", "What is rain?"]


def test_a_slow_scan_is_brought_forward_too_and_follows_itself_after_a_pause() -> None:
    """When folders move even a scan of two seconds begins at once; the next lets others breathe."""
    world = World()
    world.scan_s = 2.0
    world.let_pass(60)
    moved = Hint(reason="a folder was moved")
    world.hint(moved)
    world.watcher.advance()
    assert world.scans == 1
    world.hint(moved)
    assert world.watcher.advance() > world.clock.monotonic()  # while it runs nothing is due
    assert world.scans == 1
    world.run_scans()
    world.let_pass(4)
    assert world.watcher.counts.last_scan_at == world.clock.now() - 4
    world.let_pass(2)
    assert world.watcher.counts.last_scan_at > world.clock.now() - 2


def scans_in(world: World, seconds: float, *, lost_every_s: float = NEVER_S) -> list[float]:
    """When scans begin, of 0.3 s each, counted from now, while changes are lost again and again."""
    begun: list[float] = []
    start_s = world.clock.monotonic()
    ends_s, lost_s = NEVER_S, 0.0
    for step in range(int(seconds * 100)):
        now_s = step / 100
        world.clock.at = start_s + now_s
        if now_s >= lost_s:
            world.hint(Hint(reason="the system lost events", lost=True))
            lost_s = now_s + lost_every_s
        if now_s >= ends_s:
            world.run_scans()
            ends_s = NEVER_S
        world.watcher.advance()
        if world.scans and ends_s == NEVER_S:
            begun.append(now_s)
            ends_s = now_s + 0.3
    return begun


def test_what_was_lost_is_looked_for_at_once_and_once(world: World) -> None:
    """One scan that begins after the loss finds it all."""
    world.scan_s = 0.3
    world.let_pass(60)
    assert scans_in(world, 30) == [0]


def test_a_folder_that_is_moved_after_a_loss_waits_for_its_scan(world: World) -> None:
    """What was lost is found by then, and the next scan keeps its distance."""
    world.scan_s = 0.3
    world.let_pass(60)
    assert scans_in(world, 0.5) == [0]
    world.hint(Hint(reason="a folder was moved"))
    assert world.watcher.advance() - world.clock.monotonic() == pytest.approx(1.3, abs=0.05)


def test_the_last_of_many_losses_is_looked_for_as_soon_as_it_is_calm(world: World) -> None:
    """While changes are lost again and again scans are rare, and none runs as that ends."""
    world.scan_s = 0.3
    world.let_pass(60)
    assert scans_in(world, 4, lost_every_s=0.05) == [0]
    assert scans_in(world, 30) == pytest.approx([0.15], abs=0.02)
    first, second, third = scans_in(world, 12, lost_every_s=0.05)
    assert (first, second) == pytest.approx((0, 5.3), abs=0.02)
    assert third == pytest.approx(10.6, abs=0.04)


def test_a_loss_during_a_scan_is_looked_for_when_that_has_ended(world: World) -> None:
    """It may have passed the note before it changed; who would tell of more is heard first."""
    world.scan_s = 0.3
    world.let_pass(60)
    lost = Hint(reason="the system lost events", lost=True)
    world.hint(lost)
    world.watcher.advance()
    world.hint(lost)
    world.clock.at += 0.3
    world.run_scans()
    assert world.watcher.advance() - world.clock.monotonic() == pytest.approx(0.15, abs=0.01)
    world.save("a.md", DUE, event=False)
    world.let_pass(1.2)  # with the time in which it settles
    assert world.server.asked == ["What is tea?"]


def test_changes_that_no_event_tells_of_are_looked_for_often(world: World) -> None:
    """A change that only a scan found makes the scans frequent, and that is said once."""
    world.save("a.md", DUE, event=False)
    world.let_pass(320)
    (told,) = (item for item in world.told if item.kind is Kind.WARNING)
    assert told.note == "a.md"
    assert told.sentence.startswith("the vault is looked through every 5 s: the system did not")
    assert not world.place.beats[-1].events
    world.save("b.md", chat("What is coffee?"), event=False)
    world.let_pass(8)
    assert world.server.asked == ["What is tea?", "What is coffee?"]
    world.save("c.md", chat("What is cocoa?"), event=False)
    world.let_pass(600)
    assert len(world.sentences(Kind.WARNING)) == 1


def test_one_unheard_change_does_not_make_the_scans_frequent_for_ever(world: World) -> None:
    """A script may set a time stamp alone: after an hour without a second one it is as before."""
    world.save("a.md", DUE, event=False)
    world.let_pass(320)
    assert not world.place.beats[-1].events
    world.let_pass(3000)
    world.save("b.md", chat("What is coffee?"), event=False)
    world.let_pass(3500)
    assert not world.place.beats[-1].events
    world.save("c.md", chat("What is cocoa?"))
    world.let_pass(200)
    assert world.place.beats[-1].events
    assert len(world.sentences(Kind.WARNING)) == 1
    assert sum("every 300 s again" in item for item in world.sentences(Kind.NOTICE)) == 1
    assert len(world.server.asked) == 3


def test_events_that_come_late_or_were_said_to_be_lost_are_no_fault(world: World) -> None:
    """Where the event follows the scan, or the system says that it lost some, scans stay rare."""
    world.let_pass(290)
    world.save("a.md", DUE, event=False)
    while world.scans == 0:
        world.clock.at += 1
        world.watcher.advance()
    world.run_scans()
    world.hint(Hint(path=world.path("a.md")))
    world.let_pass(60)
    world.save("b.md", chat("What is coffee?"), event=False)
    world.hint(Hint(reason="the system lost events", lost=True))
    world.let_pass(60)
    for number in range(40):
        world.save("c.md", chat(f"What is cocoa {number}?", tail=""))
        world.let_pass(77)
    assert world.sentences(Kind.WARNING) == []
    assert world.place.beats[-1].events


def test_dead_events_are_noticed(world: World) -> None:
    """When events have stopped, the watcher listens anew and looks through the vault."""
    world.hints.alive = False
    world.save("a.md", DUE, event=False)
    world.let_pass(35)
    assert world.hints.started == 2
    assert world.server.asked == ["What is tea?"]


def test_folders_without_events_are_scanned_often() -> None:
    """Where the limit on watches leaves folders out, the scan comes every few seconds."""
    world = World()
    world.hints.unheard = 3
    world.let_pass(1)
    world.save("a.md", DUE, event=False)
    world.let_pass(8)
    assert world.server.asked == ["What is tea?"]
    assert any("give no events" in item for item in world.sentences(Kind.WARNING))


def test_a_folder_that_was_just_made_is_not_without_events(world: World) -> None:
    """A scan may find it before it is listened to: only one that a second scan finds so is told."""
    world.let_pass(60)
    world.hints.catches_up = True  # as where events were lost
    world.hints.unheard = 1
    for _ in range(3):
        world.hint(Hint(reason="the system lost events", lost=True))
        world.let_pass(2)
    world.hints.catches_up = False
    world.hints.unheard = 1
    world.hint(Hint(reason="a folder was created"))
    world.watcher.advance()
    world.run_scans()
    world.hints.unheard = 0
    world.let_pass(60)
    assert world.sentences(Kind.WARNING) == []
    assert world.place.beats[-1].events


def test_auto_waits_longer_and_until_the_sentence_is_whole(world: World) -> None:
    """An auto note is asked 8 s after the last change, not while it ends in a comma."""
    world.save("a.md", chat("Tea,", tail="", head="notelog: auto"))
    world.let_pass(60)
    assert world.server.asked == []
    world.save("a.md", chat("Tea, what is it", tail="", head="notelog: auto"))
    world.let_pass(7.9)
    assert world.server.asked == []
    world.let_pass(0.2)
    assert len(world.server.asked) == 1


def test_the_start_answers_what_was_marked_lately() -> None:
    """At the start at most five notes that changed in the last day are answered, newest first."""
    world = World()
    for number in range(8):
        world.save(f"{number}.md", chat(f"question {number}"), event=False)
        world.modified[world.path(f"{number}.md")] -= 60 * number
    world.save("old.md", chat("old"), event=False)
    world.modified[world.path("old.md")] -= 25 * 3600
    world.save("auto.md", chat("history", tail="", head="notelog: auto"), event=False)
    world.let_pass(600)
    assert sorted(world.server.asked) == [f"question {number}" for number in range(5)]
    assert sum("left alone" in item for item in world.sentences()) == 4


def test_a_reply_that_is_overwritten_is_put_back_twice_for_nothing(world: World) -> None:
    """A stale buffer saved over the reply: it is put back twice, free, and then it is told."""
    world.save("a.md", DUE)
    world.let_pass(10)
    for _ in range(4):
        world.save("a.md", DUE)
        world.let_pass(20)
    assert world.server.asked == ["What is tea?"]
    assert world.text("a.md") == DUE.decode()
    assert any("overwritten again and again" in item for item in world.sentences())


def test_another_answer_that_is_overwritten_is_put_back_too(world: World) -> None:
    """A stale buffer holds the first answer: the second one takes its place again, for nothing."""
    world.save("a.md", DUE)
    world.let_pass(10)
    stale = world.text("a.md").replace("- [ ] send", "- [x] again").encode()
    world.save("a.md", stale)
    world.let_pass(10)
    answered = world.text("a.md")
    assert "reply 2" in answered
    for _ in range(2):
        world.save("a.md", stale)
        world.let_pass(20)
        assert world.text("a.md") == answered
    world.save("a.md", stale)
    world.let_pass(20)
    assert world.text("a.md").startswith(stale.decode())
    assert "reply 2" not in world.text("a.md")
    assert world.server.asked == ["What is tea?"] * 2
    assert any("overwritten again and again" in item for item in world.sentences())
    world.save("a.md", answered.encode())
    world.let_pass(1000)
    assert world.text("a.md") == answered


@pytest.mark.parametrize("box", ["- [x] again", "- [ ] again", ""])
def test_a_note_says_that_its_newest_answer_is_overwritten(world: World, box: str) -> None:
    """As it says of a first answer; ``deliver`` puts it back, and takes the callout out."""
    overwritten = "> [!notelog] A newer answer to the last question was in the note"
    world.save("a.md", DUE)
    world.let_pass(10)
    stale = world.text("a.md").replace("- [ ] send", box).encode()
    world.save("a.md", world.text("a.md").replace("- [ ] send", "- [x] again").encode())
    world.let_pass(10)
    answered = world.text("a.md")
    for _ in range(3):
        assert overwritten not in world.text("a.md")
        world.save("a.md", stale)
        world.let_pass(20)
    told = world.text("a.md")
    assert told.startswith(stale.decode().rstrip())
    assert told.count(overwritten) == 1
    assert "puts it back" in told
    world.let_pass(1000)
    assert world.text("a.md") == told
    assert len(world.server.asked) == 2
    assert deliver_all(world) == 1
    assert world.text("a.md").count("reply 2") == 1
    assert overwritten not in world.text("a.md")
    assert world.text("a.md").split("reply 2")[0] == answered.split("reply 2")[0]
    world.let_pass(1000)
    assert len(world.server.asked) == 2
    assert deliver_all(world) == 0


def test_a_newest_answer_that_is_there_again_is_not_called_overwritten(world: World) -> None:
    """The editor takes its save back before the note says so."""
    world.save("a.md", DUE)
    world.let_pass(10)
    stale = world.text("a.md").replace("- [ ] send", "- [x] again").encode()
    world.save("a.md", stale)
    world.let_pass(10)
    answered = world.text("a.md")
    for _ in range(3):
        world.save("a.md", stale)
        world.let_pass(4)
    world.save("a.md", answered.encode())
    world.let_pass(1000)
    assert world.text("a.md") == answered


def test_what_is_typed_on_below_an_overwritten_answer_is_let_alone(world: World) -> None:
    """Who goes on from the earlier answer needs no word of the later one, least of all below it."""
    world.save("a.md", DUE)
    world.let_pass(10)
    stale = world.text("a.md").replace("- [ ] send", "- [x] again")
    world.save("a.md", stale.encode())
    world.let_pass(10)
    for _ in range(3):
        world.save("a.md", stale.encode())
        world.let_pass(3)
    typed = stale.replace("- [x] again", "And what is coffee?\n\n- [ ] send")
    world.save("a.md", typed.encode())
    world.let_pass(1000)
    assert world.text("a.md") == typed
    assert not any("saved again as it came" in item for item in world.sentences())


def test_the_box_of_an_overwritten_answer_asks_anew(world: World) -> None:
    """Ticked, it gives a third answer, which takes the callout's place."""
    world.save("a.md", DUE)
    world.let_pass(10)
    stale = world.text("a.md").replace("- [ ] send", "- [x] again").encode()
    world.save("a.md", stale)
    world.let_pass(10)
    for _ in range(3):
        world.save("a.md", stale)
        world.let_pass(20)
    world.save("a.md", world.text("a.md").replace("- [ ] retry", "- [x] retry").encode())
    world.let_pass(1000)
    assert len(world.server.asked) == 3
    assert "reply 3" in world.text("a.md")
    assert "A newer answer" not in world.text("a.md")


def deliver_all(world: World) -> int:
    """How many replies ``notelog deliver`` puts into the note."""
    config, looking = Config(profiles={}), world.looking
    tools = Journaling(reading=looking.reading, config=config, open_journal=looking.open_journal)
    path = world.path("a.md")
    return len(deliver_kept(tools, path, at_end=False, number=None, told=str).delivered)


def test_a_reply_taken_out_later_stays_out(world: World) -> None:
    """After ten minutes the removal of a reply is the person's wish, and is not asked again."""
    world.save("a.md", DUE)
    world.let_pass(700)
    world.save("a.md", DUE)
    world.let_pass(700)
    assert len(world.server.asked) == 1
    assert "reply 1" not in world.text("a.md")
    assert any("not asked again" in item for item in world.sentences())


@pytest.mark.parametrize("billed", [True, False])
def test_nothing_is_asked_twice_over_a_restart(*, billed: bool) -> None:
    """After a restart neither an answered note nor one whose reply was taken out is asked."""
    world = World(billed=billed)
    world.let_pass(1)
    world.save("a.md", DUE)
    world.let_pass(700)
    world.start()
    world.let_pass(100)
    world.save("a.md", DUE)
    world.let_pass(100)
    assert len(world.server.asked) == 1


@pytest.mark.parametrize("billed", [True, False])
@pytest.mark.parametrize(("tail", "asked"), [("", 0), ("\n- [ ] send\n", 0), ("\n- [x] send\n", 1)])
def test_half_a_reply_asks_for_nothing_at_the_start(*, billed: bool, tail: str, asked: int) -> None:
    """It goes into its note with a mark; only what is marked is asked anew, where that is free."""
    world = World(billed=billed)
    world.save("a.md", chat("What is tea?", tail=tail), event=False)
    journal = MemoryJournal(world.disk, vault=ROOT)
    (asked_key,) = questions(notelog.parse(world.store.notes[world.path("a.md")]))
    record = journal.begin(
        Intent(
            turn_key=asked_key, note=world.path("a.md"), vault=ROOT, profile="test", model="m",
            prompt_tokens=1, prompt="What is tea?",
        )
    )  # fmt: skip
    journal.sent(record.record_id)
    journal.part(record.record_id, ReplyDelta(text="Half of"))
    journal.close()
    world.start()
    world.let_pass(1000)
    assert len(world.server.asked) == (0 if billed else asked)
    assert ("Half of" in world.text("a.md")) is not bool(world.server.asked)
    assert ("> [!notelog]" in world.text("a.md")) is not bool(world.server.asked)


def test_what_is_in_doubt_stays_so(world: World) -> None:
    """A request that may have been billed is not made again, also after a restart."""
    world.server.faults.append(InDoubtError("cut"))
    world.save("a.md", DUE)
    world.let_pass(1000)
    world.start()
    world.let_pass(1000)
    world.save("a.md", DUE)
    world.let_pass(1000)
    assert len(world.server.asked) == 1


def test_a_failure_leaves_one_callout_until_it_is_answered(world: World) -> None:
    """A server that is away is tried again by itself; the note says so once, until the reply."""
    world.server.faults += [ProviderUnavailableError("away")] * 14
    world.save("a.md", DUE)
    world.let_pass(100)
    assert world.text("a.md").count("> [!notelog]") == 1
    assert "It is tried again by itself." in world.text("a.md")
    world.let_pass(7200)
    assert "> [!notelog]" not in world.text("a.md")
    assert "reply" in world.text("a.md")


def test_what_a_cap_holds_back_is_told_once(world: World) -> None:
    """It is tried again every few minutes, for a day perhaps; another question is told anew."""
    world.configure(caps=(Cap(name="requests_per_day", most=1),))
    world.start()
    world.save("a.md", DUE)
    world.let_pass(100)
    world.save("b.md", DUE)
    world.let_pass(7200)
    world.save("b.md", DUE.replace(b"tea", b"mate"))
    world.let_pass(7200)
    told = [item.sentence for item in world.told if item.kind is Kind.FAILED]
    assert ["requests_per_day" in sentence for sentence in told] == [True, True]
    world.let_pass(86_400)
    assert "reply 2" in world.text("b.md")


@pytest.mark.parametrize("box", ["> - [ ] retry", "- [x] send"])
def test_a_refusal_is_final_until_the_person_ticks(world: World, box: str) -> None:
    """A refused request is not repeated when the note is saved again; a tick asks once more."""
    world.server.faults.append(ProviderRefusedError("no", status=404))
    world.save("a.md", DUE)
    world.let_pass(100)
    refused = world.text("a.md")
    assert "> [!notelog] No." in refused
    assert box in refused
    world.save("a.md", refused.encode())
    world.let_pass(1000)
    assert len(world.server.asked) == 1
    ticked = box.replace("[ ]", "[x]")
    world.save("a.md", refused.replace(box, box.replace("[x]", "[ ]")).encode())
    world.let_pass(10)
    world.save("a.md", refused.replace(box, ticked).encode())
    world.let_pass(1000)
    assert len(world.server.asked) == 2
    assert "> [!notelog]" not in world.text("a.md")


def test_a_ticked_again_asks_for_another_answer_once(world: World) -> None:
    """``- [x] again`` below an answer asks anew, once, also over a restart."""
    world.save("a.md", DUE)
    world.let_pass(100)
    world.save("a.md", world.text("a.md").replace("- [ ] send", "- [x] again").encode())
    world.let_pass(1000)
    world.start()
    world.let_pass(1000)
    assert world.server.asked == ["What is tea?"] * 2
    assert "reply 2" in world.text("a.md")


def test_what_is_in_doubt_is_asked_by_the_tick_of_its_callout(world: World) -> None:
    """The box in the callout is the person's word that a doubtful turn may be asked again."""
    world.server.faults.append(InDoubtError("cut"))
    world.save("a.md", DUE)
    world.let_pass(1000)
    world.save("a.md", world.text("a.md").replace("- [ ] retry", "- [x] retry").encode())
    world.let_pass(1000)
    assert len(world.server.asked) == 2
    assert "reply 2" in world.text("a.md")


def test_the_box_unticked_while_the_reply_arrives_stops_it(world: World) -> None:
    """Unticking the box ends the request; what came is kept in the note."""

    def untick() -> None:
        world.save("a.md", UNTICKED)
        world.clock.at += 2
        world.watcher.advance()

    world.server.meanwhile = untick
    world.save("a.md", DUE)
    world.let_pass(60)
    assert len(world.server.asked) == 1
    assert "stopped by you" in world.text("a.md")


def test_what_changed_before_its_request_began_is_not_sent(world: World) -> None:
    """A question that is changed after the decision and before the request is not asked."""
    world.save("a.md", DUE)
    world.let_pass(1.5, answering=False)
    assert world.jobs
    world.save("a.md", chat("What is tea made", tail="\n- [ ] send\n"))
    world.let_pass(60)
    assert world.server.asked == []


def test_a_message_changed_while_its_reply_came_is_not_paid_again(world: World) -> None:
    """A ticked message changed meanwhile: the reply is kept, and a new tick asks anew.

    The note says so when nobody writes there any more, in a callout that the next answer takes out.
    """
    longer = chat("What is tea? And why?")
    world.server.meanwhile = lambda: world.save("a.md", longer)
    world.save("a.md", DUE)
    world.let_pass(3600)
    world.server.meanwhile = lambda: None
    assert world.server.asked == ["What is tea?"]
    before, callout = world.text("a.md").split("\n> [!notelog] ")
    assert before == longer.decode()
    assert "notelog deliver NOTE" in callout
    assert sum("changed while the reply came" in item for item in world.sentences()) == 1
    assert sum("a callout in the note says so" in item for item in world.sentences()) == 1
    world.save("a.md", world.text("a.md").replace("[x]", "[ ]").encode())
    world.let_pass(5)
    world.save("a.md", world.text("a.md").replace("[ ] send", "[x] send").encode())
    world.let_pass(5)
    assert len(world.server.asked) == 2
    assert "[!notelog]" not in world.text("a.md")
    assert "reply 2" in world.text("a.md")


def test_a_box_below_a_changed_message_asks_what_stands_there_now(world: World) -> None:
    """A person with a phone has no terminal, and need not take the mark away first."""
    longer = chat("What is tea? And why?")
    world.server.meanwhile = lambda: world.save("a.md", longer)
    world.save("a.md", DUE)
    world.let_pass(60)
    world.server.meanwhile = lambda: None
    world.save("a.md", world.text("a.md").replace("[ ] retry", "[x] retry").encode())
    world.let_pass(60)
    assert len(world.server.asked) == 2
    assert "[!notelog]" not in world.text("a.md")


def test_nothing_is_said_in_a_note_in_which_somebody_types(world: World) -> None:
    """A save every few seconds: the callout waits for the last one."""
    longer = chat("What is tea? And")
    world.server.meanwhile = lambda: world.save("a.md", longer)
    world.save("a.md", DUE)
    world.let_pass(3)
    for word in range(6):
        longer = longer.replace(b"And", b"And %d" % word)
        world.save("a.md", longer)
        world.let_pass(5)
        assert world.text("a.md") == longer.decode()
    world.let_pass(5)
    assert "[!notelog]" in world.text("a.md")


def test_at_most_three_at_once_and_the_fourth_next(world: World) -> None:
    """Three requests run at once; a fourth note waits for the first that ends."""
    for number in range(5):
        world.save(f"{number}.md", chat(f"question {number}"))
    world.let_pass(5, answering=False)
    assert [job.relative for job, _ in world.jobs] == ["0.md", "1.md", "2.md"]
    assert world.watcher.asks.waiting == ("3.md", "4.md")
    world.let_pass(5)
    assert len(world.server.asked) == 5


def test_a_burst_is_held_until_the_person_resumes(world: World) -> None:
    """More than 20 notes that come to want an answer within 10 s are held and told."""
    for number in range(40):
        world.save(f"{number}.md", chat(f"question {number}"))
    world.let_pass(3600, answering=False)
    begun = len(world.jobs)
    world.let_pass(3600)
    assert len(world.server.asked) == begun <= 3
    assert any("at once: held" in item for item in world.sentences(Kind.HELD))
    world.place.resumed += 1
    world.hint(Hint(wish=True))
    world.let_pass(1800)
    assert len(world.server.asked) == Limits().asks_per_hour
    world.let_pass(7200)
    assert len(world.server.asked) == 40


def test_the_hourly_cap_and_the_day_survive_a_restart(world: World) -> None:
    """A watcher that is started again counts what the journal shows of the last hour and day."""
    for number in range(Limits().asks_per_hour):
        world.save(f"{number}.md", chat(f"question {number}"))
        world.let_pass(5)
    assert len(world.server.asked) == Limits().asks_per_hour
    world.start()
    world.save("late.md", chat("one more"))
    world.let_pass(60)
    assert len(world.server.asked) == Limits().asks_per_hour
    assert any("in an hour are the most" in item for item in world.sentences(Kind.HELD))
    assert world.watcher.counts.today.known.requests == Limits().asks_per_hour
    world.let_pass(3600)
    assert len(world.server.asked) == Limits().asks_per_hour + 1
    assert world.watcher.counts.today.known.requests == Limits().asks_per_hour + 1


def test_the_day_ends(world: World) -> None:
    """What was asked yesterday is not told as today's any more."""
    world.save("a.md", DUE)
    world.let_pass(60)
    assert world.watcher.counts.today.known.tokens == 11
    world.let_pass(2 * 86_400)
    assert world.watcher.counts.today.known.requests == 0


def test_a_note_that_answers_itself_is_paused(world: World) -> None:
    """A note that is answered five times in two minutes is left alone, visibly."""
    talk = ["question 0"]
    for _ in range(9):
        world.save("a.md", chat(*talk))
        world.let_pass(5)
        talk += ["reply", f"question {len(talk)}"]
    assert len(world.server.asked) == 5
    assert any("this note is paused" in item for item in world.sentences(Kind.HELD))


def test_pause_and_resume(world: World) -> None:
    """While paused nothing is asked; afterwards what was marked meanwhile is."""
    world.place.until = world.clock.now() + 7200
    world.save("a.md", DUE)
    world.let_pass(7000)
    assert world.server.asked == []
    world.let_pass(300)
    assert len(world.server.asked) == 1


def test_another_machine_answers_the_vault(world: World) -> None:
    """Where the pin names another machine this one only looks on, and says so."""
    world.pin = "laptop"
    world.save("a.md", DUE)
    world.let_pass(600)
    assert world.server.asked == []
    assert any("'laptop'" in item for item in world.sentences(Kind.HELD))
    advice = f"notelog watch {ROOT} --take-over lets this machine answer"
    assert advice in [told.hint for told in world.told]
    world.pin = "desk"
    world.let_pass(30)
    assert len(world.server.asked) == 1


def test_a_synced_change_waits_unless_this_machine_is_pinned(world: World) -> None:
    """What came by a sync tool waits 20 to 50 s more, and not where the pin names this machine."""
    world.save("a.md", DUE, by_sync=True)
    world.let_pass(20)
    assert world.server.asked == []
    world.let_pass(32)
    assert len(world.server.asked) == 1
    world.pin = "desk"
    world.save("b.md", chat("b"), by_sync=True)
    world.let_pass(2)
    assert len(world.server.asked) == 2


def test_a_save_that_is_heard_of_late_is_no_synced_one(world: World) -> None:
    """A busy machine tells of a save after 10 s, or only a scan finds it: no further wait."""
    world.save("a.md", DUE, event=False)
    world.clock.at += 10
    world.hint(Hint(path=world.path("a.md")))
    world.let_pass(2)
    assert len(world.server.asked) == 1
    world.save("b.md", chat("b"), event=False)
    world.clock.at += 30
    world.hint(Hint(reason="events were lost"))
    world.run_scans()
    world.let_pass(2)
    assert len(world.server.asked) == 2
    world.save("c.md", chat("c"), event=False)
    world.synced.add(world.path("c.md"))
    world.hint(Hint(path=world.path("c.md")))
    world.let_pass(19)
    assert len(world.server.asked) == 2


def test_a_conflict_twin_of_an_answered_note_is_passed_over(world: World) -> None:
    """``a 2.md`` with the question of ``a.md`` that was answered just now is not asked."""
    world.save("a.md", DUE)
    world.let_pass(5)
    world.save("a 2.md", DUE)
    world.let_pass(60)
    assert len(world.server.asked) == 1
    assert any("conflict copy of a.md" in item for item in world.sentences())


def test_an_unplugged_vault_is_waited_for(world: World) -> None:
    """A vault that vanishes is told once; nothing is asked; what was marked is answered later."""
    world.save("a.md", DUE)
    world.absent = True
    world.hint(Hint(reason="a folder was deleted"))
    world.run_scans()
    world.let_pass(0.5, answering=False)
    world.let_pass(600)
    assert sum("not there" in item for item in world.sentences(Kind.WARNING)) == 1
    world.absent = False
    world.let_pass(30)
    assert world.server.asked == ["What is tea?"]


def test_one_pass_does_not_wait_for_a_vault() -> None:
    """A watcher that goes through once ends where there is nothing to go through, and fails."""
    world = World(options=WatchOptions(once=True))
    world.absent = True
    world.watcher.start()
    world.run_scans()
    assert world.watcher.is_over
    assert world.watcher.counts.exit_code == NoteError.exit_code
    assert world.sentences(Kind.WARNING) == ["the vault is not there (unplugged)"]


def test_a_pass_that_is_stopped_leaves_what_it_did_not_see() -> None:
    """A pass is over when nothing is left; one that SIGTERM ends in its scan may have left all."""
    world = World(options=WatchOptions(once=True))
    world.save("a.md", DUE, event=False)
    world.watcher.stop()
    world.watcher.advance()
    assert (world.watcher.is_over, world.watcher.leaves_some) == (True, True)
    world.start()
    world.let_pass(20)
    assert (world.watcher.is_over, world.watcher.leaves_some) == (True, False)


def test_one_pass_fails_where_a_note_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exit code of ``--once`` is that of the first note that could not be answered."""
    world = World(options=WatchOptions(once=True))
    world.save("a.md", DUE)

    def broken(path: str) -> Snapshot:
        raise NoteError("the disk reported an error", path=path)

    monkeypatch.setattr(world.files, "glance", broken)
    world.let_pass(5)
    assert world.watcher.is_over
    assert world.watcher.counts.exit_code == NoteError.exit_code


def test_a_vault_without_a_chat_is_told_how_to_make_one(world: World) -> None:
    """Who writes a question and `;;` into a plain note, and starts, learns what is missing."""
    world.save("plain.md", b"What is tea?\n\n;;\n", event=False)
    world.start()
    world.let_pass(5)
    assert sum("notelog new NOTE" in told for told in world.sentences(Kind.NOTICE)) == 1
    assert "watch.include" not in "".join(told.hint for told in world.told)
    world = World(with_settings(exclude=("Old/**",)))
    world.let_pass(5)
    assert "watch.include" in "".join(told.hint for told in world.told)
    world.save("chat.md", UNTICKED, event=False)
    world.told.clear()
    world.start()
    world.let_pass(5)
    assert not any("notelog new NOTE" in told for told in world.sentences(Kind.NOTICE))


@pytest.mark.parametrize("once", [True, False])
def test_a_chat_in_error_is_told_at_the_start(*, once: bool) -> None:
    """Whoever breaks the front matter of a marked note, and starts, learns why it is not sent."""
    world = World(options=WatchOptions(once=once))
    world.save("a.md", chat("What is tea?", head="notelog: mark\nmodel: a: b"), event=False)
    world.save("old.md", chat("What is milk?", head="notelog: mark\nmodel: a: b"), event=False)
    world.modified[world.path("old.md")] -= 90_000
    world.start()
    world.let_pass(20)
    told = [told for told in world.told if "front matter cannot be read" in told.sentence]
    assert [item.note for item in told] == ["a.md"]
    assert world.server.asked == []
    assert world.watcher.counts.exit_code == (NoteError.exit_code if once else 0)


def test_a_note_that_cannot_be_read_is_no_failure_of_a_watch(world: World) -> None:
    """A watch that is told to stop ends with 0, so that systemd does not call it failed."""
    world.save("a.md", chat("你好").decode().encode("gbk"))
    world.let_pass(20)
    assert any("not UTF-8" in told for told in world.sentences(Kind.WAITING))
    world.watcher.stop()
    world.watcher.advance()
    assert (world.watcher.is_over, world.watcher.counts.exit_code) == (True, 0)


def test_what_cannot_be_asked_keeps_nothing_waiting() -> None:
    """Passes of ``--once``: five refused notes do not hold back others, which come in turn."""
    world = World(options=WatchOptions(once=True))
    for number in range(8):
        world.save(f"good {number}.md", chat(f"good {number}"))
    world.let_pass(60, answering=False)
    for number in range(5):
        world.save(f"bad {number}.md", chat(f"bad {number}"))
    world.server.faults = [ProviderRefusedError("no", status=400 + n % 2 * 4) for n in range(5)]
    asked: list[int] = []
    for _ in range(4):
        world.start()
        world.let_pass(100)
        asked.append(len(world.server.asked))
    assert asked == [5, 10, 13, 13]
    assert sorted(world.server.asked[5:]) == [f"good {number}" for number in range(8)]
    left = [told.sentence for told in world.told if told.kind is Kind.WAITING]
    assert set(left) == {"this pass answers 5 marked notes: it is left to the next one"}


def test_stopping_asks_nothing_new_and_waits_for_what_runs(world: World) -> None:
    """After SIGTERM a running request is finished, and a waiting one is not begun."""
    for number in range(4):
        world.save(f"{number}.md", chat(f"question {number}"))
    world.let_pass(5, answering=False)
    assert not world.place.beats[-1].stopping
    world.watcher.stop()
    world.watcher.advance()
    assert not world.watcher.is_over
    assert world.place.beats[-1].stopping
    world.run_jobs()
    world.watcher.advance()
    assert world.watcher.is_over
    assert len(world.server.asked) == 3


def test_the_heartbeat_tells_how_it_stands(world: World) -> None:
    """It names the notes, the last scan and event, and what waits."""
    world.save("a.md", DUE)
    world.place.until = world.clock.now() + 100
    world.let_pass(30)
    beat = world.place.beats[-1]
    assert (beat.notes, beat.waiting, beat.held) == (
        0,
        ("a.md",),
        "paused by you; notelog resume goes on",
    )
    assert beat.last_event_at > 0
    assert not beat.is_stale(world.clock.now())
    assert beat.is_stale(world.clock.now() + 100)


def test_nothing_is_held_where_nothing_waits(world: World) -> None:
    """What held a note is not told any more when the note wants nothing any more."""
    world.save("a.md", DUE)
    world.place.until = world.clock.now() + 10_000
    world.let_pass(30)
    world.save("a.md", DUE.replace(b"[x]", b"[ ]"))
    world.let_pass(30)
    assert (world.place.beats[-1].waiting, world.place.beats[-1].held) == ((), "")
    world.save("a.md", DUE)
    world.let_pass(30)
    assert world.place.beats[-1].held == "paused by you; notelog resume goes on"
    assert world.sentences(Kind.HELD) == ["paused by you"]


def test_at_most_four_wake_ups_a_minute_when_idle(world: World) -> None:
    """A vault in which nothing happens wakes the watcher four times a minute at most."""
    wakes = 0
    until = world.clock.monotonic() + 600
    while world.clock.at < until:
        world.run_scans()
        world.clock.at = max(world.watcher.advance(), world.clock.at)
        wakes += 1
    assert wakes <= 4 * 10


def test_settings_hold() -> None:
    """The globs for auto and the settle times come from the configuration."""
    world = World(with_settings(auto=("Chats/**",), auto_settle_s=2.0))
    world.let_pass(1)
    world.save("Chats/a.md", chat("one", tail="", head="model: m"))
    world.save("b.md", chat("two", tail="", head="model: m"))
    world.let_pass(3)
    assert world.server.asked == ["one"]


def test_a_retry_that_fails_again_can_be_ticked_again(world: World) -> None:
    """The new callout has a box of its own: its tick counts, however often one was ticked."""
    world.server.faults += [InDoubtError("cut"), InDoubtError("cut off"), InDoubtError("cut short")]
    world.save("a.md", DUE)
    for _ in range(3):
        world.let_pass(1000)
        world.save("a.md", world.text("a.md").replace("- [ ] retry", "- [x] retry").encode())
    world.let_pass(1000)
    assert len(world.server.asked) == 4
    assert "reply 4" in world.text("a.md")


@pytest.mark.parametrize("doubt", [False, True])
def test_a_refused_tick_asks_once(world: World, *, doubt: bool) -> None:
    """The mark that is still there is no wish of its own: it was refused before."""
    refusal = ProviderRefusedError("no", status=404)
    world.server.faults += [InDoubtError("cut") if doubt else refusal, refusal]
    world.save("a.md", DUE)
    world.let_pass(1000)
    world.save("a.md", world.text("a.md").replace("- [ ] retry", "- [x] retry").encode())
    world.let_pass(1000)
    assert len(world.server.asked) == 2
    for _ in range(3):
        world.save("a.md", world.text("a.md").encode() + b"\n")
        world.let_pass(1000)
    world.save("a.md", world.text("a.md").replace("- [x] retry", "- [ ] retry").encode())
    world.let_pass(1000)
    assert len(world.server.asked) == 2


def test_a_box_that_is_unticked_and_ticked_asks_once_more(world: World) -> None:
    """To tick the same box once more is a new wish."""
    world.save("a.md", DUE)
    world.let_pass(100)
    ticked = world.text("a.md").replace("- [ ] send", "- [x] again")
    world.save("a.md", ticked.encode())
    world.let_pass(1000)
    ticked = world.text("a.md")
    world.save("a.md", ticked.replace("- [x] again", "- [ ] again").encode())
    world.let_pass(1000)
    world.save("a.md", ticked.encode())
    world.let_pass(1000)
    assert len(world.server.asked) == 3


def test_a_tick_in_a_copy_is_refused_once(world: World) -> None:
    """The answer in a copied note is not notelog's there: one line, one callout, no request."""
    world.save("a.md", DUE)
    world.let_pass(100)
    ticked = world.text("a.md").replace("- [ ] send", "- [x] again").encode()
    world.save("copy.md", ticked)
    world.let_pass(7200)
    said = [item for item in world.told if item.note == "copy.md"]
    assert [item.kind for item in said] == [Kind.FAILED]
    assert "copy" in said[0].sentence
    assert said[0].hint.startswith("untick the box")
    text = world.text("copy.md")
    assert text.startswith(ticked.decode())
    assert text.count("> [!notelog]") == 1
    world.start()
    world.let_pass(7200)
    assert world.text("copy.md") == text
    assert len([item for item in world.told if item.note == "copy.md"]) == 2
    assert world.server.asked == ["What is tea?"]


def test_a_tick_at_the_answer_of_another_machine_is_left_to_that_one(world: World) -> None:
    """It may have answered to it: only the watcher's line says that nothing is asked here."""
    note = chat("What is tea?", "A leaf.", "- [x] again", tail="")
    world.save("a.md", note)
    world.let_pass(7200)
    said = [item for item in world.told if item.note == "a.md"]
    assert [item.sentence for item in said] == [
        "the answer was not written by notelog: it is yours, and stays"
    ]
    assert world.text("a.md") == note.decode()
    assert world.server.asked == []


def test_a_refused_tick_below_an_answer_is_told_in_the_note(world: World) -> None:
    """Who ticks ``again`` on a phone reads why no other answer came, until one did."""
    world.save("a.md", DUE)
    world.let_pass(100)
    world.server.faults.append(ProviderRefusedError("no", status=400))
    world.save("a.md", world.text("a.md").replace("- [ ] send", "- [x] again").encode())
    world.let_pass(7200)
    text = world.text("a.md")
    assert "> [!notelog] No." in text
    assert len(world.server.asked) == 2
    world.save("a.md", text.replace("- [ ] retry", "- [x] retry").encode())
    world.let_pass(7200)
    assert len(world.server.asked) == 3
    assert "reply 3" in world.text("a.md")
    assert "> [!notelog] " not in world.text("a.md")


def test_what_was_said_of_a_tick_goes_with_the_tick(world: World) -> None:
    """Unticked, the box asks for nothing: the callout that told why it could not goes, too."""
    world.save("a.md", DUE)
    world.let_pass(100)
    answered = world.text("a.md").replace("- [ ] send", "- [x] again").encode()
    world.save("copy.md", answered)
    world.let_pass(100)
    told = world.text("copy.md")
    assert "[!notelog]" in told
    world.save("copy.md", told.replace("[x] again", "[ ] again").encode())
    world.let_pass(100)
    assert world.text("copy.md") == answered.decode().replace("[x] again", "[ ] again")
    world.save("copy.md", answered)
    world.let_pass(100)
    assert world.text("copy.md") == told
    assert world.server.asked == ["What is tea?"]


REFUSAL = ProviderRefusedError("no", status=400, hint="mend it")


def refused(world: World) -> bytes:
    """A note whose question was refused, once, as the watcher left it."""
    world.server.faults.append(REFUSAL)
    world.save("a.md", DUE)
    world.let_pass(1000)
    assert len(world.server.asked) == 1
    return world.text("a.md").encode()


def test_what_was_refused_stays_so_over_a_restart(world: World) -> None:
    """Neither a restart nor a save of the same question asks again; the note stays as it is."""
    note = refused(world)
    for _ in range(2):
        world.start()
        world.let_pass(1000)
        world.save("a.md", note)
        world.let_pass(1000)
    assert len(world.server.asked) == 1
    assert world.text("a.md").encode() == note
    told = [item for item in world.told if item.note == "a.md"]
    assert [item.kind for item in told] == [Kind.FAILED] * 3
    assert told[-1].sentence == "no"
    assert "neither the note nor its profile is another" in told[-1].hint
    world.save("a.md", note.replace(b"- [ ] retry", b"- [x] retry"))
    world.let_pass(1000)
    assert len(world.server.asked) == 2


def test_a_tick_that_was_refused_stays_so_over_a_restart(world: World) -> None:
    """The tick was answered to by that request, though nothing was billed."""
    world.save("a.md", DUE)
    world.let_pass(100)
    world.server.faults.append(REFUSAL)
    world.save("a.md", world.text("a.md").replace("- [ ] send", "- [x] again").encode())
    world.let_pass(1000)
    note = world.text("a.md")
    world.start()
    world.let_pass(1000)
    assert len(world.server.asked) == 2
    assert world.text("a.md") == note
    world.save("a.md", note.replace("- [x] again", "- [ ] again").encode())
    world.let_pass(1000)
    world.save("a.md", world.text("a.md").replace("- [ ] again", "- [x] again").encode())
    world.let_pass(1000)
    assert len(world.server.asked) == 3
    assert "reply 3" in world.text("a.md")


def test_each_tick_of_the_box_in_a_callout_asks_once_more(world: World) -> None:
    """A refused request leaves a box that is not ticked: to tick that one is another wish."""
    refused(world)
    for asked in (2, 3, 4):
        world.server.faults.append(REFUSAL)
        note = world.text("a.md")
        assert note.count("- [ ] retry") == 1
        world.save("a.md", note.replace("- [ ] retry", "- [x] retry").encode())
        world.let_pass(1000)
        assert len(world.server.asked) == asked


def test_what_a_stopped_profile_holds_back_goes_on_with_it(world: World) -> None:
    """One box that is ticked, or another key, sets it going; the others need none."""
    world.server.faults.append(ProviderRefusedError("no such key", status=401, reason="key"))
    world.save("a.md", DUE)
    world.let_pass(100)
    world.save("b.md", DUE.replace(b"tea", b"mate"))
    world.let_pass(7200)
    assert len(world.server.asked) == 1
    assert world.text("b.md").count("> - [ ] retry") == 1
    told = [item.sentence for item in world.told if item.note == "b.md"]
    assert told == ["profile test is stopped: no such key; nothing was sent"]
    world.save("a.md", world.text("a.md").replace("- [ ] retry", "- [x] retry").encode())
    world.let_pass(1000)
    assert len(world.server.asked) == 3
    assert "reply" in world.text("b.md")
    assert "> [!notelog]" not in world.text("b.md")


def test_one_pass_after_the_other_asks_a_refused_question_once() -> None:
    """``--once`` by a timer: each pass says that it was refused, and only the first one asks."""
    world = World(options=WatchOptions(once=True))
    world.save("a.md", DUE)
    world.server.faults.append(REFUSAL)
    for _ in range(3):
        world.let_pass(100)
        assert world.watcher.is_over
        assert world.watcher.counts.exit_code == ProviderRefusedError.exit_code
        world.start()
    assert len(world.server.asked) == 1


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize(
    ("old", "new"),
    [(b"notelog: mark", b"notelog: mark\ntemperature: 0.5"), (b"What is", b"What then is")],
)
def test_a_refused_note_is_asked_again_once_it_is_another(
    world: World, old: bytes, new: bytes, *, restarted: bool
) -> None:
    """Whoever mends a setting in the front matter, or the question, need not tick anything."""
    note = refused(world)
    if restarted:
        world.start()
        world.let_pass(1000)
    world.save("a.md", note.replace(old, new))
    world.let_pass(1000)
    assert len(world.server.asked) == 2
    assert "reply 2" in world.text("a.md")


def test_a_refused_note_is_asked_again_by_another_configuration(world: World) -> None:
    """Another model, address or setting may be accepted; a cap makes no difference."""
    refused(world)
    world.configure(requests_at_once=1)
    world.start()
    world.let_pass(1000)
    assert len(world.server.asked) == 1
    world.configure(model="another")
    world.start()
    world.let_pass(1000)
    assert len(world.server.asked) == 2


def test_a_refused_note_is_asked_again_when_the_configuration_is_changed(world: World) -> None:
    """As ``notelog why`` says: once, while the watcher runs, and only what would be another."""
    refused(world)
    world.configure_now(requests_at_once=1)
    world.let_pass(1000)
    assert len(world.server.asked) == 1
    world.server.faults.append(REFUSAL)
    world.configure_now(model="another")
    world.let_pass(1000)
    assert len(world.server.asked) == 2
    assert world.text("a.md").count("> [!notelog]") == 1
    world.configure_now(model="a third")
    world.let_pass(1000)
    assert len(world.server.asked) == 3
    assert "> [!notelog]" not in world.text("a.md")


@pytest.mark.parametrize("fault", [InDoubtError("cut off"), None])
def test_another_configuration_asks_nothing_else(world: World, fault: NotelogError | None) -> None:
    """What is in doubt waits for the person's word, and so does what they took the mark from."""
    world.server.faults.append(fault or REFUSAL)
    world.save("a.md", DUE)
    world.let_pass(1000)
    if fault is None:
        world.save("a.md", world.text("a.md").replace("- [x] send", "- [ ] send").encode())
    world.let_pass(1000)
    note, told = world.text("a.md"), len(world.told)
    world.configure_now(model="another")
    world.let_pass(1000)
    assert (len(world.server.asked), world.text("a.md"), len(world.told)) == (1, note, told)


def test_the_mark_set_anew_after_a_restart_asks_a_refused_question(world: World) -> None:
    """To take the mark away and set it again is the person's word."""
    note = refused(world)
    world.start()
    world.let_pass(1000)
    world.save("a.md", note.replace(b"- [x] send", b"- [ ] send"))
    world.let_pass(1000)
    world.save("a.md", note)
    world.let_pass(1000)
    assert len(world.server.asked) == 2


@pytest.mark.parametrize("auto", [False, True])
def test_a_pass_says_what_asks_a_message_that_was_changed(*, auto: bool) -> None:
    """A mark that is set anew between two passes looks like the old one; the box does not."""
    kind = {"tail": "", "head": "notelog: auto"} if auto else {}
    world = World(options=WatchOptions(once=True, since_s=1.0))
    world.server.meanwhile = lambda: world.save("a.md", chat("What is coffee?", **kind))
    world.save("a.md", chat("What is tea?", **kind))
    for _ in range(3):
        world.let_pass(100)
        world.server.meanwhile = lambda: None
        told = [item for item in world.told if "was changed while the reply came" in item.sentence]
        assert "tick the box `retry`" in told[-1].hint
        assert "mark" not in told[-1].hint.partition(";")[0]
        text = world.text("a.md")
        if auto and ";;" not in text:
            world.save("a.md", text.replace("coffee?\n", "coffee?\n\n;;\n").encode())
        world.start()
    world.let_pass(100)
    assert len(world.server.asked) == 1
    world.save("a.md", world.text("a.md").replace("- [ ] retry", "- [x] retry").encode())
    world.start()
    world.let_pass(100)
    assert world.server.asked == ["What is tea?", "What is coffee?"]


def test_one_pass_does_not_say_that_it_tries_again_by_itself() -> None:
    """It ends: neither its line nor the callout in the note promises what the next one does."""
    world = World(options=WatchOptions(once=True))
    world.save("a.md", DUE)
    world.server.faults += [ProviderUnavailableError("away")] * 40
    world.let_pass(10)
    assert world.watcher.is_over
    (failed,) = (item for item in world.told if item.kind is Kind.FAILED)
    assert failed.hint == "the next `notelog watch` tries it again"
    assert "The next `notelog watch` tries it again." in world.text("a.md")
    assert "by itself" not in world.text("a.md")


EMPTY_ANSWER = f"\n{SEPARATOR}\n\nrole::assistant\n\n"


@pytest.mark.parametrize(
    ("asked", "above", "lands"),
    [
        (DUE, b"- [x] send\n", True),
        (chat("What is tea?", tail="\n;;\n"), b"\n;;\n", True),
        (chat("What is tea?", tail=EMPTY_ANSWER), b"role::assistant\n\n", False),
        (chat("What is tea?", tail="\n\n", head="notelog: auto"), b"tea?\n", False),
    ],
)
def test_a_line_stop_wherever_it_is_typed_ends_the_request(
    asked: bytes, above: bytes, *, lands: bool
) -> None:
    """Below the mark too, and below an empty marker; what came is in the note or kept."""
    world = World(with_settings(marker=True))
    world.let_pass(5)
    world.server.parts = ["one ", "two ", *["more "] * 20]
    world.server.meanwhile = lambda: type_stop(world, above)
    world.save("a.md", asked)
    world.let_pass(100)
    assert len(world.server.asked) == 1
    assert "stopped by you; what came is kept" in world.sentences()
    (record,) = world.disk.records.values()
    assert record.reply is not None
    assert record.reply.text.startswith("one two")
    assert record.reply.text.count("more") < 20
    assert ("one two" in world.text("a.md")) is lands


def type_stop(world: World, above: bytes) -> None:
    """Types a line [stop] below something, once."""
    text = world.text("a.md").encode()
    if b"[stop]" not in text:
        world.save("a.md", text.replace(above, above + b"[stop]\n"))
    world.watcher.advance()


def test_a_line_stop_ends_a_request_for_another_answer(world: World) -> None:
    """Also in the question above the answer whose place the reply takes."""
    world.save("a.md", DUE)
    world.let_pass(100)
    world.server.parts = ["one ", "two ", *["more "] * 20]
    world.server.meanwhile = lambda: type_stop(world, b"- [x] send\n")
    world.save("a.md", world.text("a.md").replace("- [ ] send", "- [x] again").encode())
    world.let_pass(100)
    assert len(world.server.asked) == 2
    assert "stopped by you; what came is kept" in world.sentences()
    assert "reply 1" in world.text("a.md")


def test_a_tick_in_a_note_of_which_only_the_end_can_be_changed_is_told_there(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file with two names: no answer can take another's place, and the note's end says so."""
    world.save("a.md", DUE)
    world.let_pass(100)

    def refuse(snapshot: Snapshot) -> None:
        raise NoExchangeError("the note has another name (a hard link)", path=snapshot.path)

    monkeypatch.setattr(world.store, "check_exchange", refuse)
    world.save("a.md", world.text("a.md").replace("- [ ] send", "- [x] again").encode())
    world.let_pass(7200)
    assert world.server.asked == ["What is tea?"]
    assert world.text("a.md").count("> [!notelog]") == 1
    assert "(a hard link). Ask for another answer in a new message" in world.text("a.md")
    said = [item for item in world.told if "hard link" in item.sentence]
    assert len(said) == 1


def test_a_tick_at_an_earlier_question_is_told_in_the_note(world: World) -> None:
    """Only the last question can be asked anew: who ticks another one's box reads that, once."""
    world.server.parts = ("Half",)
    world.server.late_faults.append(InDoubtError("cut"))
    world.save("a.md", DUE)
    world.let_pass(100)
    world.server.parts = ()
    answered = world.text("a.md")
    assert "> - [ ] again" in answered
    world.save("a.md", answered.replace("- [ ] send", "And coffee?\n\n- [x] send").encode())
    world.let_pass(1000)
    before = world.text("a.md")
    assert "reply 2" in before
    ticked = before.replace("> - [ ] again", "> - [x] again")
    world.save("a.md", ticked.encode())
    world.let_pass(1000)
    told = world.text("a.md")
    assert told.startswith(ticked)
    assert told.removeprefix(ticked).strip().startswith("> [!notelog] A box")
    world.save("a.md", f"{told}\n".encode())
    world.let_pass(1000)
    assert sum("at an earlier question" in item for item in world.sentences()) == 1
    assert world.text("a.md") == f"{told}\n"
    world.save("a.md", told.replace("> - [x] again", "> - [ ] again").encode())
    world.let_pass(1000)
    assert world.text("a.md") == before
    assert len(world.server.asked) == 2


def test_an_old_tick_in_a_note_from_elsewhere_is_left_alone(world: World) -> None:
    """What this machine never asked in that note may have been answered to long ago."""
    note = chat("What is tea?\n\n- [x] again", "A leaf.", "And coffee?", "A bean.", tail="")
    world.save("a.md", note)
    world.let_pass(1000)
    assert world.text("a.md") == note.decode()
    assert [item for item in world.told if item.note == "a.md"] == []
