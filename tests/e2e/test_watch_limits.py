"""A watcher where the system's limits on events are too small: a user namespace has its own."""

from pathlib import Path

import pytest
from program import Program
from scripted_server import ScriptedServer, reply
from watch_run import QUICK, UNTICKED, WatchRun

FOLDERS = 20
_SCRIPT = 'echo {} > /proc/sys/user/max_inotify_{} && exec "$@"'

pytestmark = pytest.mark.usefixtures("unshare")


@pytest.mark.parametrize(
    ("limit", "most", "why"),
    [
        ("watches", 8, "of 22 folders give no events"),
        ("watches", 1, "inotify watch limit reached"),
        ("instances", 0, "inotify instance limit reached"),
    ],
)
def test_a_limit_of_the_system(
    program: Program, vault: Path, limit: str, most: int, why: str
) -> None:
    """The setting to raise is named, and what no event tells of is found by looking."""
    script = _SCRIPT.format(most, limit)
    limited = Program(program.home, within=["unshare", "-Ur", "sh", "-c", script, "sh"])
    for number in range(FOLDERS):
        (vault / "Chats" / str(number)).mkdir(parents=True)
    with ScriptedServer([reply(f"reply {number}") for number in range(FOLDERS)]) as server:
        limited.serve(server.base_url, profile=QUICK)
        with WatchRun(limited, vault) as watch:
            (told,) = [line for line in watch.seen if why in str(line["message"])]
            assert told["kind"] == "warning"
            assert f"sudo sysctl fs.inotify.max_user_{limit}=" in str(told["hint"])
            for number in range(0, FOLDERS, 7):
                note = vault / "Chats" / str(number) / "tea.md"
                note.write_bytes(UNTICKED.replace("[ ]", "[x]").format(number).encode())
                watch.wait_for("answered", f"Chats/{number}/tea.md")
            assert program.run("pause", "2h").code == 0
            (vault / "last.md").write_bytes(UNTICKED.replace("[ ]", "[x]").encode())
            watch.wait_for("held", words="paused by you")
            assert program.run("resume").code == 0
            watch.wait_for("answered", "last.md")
            assert watch.stop() == 0
    assert len(server.requests) == len(range(0, FOLDERS, 7)) + 1
