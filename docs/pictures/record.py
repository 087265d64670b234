"""Records the terminal session of the README: the real program, vault and model, in tmux.

``make picture`` runs it; it needs tmux and the installed demonstration model. The upper half of
the picture is the watcher, the lower half a shell in which somebody ticks the box of a note.
"""

import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console, Group
from rich.panel import Panel
from rich.text import Text

HERE = Path(__file__).resolve().parent
SAMPLE = HERE.parents[1] / "sample_vault"
SCRATCH = Path(tempfile.gettempdir(), "notelog-picture")
PICTURE = HERE / "watch.svg"
COLUMNS, WATCH_ROWS, SHELL_ROWS = 88, 14, 26
PATIENCE_S = 120.0
TMUX = ("tmux", "-L", "notelog-picture", "-f", "/dev/null")
# The picture must look alike without the network, so it names the reader's own fonts only.
FONTS_FROM_AFAR = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def main() -> int:
    """Plays the session and writes the picture."""
    shutil.rmtree(SCRATCH, ignore_errors=True)
    vault = SCRATCH / "vault"
    make_vault(vault)
    configure(SCRATCH / "config")
    with session(vault):
        for pane in (WATCH, SHELL):
            play(pane, "PS1='$ '; clear", until=r"^\$$")
        play(WATCH, "notelog watch .", until="for none")  # asked at the very first start only
        play(WATCH, "", until="tick it to send")
        tmux("send-keys", "-t", WATCH, "C-c")
        wait_for(WATCH, r"stopping: .*\n\$$")
        play(WATCH, "clear", until=r"\A\$$")
        play(WATCH, "notelog watch .", until="tick it to send")
        play(SHELL, f"cat {NOTE}", until=r"- \[ \] send")
        play(SHELL, rf"sed -i 's/- \[ \]/- [x]/' {NOTE}", until="sed")
        wait_for(WATCH, r"answered \(")
        play(SHELL, f"tail -n +7 {NOTE}", until="role::user")
        write_picture(screen(WATCH), screen(SHELL))
    print(PICTURE)
    return 0


NOTE = "Sea.md"
QUESTION = "---\nnotelog: mark\n---\n\nWrite one short sentence about the sea."
WATCH, SHELL = "watch.0", "watch.1"


def make_vault(vault: Path) -> None:
    """A vault with a chat in Chinese, a note that is none, and a question that is not ticked."""
    for note in ("对话/数学归纳法.md", "笔记/读书计划.md"):
        (vault / note).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(SAMPLE / note, vault / note)
    (vault / NOTE).write_bytes(f"{QUESTION}\n\n- [ ] send\n".encode())


def configure(folder: Path) -> None:
    """The local model, asked for a short reply."""
    folder.mkdir(parents=True)
    text = 'default_profile = "local"\n[defaults]\ntemperature = 0\n'
    (folder / "config.toml").write_bytes(text.encode())


@contextmanager
def session(vault: Path) -> Iterator[None]:
    """Two terminals, one above the other, in the vault."""
    own = {
        "NOTELOG_CONFIG_DIR": str(SCRATCH / "config"),
        "NOTELOG_STATE_DIR": str(SCRATCH / "state"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "LANG": "C.UTF-8",
        "COLORTERM": "truecolor",
    }
    environment = {**os.environ, **own}
    shell = shlex.join(["bash", "--norc", "--noprofile"])
    rows = WATCH_ROWS + SHELL_ROWS + 1
    size, place = ("-x", str(COLUMNS), "-y", str(rows)), ("-c", str(vault), shell)
    tmux("new-session", "-d", "-s", "watch", *size, *place, environment=environment)
    try:
        tmux("split-window", "-v", "-l", str(SHELL_ROWS), "-t", "watch", *place)
        yield
    finally:
        tmux("kill-session", "-t", "watch")


def tmux(*words: str, environment: dict[str, str] | None = None) -> str:
    """Tells tmux something, and gives its answer."""
    done = subprocess.run([*TMUX, *words], check=True, capture_output=True, env=environment)
    return done.stdout.decode()


def play(pane: str, command: str, *, until: str) -> None:
    """Types a command and waits until the terminal shows a pattern."""
    tmux("send-keys", "-t", pane, "-l", command)
    tmux("send-keys", "-t", pane, "Enter")
    wait_for(pane, until)


def wait_for(pane: str, pattern: str) -> None:
    """Waits until a terminal shows a pattern."""
    deadline = time.monotonic() + PATIENCE_S
    while not re.search(pattern, screen(pane, colours=False), re.MULTILINE):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{pattern!r} was never seen in:\n{screen(pane, colours=False)}")
        time.sleep(0.2)


def screen(pane: str, *, colours: bool = True) -> str:
    """What a terminal shows now, the folder of the recording shortened."""
    shown = tmux("capture-pane", "-p", *(["-e"] if colours else []), "-t", pane)
    return shown.replace(str(SCRATCH), "~")


def write_picture(*screens: str) -> None:
    """Draws terminals one below the other."""
    console = Console(record=True, width=COLUMNS + 4, file=io.StringIO())
    panels = [
        Panel(Text.from_ansi(text.rstrip()), title=title, title_align="left", border_style="dim")
        for title, text in zip(("a terminal", "another terminal"), screens, strict=True)
    ]
    console.print(Group(*panels))
    svg = console.export_svg(title="notelog watch", unique_id="notelog")
    PICTURE.write_bytes(FONTS_FROM_AFAR.sub("", svg).encode())


if __name__ == "__main__":
    sys.exit(main())
