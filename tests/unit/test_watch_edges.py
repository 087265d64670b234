"""The watcher where things go otherwise than planned: crashes, vanished notes, open files."""

import pytest
from watch_world import SEPARATOR, World, chat

from notelog.app.journaling import Journaling
from notelog.app.kept import deliver_kept
from notelog.app.why import WhyNot, why_not
from notelog.core.edit import EditPlan
from notelog.core.records import TurnState
from notelog.core.settings import Config
from notelog.core.watch_names import Scope
from notelog.errors import ConflictError, ProviderRefusedError, ProviderUnavailableError
from notelog.ports.notes import Snapshot
from notelog.ports.watch_view import Kind

IN_WORK = "another process is working on this note"
DUE = chat("What is tea?")


def crash_while_asking(world: World) -> None:
    """The watcher dies after its request has left and before anything came of it."""
    world.let_pass(2, answering=False)
    assert len(world.jobs) == 1
    world.server.faults.append(KeyboardInterrupt())  # type: ignore[arg-type]  # nothing catches it
    with pytest.raises(KeyboardInterrupt):
        world.run_jobs()
    for record_id, record in world.disk.records.items():
        assert record.state is TurnState.SENT, record_id


@pytest.mark.parametrize("others", [0, 9])
def test_a_note_says_that_a_crash_left_its_question_in_doubt(world: World, others: int) -> None:
    """After a crash in mid-request nothing is asked anew, and the note itself says why."""
    world.save("a.md", DUE)
    crash_while_asking(world)
    world.let_pass(100, answering=False)
    for number in range(others):
        world.save(f"later {number}.md", chat(f"Question {number}?"), event=False)
    world.start()
    world.let_pass(100)
    assert world.server.asked.count("What is tea?") == 1
    assert world.text("a.md").count("> [!notelog]") == 1
    assert "> - [ ] retry" in world.text("a.md")
    world.save("a.md", world.text("a.md").replace("- [ ] retry", "- [x] retry").encode())
    world.let_pass(100)
    assert world.server.asked.count("What is tea?") == 2
    assert "> [!notelog]" not in world.text("a.md")


def test_a_server_of_ones_own_is_asked_again_after_a_crash() -> None:
    """Where nothing is billed there is no doubt."""
    world = World(billed=False)
    world.let_pass(5)
    world.save("a.md", DUE)
    crash_while_asking(world)
    world.start()
    world.let_pass(100)
    assert world.server.asked == ["What is tea?"] * 2
    assert "reply 2" in world.text("a.md")


def test_text_below_the_semicolons_does_not_stop_the_request(world: World) -> None:
    """Who goes on typing below ``;;`` while the reply comes takes nothing back."""
    world.save("a.md", chat("What is tea?", tail="\n;;\n"))
    world.let_pass(2, answering=False)
    world.save("a.md", chat("What is tea?", tail="\n;;\n\nand coffee"))
    world.let_pass(5, answering=False)
    assert not world.jobs[0][1]()
    world.save("a.md", chat("What is tea?", tail=""))
    world.let_pass(5, answering=False)
    assert world.jobs[0][1]()


def test_a_note_that_is_deleted_and_made_anew_gets_its_reply_back(world: World) -> None:
    """A sync that deletes and writes an older version brings the question back: no request."""
    world.save("a.md", DUE)
    world.let_pass(100)
    world.remove("a.md")
    world.let_pass(60)
    world.save("a.md", DUE)
    world.let_pass(100)
    assert world.server.asked == ["What is tea?"]
    assert "reply 1" in world.text("a.md")


def test_what_is_gone_for_good_is_forgotten(world: World) -> None:
    """A deleted note leaves nothing behind in the watcher."""
    world.save("a.md", DUE)
    world.let_pass(100)
    world.remove("a.md")
    world.let_pass(3600)
    world.save("a.md", DUE)
    world.let_pass(100)
    assert world.server.asked == ["What is tea?"]
    assert "reply" not in world.text("a.md")


def test_a_program_that_keeps_a_note_open_is_told_of_once(world: World) -> None:
    """A note that stays open for writing is not answered, and a person hears why."""
    world.open.add(world.path("a.md"))
    world.save("a.md", DUE)
    world.let_pass(8)
    assert not world.sentences(Kind.WAITING)
    world.let_pass(600)
    assert [item for item in world.sentences(Kind.WAITING) if "open for writing" in item] == [
        "another program has it open for writing: it is looked at when that is done"
    ]


def why(world: World, name: str) -> WhyNot:
    """What ``notelog why`` says while the watcher runs."""
    world.watcher.advance()
    place, now = world.place, world.clock.now()
    return why_not(world.looking, world.path(name), scope=Scope(), place=place, now=now)


def test_why_knows_what_the_watcher_knows(world: World) -> None:
    """A note that is asked, waits, is held, failed or was left alone at the start."""
    for number in range(4):
        world.save(f"{number}.md", chat(f"Question {number}?"))
    world.let_pass(2, answering=False)
    assert [why(world, f"{number}.md").because for number in range(4)] == [
        "asking",
        "asking",
        "asking",
        "waiting",
    ]
    world.place.until = world.clock.now() + 60
    world.let_pass(1)
    assert why(world, "3.md") == WhyNot(
        answered=False,
        because="held",
        sentence="it waits: paused by you; notelog resume goes on",
        hint="",
        watched=True,
    )
    world.server.faults += [ProviderUnavailableError("away")] * 40
    world.let_pass(65)
    assert why(world, "3.md").sentence == "away (3 attempts); it is tried again by itself"
    assert not why(world, "3.md").answered


def test_why_knows_what_the_server_refused(world: World) -> None:
    """Also where no watcher has told of it yet."""
    world.server.faults.append(ProviderRefusedError("no", status=400))
    world.save("a.md", DUE)
    world.let_pass(100)
    assert "no" in why(world, "a.md").sentence
    world.place.beats.clear()
    told = why_not(
        world.looking, world.path("a.md"), scope=Scope(), place=world.place, now=world.clock.now()
    )
    assert (told.answered, told.because) == (False, "refused")
    assert "refused this question before" in told.sentence
    assert "notelog retry" in told.hint


def test_why_knows_what_was_left_alone_at_the_start(world: World) -> None:
    """A note that was marked long ago is not answered, and why says so; once saved it is."""
    world.save("old.md", DUE, event=False)
    world.modified[world.path("old.md")] = world.clock.now() - 90_000
    auto = chat("And coffee?", tail="", head="notelog: auto")
    world.save("auto.md", auto, event=False)
    world.let_pass(1, answering=False)
    world.start()
    world.let_pass(10)
    assert why(world, "old.md").sentence.startswith("it was marked before the watcher started")
    assert why(world, "auto.md").sentence.startswith("it was not edited since the watcher started")
    world.save("old.md", DUE)
    world.save("auto.md", auto)
    assert why(world, "old.md").answered
    assert why(world, "auto.md").answered
    world.let_pass(10)
    assert why(world, "old.md").because == "answered"


@pytest.mark.parametrize("mark", ["- [x] send", "* [X] 发送", "；；", "1. [x] Send"])
def test_a_mark_in_a_note_that_is_no_chat_is_answered_by_a_line(world: World, mark: str) -> None:
    """Who ticks a box in a plain note hears that it is no chat, and how it becomes one."""
    world.save("plain.md", f"What is tea?\n\n{mark}\n".encode())
    world.save("todo.md", b"- [x] send the letter\n- [ ] send\n")
    world.let_pass(60)
    said = [item for item in world.told if item.kind is Kind.WAITING]
    assert [item.note for item in said] == ["plain.md"]
    assert "not a chat" in said[0].sentence
    assert "notelog: mark" in said[0].hint
    assert world.server.asked == []


@pytest.mark.parametrize("mark", ["- [x] send", ";;"])
def test_a_reply_goes_above_what_was_typed_below_the_mark(world: World, mark: str) -> None:
    """Who goes on typing while the reply comes finds it above, and the rest is a new message."""
    tail = f"\n{mark}\n"
    world.save("a.md", chat("What is tea?", tail=tail))
    world.server.meanwhile = lambda: world.save(
        "a.md", chat("What is tea?", tail=f"{tail}\nand coffee")
    )
    world.let_pass(100)
    text = world.text("a.md")
    assert text.index("What is tea?") < text.index("reply 1") < text.index("and coffee")
    assert world.server.asked == ["What is tea?"]
    world.server.meanwhile = lambda: None
    box = "\n- [x] send\n"
    world.save("a.md", text.replace("\n- [ ] send\n", "").rstrip().encode() + box.encode())
    world.let_pass(100)
    assert world.server.asked == ["What is tea?", "and coffee"]


def test_deliver_puts_a_kept_reply_above_what_was_typed_below_the_mark(world: World) -> None:
    """Also ``notelog deliver`` finds a question below whose mark its author typed on."""
    world.save("a.md", DUE)
    world.server.meanwhile = lambda: world.save("a.md", chat("Another?"))
    world.let_pass(100)
    assert "reply 1" not in world.text("a.md")
    world.save("a.md", chat("What is tea?", tail="\n- [x] send\n\nand coffee"), event=False)
    tools = Journaling(
        reading=world.looking.reading,
        config=Config(profiles={}),
        open_journal=world.looking.open_journal,
    )
    report = deliver_kept(tools, world.path("a.md"), at_end=False, number=None, told=str)
    assert len(report.delivered) == 1
    text = world.text("a.md")
    assert text.index("What is tea?") < text.index("reply 1") < text.index("and coffee")


@pytest.mark.parametrize("told", [True, False])
def test_a_message_changed_meanwhile_is_not_asked_by_a_restart(world: World, *, told: bool) -> None:
    """Nobody set its mark anew: the note says so, and ``why`` as well; a new mark asks."""
    changed = chat("What is coffee?")
    world.server.meanwhile = lambda: world.save("a.md", changed)
    world.save("a.md", DUE)
    world.let_pass(60 if told else 1.5)
    world.server.meanwhile = lambda: None
    assert ("> [!notelog] The note was changed" in world.text("a.md")) is told
    for _ in range(2):
        world.start()
        world.let_pass(600)
        assert len(world.server.asked) == 1
        assert world.text("a.md").count("> [!notelog] The note was changed") == 1
        assert "not asked again" in world.place.beats[-1].told["a.md"]
    text = world.text("a.md")
    world.save("a.md", text.replace("[x] send", "[ ] send").encode())
    world.let_pass(10)
    world.save("a.md", text.encode())
    world.let_pass(60)
    assert world.server.asked[1:] == ["What is coffee?"]
    world.save("a.md", world.text("a.md").encode() + chat("And mate?").partition(b"role::user")[2])
    world.start()
    world.let_pass(60)
    assert world.server.asked[2:] == ["And mate?"]


@pytest.mark.parametrize("others", [0, 9])
def test_a_message_changed_before_a_crash_is_not_asked_by_a_restart(
    world: World, others: int
) -> None:
    """A part of its reply had come: the note tells of that, and only the person's word asks."""

    def change_and_die() -> None:
        world.save("a.md", chat("What is coffee?"))
        raise KeyboardInterrupt

    world.server.parts, world.server.meanwhile = ["A leaf"], change_and_die
    world.save("a.md", DUE)
    world.let_pass(2, answering=False)
    with pytest.raises(KeyboardInterrupt):
        world.run_jobs()
    world.server.parts, world.server.meanwhile = (), lambda: None
    world.let_pass(100, answering=False)
    for number in range(others):
        world.save(f"later {number}.md", chat(f"Question {number}?"), event=False)
    for _ in range(2):
        world.start()
        world.let_pass(600)
        assert "What is coffee?" not in world.server.asked
        assert world.text("a.md").count("> [!notelog] The note was changed") == 1
    world.save("a.md", world.text("a.md").replace("- [ ] retry", "- [x] retry").encode())
    world.let_pass(60)
    assert world.server.asked.count("What is coffee?") == 1
    assert "> [!notelog]" not in world.text("a.md")
    world.start()
    world.let_pass(600)
    assert world.server.asked.count("What is coffee?") == 1


@pytest.mark.parametrize("billed", [True, False])
def test_a_kept_reply_waits_for_a_quiet_moment_only(*, billed: bool) -> None:
    """Every attempt to put it in is free, and counts as none of the requests for a note."""
    world = World(billed=billed)
    world.let_pass(5)
    store, typed = world.store, [""]
    below = f"\n{SEPARATOR}\n\nrole::user\n\n%% typed: %%\n"
    write = store.write

    def type_meanwhile(snapshot: Snapshot, plan: EditPlan) -> Snapshot:
        typed[0] += "a"
        store.put(snapshot.path, store.notes[snapshot.path].replace(b"typed:", b"typed:a"))
        return write(snapshot, plan)

    world.save("a.md", DUE + below.encode())
    store.write = type_meanwhile  # type: ignore[method-assign]
    for _ in range(9):
        world.let_pass(2)
        world.save("a.md", store.notes[world.path("a.md")])
    world.let_pass(2)
    assert len(typed[0]) > 5, "it was tried more often than a note may be asked for"
    store.write = write  # type: ignore[method-assign]
    world.let_pass(20)
    assert world.server.asked == ["What is tea?"]
    assert world.text("a.md").count("reply 1") == 1
    assert typed[0] in world.text("a.md")
    assert world.sentences(Kind.HELD) == []


def test_a_note_in_work_uses_up_no_attempt_to_put_a_reply_back(world: World) -> None:
    """Two stale saves while another process has the note, and two more: each is made good."""
    world.save("a.md", DUE)
    world.let_pass(10)
    answered = world.text("a.md")
    for _ in range(2):
        world.disk.owners[world.path("a.md")] = object()
        world.save("a.md", DUE)
        world.let_pass(20)
        assert world.text("a.md") == DUE.decode()
        world.disk.owners.clear()
        world.let_pass(60)
        assert world.text("a.md") == answered
    assert len(world.server.asked) == 1


def test_a_kept_reply_whose_note_is_in_work_is_tried_seldom(world: World) -> None:
    """Another process has the note: at most four times a minute, and at once when it changes."""
    world.server.meanwhile = lambda: world.save("a.md", chat("Another?"))
    world.save("a.md", DUE)
    world.let_pass(30)
    world.disk.owners[world.path("a.md")] = object()
    told = len(world.told)
    world.save("a.md", DUE)
    world.let_pass(60)
    assert 1 <= len(world.told) - told <= 4
    assert {item.sentence for item in world.told[told:]} == {IN_WORK}
    world.let_pass(600)
    assert len(world.told) - told <= 7
    assert world.text("a.md") == DUE.decode()
    world.disk.owners.clear()
    world.save("a.md", DUE + b"\n")
    world.let_pass(2)
    assert "reply 1" in world.text("a.md")
    assert len(world.server.asked) == 1


def test_a_reply_that_a_save_took_up_is_not_called_kept(world: World) -> None:
    """It was written, and read back in the middle of a save that had taken it up."""
    store, held = world.store, list[bytes]()
    write = store.write

    def saved_meanwhile(snapshot: Snapshot, plan: EditPlan) -> Snapshot:
        held.append(write(snapshot, plan).data)
        store.put(snapshot.path, b"")
        raise ConflictError("what is there now is not what was written; the reply is kept")

    store.write = saved_meanwhile  # type: ignore[method-assign]
    world.save("a.md", DUE)
    world.let_pass(2)
    store.write = write  # type: ignore[method-assign]
    world.save("a.md", held[0])
    world.let_pass(60)
    (record,) = world.disk.records.values()
    assert record.state is TurnState.DELIVERED
    assert world.text("a.md") == held[0].decode()
    assert len(world.sentences(Kind.ANSWERED)) == 1
    assert world.watcher.counts.answered == 1
    assert "its reply is kept" not in world.sentences()


def test_a_chat_that_is_saved_in_another_encoding_is_told_of(world: World) -> None:
    """A Windows editor makes UTF-16 of a ticked note: nothing is asked, and it says why."""
    world.save("a.md", DUE.replace(b"[x]", b"[ ]"))
    world.let_pass(5)
    world.save("a.md", DUE.decode().encode("utf-16"))
    world.let_pass(5)
    assert any("not UTF-8" in sentence for sentence in world.sentences(Kind.WAITING))
    assert world.server.asked == []


def put_at_end(world: World) -> None:
    """What ``notelog deliver --at-end`` does."""
    tools = Journaling(
        reading=world.looking.reading,
        config=Config(profiles={}),
        open_journal=world.looking.open_journal,
    )
    path = world.path("a.md")
    deliver_kept(tools, path, at_end=True, number=None, told=lambda _at: "today")
    world.save("a.md", world.store.notes[path])


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("running", [False, True])
def test_a_reply_put_at_the_end_lets_no_restart_ask_what_was_changed(
    world: World, *, running: bool, old: bool
) -> None:
    """Its mark was set for another text: only a new one asks, as the watcher and ``why`` say."""
    world.server.meanwhile = lambda: world.save("a.md", chat("What is coffee?"))
    world.save("a.md", DUE)
    world.let_pass(60)
    world.server.meanwhile = lambda: None
    put_at_end(world)
    if running:
        world.let_pass(60)
        assert "set the mark anew" in why(world, "a.md").sentence
        assert "--at-end" not in why(world, "a.md").sentence
    for _ in range(2):
        world.modified[world.path("a.md")] -= 90_000 * old
        world.told.clear()
        world.start()
        world.let_pass(600)
        assert world.server.asked == ["What is tea?"]
        assert "set the mark anew" in why(world, "a.md").sentence
        assert "--at-end" not in why(world, "a.md").sentence
        assert "0 marked to be sent" in world.sentences(Kind.START)[0]
    world.place.is_watched = lambda: False  # type: ignore[method-assign]
    assert "set the mark anew" in why(world, "a.md").hint
    text = world.text("a.md")
    world.save("a.md", text.replace("[x] send", "[ ] send").encode())
    world.let_pass(10)
    world.save("a.md", text.encode())
    world.let_pass(60)
    assert world.server.asked == ["What is tea?", "What is coffee?"]


@pytest.mark.parametrize("below", ["And mate?\n\n- [x] send\n", ";;\n"])
def test_a_mark_below_a_reply_put_at_the_end_is_a_new_one(world: World, below: str) -> None:
    """It was set after the reply was put there, also while no watcher ran."""
    world.server.meanwhile = lambda: world.save("a.md", chat("What is coffee?"))
    world.save("a.md", DUE)
    world.let_pass(60)
    world.server.meanwhile = lambda: None
    put_at_end(world)
    world.save("a.md", world.text("a.md").encode() + f"\n{below}".encode(), event=False)
    world.start()
    world.let_pass(60)
    assert len(world.server.asked) == 2


def test_where_nothing_marks_a_changed_message_a_mark_is_asked_for(world: World) -> None:
    """In ``auto`` mode there is none that could be set anew; one that is set now asks."""
    auto = {"tail": "", "head": "notelog: auto"}
    world.server.meanwhile = lambda: world.save("a.md", chat("What is coffee?", **auto))
    world.save("a.md", chat("What is tea?", **auto))
    world.let_pass(100)
    world.server.meanwhile = lambda: None
    world.save("a.md", world.text("a.md").replace("coffee?", "coffee??").encode())
    world.let_pass(100)
    assert len(world.server.asked) == 1
    assert "anew" not in why(world, "a.md").sentence
    assert "to ask what stands there now: tick" in why(world, "a.md").sentence
    world.save("a.md", chat("What is coffee??", head="notelog: auto"))
    world.let_pass(100)
    assert world.server.asked == ["What is tea?", "What is coffee??"]


def test_a_mark_asks_what_was_changed_where_nothing_marks_also_after_a_restart(
    world: World,
) -> None:
    """The watcher that says so keeps its word."""
    auto = {"tail": "", "head": "notelog: auto"}
    world.server.meanwhile = lambda: world.save("a.md", chat("What is coffee?", **auto))
    world.save("a.md", chat("What is tea?", **auto))
    world.let_pass(100)
    world.server.meanwhile = lambda: None
    world.start()
    world.let_pass(100)
    world.save("a.md", chat("What is coffee??", **auto))
    world.let_pass(100)
    assert "to ask what stands there now: tick" in why(world, "a.md").sentence
    world.save("a.md", chat("What is coffee??", head="notelog: auto"))
    world.let_pass(100)
    assert world.server.asked == ["What is tea?", "What is coffee??"]


def test_a_note_that_is_no_text_any_more_says_that_its_reply_is_kept(world: World) -> None:
    """Some program saved it as UTF-16 meanwhile; saved as it was, it gets the reply."""
    world.server.meanwhile = lambda: world.save("a.md", DUE.decode().encode("utf-16"))
    world.save("a.md", DUE)
    world.let_pass(60)
    (told,) = [item for item in world.told if item.kind is Kind.FAILED]
    assert "not UTF-8" in told.sentence
    assert "the reply is kept" in told.sentence
    assert told.hint.startswith("save the note as UTF-8")
    world.save("a.md", DUE)
    world.let_pass(60)
    assert "reply 1" in world.text("a.md")
    assert world.server.asked == ["What is tea?"]


def test_a_note_says_that_its_reply_was_saved_over_again_and_again(world: World) -> None:
    """Once nobody types there; what puts the reply back, or a tick that asks, takes that out."""
    world.save("a.md", DUE)
    for _ in range(3):
        world.let_pass(20)
        assert "reply 1" in world.text("a.md")
        world.save("a.md", DUE)
    world.let_pass(4)
    assert world.text("a.md") == DUE.decode(), "somebody may type there"
    world.let_pass(100)
    assert "notelog deliver NOTE puts the reply back" in why(world, "a.md").hint
    assert [item for item in world.sentences() if "asked before" in item] == []
    for _ in range(2):
        world.let_pass(1000)
        assert world.text("a.md").count("> [!notelog] The answer to this message was in") == 1
        world.start()
    before = world.text("a.md")
    put_at_end(world)
    assert "reply 1" in world.text("a.md")
    assert "> [!notelog]" not in world.text("a.md")
    world.let_pass(100)
    world.save("a.md", before.replace("[ ] retry", "[x] retry").encode())
    world.let_pass(100)
    assert world.server.asked == ["What is tea?"] * 2
    assert "reply 2" in world.text("a.md")
    assert "older text" not in world.text("a.md")


def test_a_reply_that_came_back_by_itself_is_not_said_to_be_missing(world: World) -> None:
    """Who put it back saved what stands in the note: there is nothing to tell."""
    world.save("a.md", DUE)
    for _ in range(3):
        world.let_pass(20)
        answered = world.text("a.md")
        world.save("a.md", DUE)
    world.let_pass(4)
    world.told.clear()
    world.save("a.md", answered.encode())
    world.let_pass(100)
    assert world.text("a.md") == answered
    assert world.told == []
    assert world.watcher.notes._states == {}
