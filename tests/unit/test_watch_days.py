"""A watcher for days: nights in suspense, clocks that are set, and nothing that grows."""

import pytest
from ordeal import FULL
from watch_world import World, chat, with_settings

DAYS = 30 if FULL else 1
HOUR_S = 3600.0
ASK_EVERY_S = 600.0
CLOCK_SET_S = {9: -HOUR_S, 11: 2 * HOUR_S, 15: -90.0, 17: 30.0}
"""By the hour of the day: how the wall clock is corrected."""

pytestmark = pytest.mark.timeout(900)


def test_days_of_questions_nights_and_clocks_that_are_set() -> None:
    """Each question is asked once and soon; the heartbeat never stops; nothing piles up."""
    world = World(with_settings(asks_per_hour=10))
    questions: list[str] = []
    for hour in range(24 * DAYS):
        if hour % 24 >= 22:  # it sleeps: only the wall clock goes on, and tells of four hours each
            world.clock.ahead_s += 4 * HOUR_S
            continue
        world.clock.ahead_s += CLOCK_SET_S.get(hour % 24, 0.0)
        for _ in range(int(HOUR_S / ASK_EVERY_S)):
            questions.append(f"question {len(questions)}")
            name = f"{len(questions) % 40}.md"
            world.save(name, chat(questions[-1]), event=len(questions) % 7 > 0)
            world.let_pass(ASK_EVERY_S)
            assert world.server.asked == questions
            assert f"\nreply {len(questions)}\n" in world.text(name)
            assert world.clock.now() - world.place.beats[-1].beat_at <= 20
    assert len(world.told) <= len(questions) + 10
    watcher = world.watcher
    assert (len(watcher.notes), len(watcher.notes.telling)) <= (5, 5)
    assert len(watcher.asks._answered) <= 5


def test_a_clock_that_was_set_back_holds_nothing_for_longer_than_an_hour() -> None:
    """Requests that the journal dates after now count as made just now, after a start."""
    world = World(with_settings(asks_per_hour=2))
    for number in range(2):
        world.save(f"{number}.md", chat(f"question {number}"))
    world.let_pass(10)
    world.clock.ahead_s -= 8 * HOUR_S
    world.start()
    world.save("2.md", chat("question 2"))
    world.let_pass(10)
    assert len(world.server.asked) == 2
    world.let_pass(HOUR_S)
    assert world.server.asked[2:] == ["question 2"]
