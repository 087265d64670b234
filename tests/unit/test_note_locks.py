"""Who asks whether a lock is held is in nobody's way."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from notelog.adapters.note_locks import NoteLocks
from notelog.adapters.watch_place import WatchFolder

TIMES = 100


@contextmanager
def asked_all_the_time(*questions: Callable[[], bool]) -> Generator[list[bool]]:
    """Asks each in a thread of its own; the answers, when that is over."""
    over, answers = threading.Event(), list[bool]()

    def ask(question: Callable[[], bool]) -> None:
        while not over.is_set():
            answers.append(question())

    threads = [threading.Thread(target=ask, args=(question,)) for question in questions]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_a_watcher_starts_while_it_is_asked_whether_one_runs(tmp_path: Path) -> None:
    """No start is refused for it, and each is seen."""
    places = [WatchFolder(str(tmp_path), "/vault") for _ in range(4)]
    for place in places:
        place.make()
    asking = [place.is_watched for place in places[1:]]
    with asked_all_the_time(*asking) as answers:
        for _ in range(TIMES):
            release = places[0].lock()
            assert asking[0]()
            release()
    assert not asking[0]()
    assert len(answers) > TIMES


def test_a_command_starts_while_it_is_asked_whether_one_works(tmp_path: Path) -> None:
    """The same for the notes of a journal, and who holds one is not in other hands for it."""
    locks = [NoteLocks(str(tmp_path)) for _ in range(4)]
    asking = [lambda other=other: other.in_other_hands("/v/n.md") for other in locks[1:]]
    with asked_all_the_time(*asking):
        for _ in range(TIMES):
            assert locks[0].take("/v/n.md")
            assert asking[0]()
            assert not locks[0].in_other_hands("/v/n.md")
            locks[0].give_back("/v/n.md")
    assert not asking[0]()
    assert list(tmp_path.iterdir()) == []
