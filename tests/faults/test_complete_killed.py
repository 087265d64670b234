"""``notelog complete``, killed at times that nobody chose: not at calls, as the matrix does.

Each round has times of its own; a failure names its own, in seconds after the start.
"""

import random
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest
from ordeal import ABOVE, APPENDED, FIRST, FULL, SECOND, Ordeal
from scripted_server import Script, reply_events, response

ROUNDS = 320 if FULL else 10
PACE_S = 0.02

pytestmark = pytest.mark.timeout(7200 if FULL else 300)


def paced(text: str) -> Script:
    """A reply whose words take their time, so that a kill can come between them."""
    for step in response(*reply_events(text)):
        yield step
        Event().wait(PACE_S)


def undisturbed_s(folder: Path) -> float:
    """How long a whole run takes now, in seconds."""
    with Ordeal(folder, scripts=(paced(FIRST),)) as ordeal:
        started = time.monotonic()
        assert ordeal.complete().code == 0
        return time.monotonic() - started


@pytest.mark.parametrize("note", [APPENDED, ABOVE], ids=["append", "exchange"])
def test_killed_at_any_time(
    tmp_path: Path, note: bytes, record_property: Callable[[str, object], None]
) -> None:
    """The person's text is whole, the reply is there once in the end, and is paid for once."""
    longest_s = undisturbed_s(tmp_path / "measured")
    lost: list[str] = []
    for number in range(ROUNDS // 2):
        with Ordeal(tmp_path / str(number), note, (paced(FIRST), paced(SECOND))) as ordeal:
            after_s = random.uniform(0.2, 1.1) * longest_s
            process = ordeal.program.start("complete", ordeal.note)
            Event().wait(after_s)
            process.kill()
            process.communicate(timeout=60)
            lost += [f"killed after {after_s:.3f} s: {it}" for it in ordeal.problems_after_kill()]
    record_property("points", ROUNDS // 2)
    record_property("lost", len(lost))
    assert not lost, "\n".join(lost)
