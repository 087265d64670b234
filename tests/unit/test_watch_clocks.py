"""The watcher while clocks are set, and while the machine sleeps."""

import time

import pytest
from watch_world import World, chat, with_settings

from notelog.adapters.system_clock import SystemClock
from notelog.errors import ProviderUnavailableError
from notelog.ports.watch_view import Kind
from notelog.ports.watching import Hint

DUE = chat("What is tea?")
HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
JUMPS_S = (-DAY_S, -HOUR_S, -3.0, 3.0, HOUR_S, DAY_S)


@pytest.fixture
def world() -> World:
    """A watched vault that is empty, at a time of some years."""
    world = World()
    world.clock.ahead_s = 1e9
    world.start()
    world.let_pass(5)
    return world


def sleep_through(world: World, seconds: float) -> None:
    """The machine sleeps; the watcher's clock and the wall clock go on."""
    world.clock.at += seconds


def test_the_seconds_of_sleep_count_for_the_watcher(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its clock is the system's that goes on in sleep; whoever waits for a server has the other."""
    monkeypatch.setattr(time, "clock_gettime", lambda clock: 7e9 + clock)
    slept = SystemClock(sleep_counts=True).monotonic()
    assert slept in {7e9 + time.CLOCK_BOOTTIME, 7e9 + time.CLOCK_MONOTONIC}
    assert SystemClock().monotonic() < 7e9


def test_a_reply_taken_out_in_the_morning_stays_out(world: World) -> None:
    """It came at night, and the lid was closed at once: ten minutes have passed all the same."""
    world.save("a.md", DUE)
    world.let_pass(10)
    sleep_through(world, 8 * HOUR_S)
    world.save("a.md", DUE)
    world.let_pass(700)
    assert world.server.asked == ["What is tea?"]
    assert world.text("a.md") == DUE.decode()


def test_what_is_tried_again_after_a_night_is_no_burst(world: World) -> None:
    """All that failed in the evening is due at once when the machine wakes up."""
    world.server.faults += [ProviderUnavailableError("away")] * 1000
    for number in range(25):
        world.save(f"{number}.md", chat(f"question {number}"))
        world.let_pass(15)
    sleep_through(world, 8 * HOUR_S)
    world.server.faults.clear()
    world.server.asked.clear()
    world.let_pass(60)
    assert len(world.server.asked) == 25
    assert world.sentences(Kind.HELD) == []


@pytest.mark.parametrize("jump_s", JUMPS_S)
def test_a_clock_that_is_set_while_a_note_settles(world: World, jump_s: float) -> None:
    """It is asked within seconds, once."""
    world.save("a.md", DUE)
    world.let_pass(0.5)
    world.clock.ahead_s += jump_s
    world.let_pass(5)
    assert world.server.asked == ["What is tea?"]
    world.let_pass(2 * HOUR_S)
    assert len(world.server.asked) == 1
    assert "reply 1" in world.text("a.md")


@pytest.mark.parametrize("jump_s", JUMPS_S)
def test_a_clock_that_is_set_while_a_question_without_a_mark_settles(
    world: World, jump_s: float
) -> None:
    """The same where nothing marks it; no half sentence is sent early."""
    world.save("a.md", chat("What is", tail="", head="notelog: auto"))
    world.let_pass(5)
    world.clock.ahead_s += jump_s
    world.save("a.md", chat("What is tea?", tail="", head="notelog: auto"))
    world.let_pass(7.5)
    assert world.server.asked == []
    world.let_pass(5)
    assert world.server.asked == ["What is tea?"]


@pytest.mark.parametrize("jump_s", JUMPS_S)
def test_a_clock_that_is_set_after_a_reply(world: World, jump_s: float) -> None:
    """A stale save is put right within ten minutes, and what is taken out later stays out."""
    world.save("a.md", DUE)
    world.let_pass(10)
    world.clock.ahead_s += jump_s
    world.save("a.md", DUE)
    world.let_pass(20)
    assert "reply 1" in world.text("a.md")
    world.let_pass(700)
    world.save("a.md", DUE)
    world.let_pass(700)
    assert world.text("a.md") == DUE.decode()
    assert world.server.asked == ["What is tea?"]


@pytest.mark.parametrize("jump_s", JUMPS_S)
def test_a_clock_that_is_set_while_a_synced_note_waits(world: World, jump_s: float) -> None:
    """It waits its 20 to 50 seconds, by the clock that is not set."""
    world.save("a.md", DUE, by_sync=True)
    world.let_pass(10)
    world.clock.ahead_s += jump_s
    world.let_pass(9)
    assert world.server.asked == []
    world.let_pass(35)
    assert world.server.asked == ["What is tea?"]


@pytest.mark.parametrize("jump_s", JUMPS_S)
def test_a_clock_that_is_set_while_a_server_is_away(world: World, jump_s: float) -> None:
    """What is tried again in 15 s is so."""
    world.server.faults += [ProviderUnavailableError("away")] * 3
    world.save("a.md", DUE)
    world.let_pass(3)
    world.clock.ahead_s += jump_s
    world.let_pass(30)
    assert "reply" in world.text("a.md")


@pytest.mark.parametrize(("jump_s", "asked"), [(-HOUR_S, 0), (HOUR_S, 0), (DAY_S, 1)])
def test_a_pause_ends_by_the_calendar(world: World, jump_s: float, asked: int) -> None:
    """Two hours are over when the wall clock says so, and no earlier: within half a minute."""
    world.place.until = world.clock.now() + 2 * HOUR_S
    world.save("a.md", DUE)
    world.let_pass(10)
    world.clock.ahead_s += jump_s
    world.let_pass(35)
    assert len(world.server.asked) == asked
    world.let_pass(3 * HOUR_S)
    assert len(world.server.asked) == 1


@pytest.mark.parametrize("jump_s", JUMPS_S)
def test_a_clock_that_is_set_makes_no_old_note_new(world: World, jump_s: float) -> None:
    """Neither a scan nor an event of an old note asks what was left alone at the start."""
    world.save("old.md", DUE, event=False)
    world.modified[world.path("old.md")] -= 2 * DAY_S
    world.start()
    world.let_pass(10)
    world.clock.ahead_s += jump_s
    world.link("old.md")
    world.let_pass(400)
    world.hint(Hint(path=world.path("old.md")))
    world.let_pass(400)
    assert world.server.asked == []
    world.save("new.md", chat("And coffee?"))
    world.let_pass(10)
    assert world.server.asked == ["And coffee?"]


def test_the_hour_of_the_cap_is_one_of_time_that_passed(world: World) -> None:
    """Setting the wall clock neither gives new requests nor takes any; a night does."""
    world = World(with_settings(asks_per_hour=2))
    world.let_pass(5)
    for number in range(3):
        world.save(f"{number}.md", chat(f"question {number}"))
    world.let_pass(10)
    for jump_s in JUMPS_S:
        world.clock.ahead_s += jump_s
        world.let_pass(60)
    assert len(world.server.asked) == 2
    sleep_through(world, 8 * HOUR_S)
    world.let_pass(35)
    assert len(world.server.asked) == 3
