"""The writer's process is killed before and after every call that touches the note's folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from notelog.adapters.exchange import sweep_leftovers

ABOVE = b"question\nfooter\n"
ANSWERED = b"question\nanswer\nfooter\n"
CASES = {
    "append": (ABOVE, ABOVE + b"answer\n"),
    "exchange": (ABOVE, ANSWERED),
    "withdraw": (ANSWERED, ABOVE),
}

CHILD = """
import os, signal, sys
from pathlib import Path
from notelog.adapters import appending, exchange
from notelog.adapters.files import NoteFiles
from notelog.core.edit import EditPlan, Insertion, Withdrawal

style, path, nth = sys.argv[1], sys.argv[2], int(sys.argv[3])
store = NoteFiles()
snapshot = store.read(path)
offset = len(snapshot.data) if style == "append" else 9
insertion = Insertion(offset=offset, data=b"answer\\n")
withdrawal = Withdrawal(offset=offset, data=b"answer\\n", record_id=1)
plan = EditPlan(fingerprint=snapshot.fingerprint, size=len(snapshot.data),
                insertions=() if style == "withdraw" else (insertion,),
                withdrawals=(withdrawal,) if style == "withdraw" else ())
count = 0

def deadly(true_call):
    def call(*arguments, **options):
        global count
        count += 1
        if count == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        result = true_call(*arguments, **options)
        count += 1
        if count == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return call

for name in ("write", "fsync", "fchmod", "open", "close", "ftruncate", "fchown", "setxattr"):
    setattr(os, name, deadly(getattr(os, name)))
for name in ("rename", "unlink"):
    setattr(Path, name, deadly(getattr(Path, name)))
exchange._exchange = deadly(exchange._exchange)
store.write(snapshot, plan)
"""


@pytest.mark.parametrize("style", CASES)
def test_killed_around_every_call(tmp_path: Path, style: str) -> None:
    """The note is the old one or the new one, whole, and the next process clears the rest away."""
    old, new = CASES[style]
    outcomes: list[bytes] = []
    for nth in range(1, 100):
        folder = tmp_path / str(nth)
        folder.mkdir()
        note = folder / "a.md"
        note.write_bytes(old)
        command = [sys.executable, "-c", CHILD, style, str(note), str(nth)]
        ended = subprocess.run(command, check=False, timeout=60).returncode
        outcomes.append(note.read_bytes())
        sweep_leftovers(str(note), lambda _seconds: None)
        assert note.read_bytes() == outcomes[-1]
        assert os.listdir(folder) == ["a.md"]  # noqa: PTH208  # hidden files too
        if ended == 0:
            break
    assert outcomes[-1] == new
    assert len(outcomes) > 8
    turn = outcomes.index(new)
    assert set(outcomes[:turn]) == {old}
    assert set(outcomes[turn:]) == {new}
