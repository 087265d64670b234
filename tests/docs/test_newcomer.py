"""The way of a newcomer, from nothing to a reply on the phone, as ``docs/how-to.md`` shows it.

Every command of the page runs as it stands there, in a home that has nothing. Played are only what
is not the project's: uv, which links the installed program, the user's systemd, which starts what
its unit names, and the sync of the phone, which saves as Syncthing does.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from doc_blocks import ROOT, Block, blocks_of, read_page
from doc_session import examples_of
from program import Program
from watch_run import synced

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the service is systemd's here")

HOW_TO = ROOT / "docs" / "how-to.md"
HEADING = "## From nothing to a reply on your phone"
CHINESE = ROOT / "README.zh.md"
CHINESE_HEADING = "### 在手机上用：五条命令"
MOST_COMMANDS = 5
LONGEST_WAIT_S = 100.0

UV = """#!/bin/sh
[ "$1 $2" = "tool install" ] && [ "$3" = "./notelog[local]" ] || exit 2
grep -q '^local = ' notelog/pyproject.toml || exit 3
ln -s {notelog} "$HOME/bin/notelog"
"""

SYSTEMCTL = """#!{python} -I
import os, pathlib, shlex, signal, subprocess, sys
home = pathlib.Path(os.environ["HOME"])
number = home / "service.pid"
words = sys.argv[1:]
if {{"restart", "start"}} & set(words):
    unit = (home / ".config/systemd/user" / words[-1]).read_text()
    settings = [line.partition("=")[::2] for line in unit.split("\\n")]
    told = [value for name, value in settings if name == "Environment"]
    chosen = dict(word.partition("=")[::2] for line in told for word in shlex.split(line))
    (command,) = (value for name, value in settings if name == "ExecStart")
    with (home / "service.log").open("wb") as log:
        run = subprocess.Popen(
            shlex.split(command), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            env={{"HOME": str(home), "PATH": os.defpath, **chosen}}, start_new_session=True,
        )
    number.write_text(str(run.pid))
elif {{"stop", "disable"}} & set(words) and number.exists():
    os.kill(int(number.read_text()), signal.SIGTERM)
"""


def newcomers_block(page: Path = HOW_TO, heading: str = HEADING) -> Block:
    """The first console block below the heading."""
    start = read_page(page).split("\n").index(heading)
    return next(
        block for block in blocks_of(page) if block.line > start and block.language == "console"
    )


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home with a clone of the repository, a vault, and the programs that are played."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "Notes" / ".obsidian").mkdir(parents=True)
    (tmp_path / "notelog").symlink_to(ROOT)
    notelog = Path(sys.executable).with_name("notelog")
    programs = {
        "uv": UV.format(notelog=notelog),
        "systemctl": SYSTEMCTL.format(python=sys.executable),
        "systemd-run": "#!/bin/sh\nexit 1\n",
    }
    for name, text in programs.items():
        (tmp_path / "bin" / name).write_bytes(text.encode())
        (tmp_path / "bin" / name).chmod(0o755)
    yield tmp_path
    with suppress(FileNotFoundError, ProcessLookupError):
        os.kill(int((tmp_path / "service.pid").read_bytes()), signal.SIGKILL)


def run_all(home: Path, environment: dict[str, str]) -> str:
    """Runs the commands of the page in a shell, one after the other; gives what they print."""
    printed = ""
    for example in examples_of(newcomers_block()):
        done = subprocess.run(
            ["sh", "-c", example.command], cwd=home, env=environment, timeout=LONGEST_WAIT_S,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        printed += done.stdout.decode()
        assert done.returncode == 0, f"{example.command}:\n{printed}"
        if example.command.startswith("notelog init"):
            be_quick(home)
    return printed


def be_quick(home: Path) -> None:
    """Takes the waits out of the newcomer's configuration, and most of the words of the reply."""
    config = home / ".config" / "notelog" / "config.toml"
    text = config.read_bytes().decode()
    text = text.replace("#sync_wait_s = 20.0", "sync_wait_s = 0.1")
    text = text.replace("#sync_spread_s = 30.0", "sync_spread_s = 0")
    config.write_bytes(text.replace("[defaults]\n", "[defaults]\nmax_tokens = 12\n", 1).encode())


def test_the_way_is_the_same_in_chinese() -> None:
    """The commands of the Chinese page are those that run here."""
    assert newcomers_block(CHINESE, CHINESE_HEADING).text == newcomers_block().text


@pytest.mark.timeout(300)
def test_a_newcomer_gets_a_reply_on_the_phone(home: Path, models_folder: Path) -> None:
    """The page's commands, five at most, set all up; a box ticked on the phone is answered."""
    environment = Program(home, {"NOTELOG_CACHE_DIR": str(models_folder.parent)}).environment
    del environment["NOTELOG_CONFIG_DIR"], environment["NOTELOG_STATE_DIR"]
    environment["PATH"] = f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}"
    assert len(list(examples_of(newcomers_block()))) <= MOST_COMMANDS
    printed = run_all(home, environment)
    note = home / "Notes" / "Tea.md"
    text = note.read_bytes()
    assert b"- [ ] send" in text, printed
    await_words(home, "service.log", b"tick it to send")
    synced(note, text.replace(b"- [ ] send", b"- [x] send"))
    await_words(home, "Notes/Tea.md", b"role::assistant")
    assert note.read_bytes().startswith(text.replace(b"- [ ] send", b"- [x] send"))
    command = f"notelog service uninstall {home / 'Notes'}"
    subprocess.run(["sh", "-c", command], env=environment, timeout=LONGEST_WAIT_S, check=True)


def await_words(home: Path, name: str, words: bytes) -> None:
    """Waits until a file holds some words."""
    file, until_s = home / name, time.monotonic() + LONGEST_WAIT_S
    while not (file.exists() and words in file.read_bytes()):
        log = home / "service.log"
        told = log.read_bytes().decode() if log.exists() else "no service ran"
        assert time.monotonic() < until_s, f"{name} never held {words!r}:\n{told}"
        time.sleep(0.1)
