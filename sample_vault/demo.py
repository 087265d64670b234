# ruff: noqa: INP001  # a script among notes, no package
"""Answers a real chat note with the embedded local model, and shows the note afterwards.

``make demo`` runs it. It works on a copy of this vault, ``.cache/demo-vault`` in the checkout,
which is made anew each time, and with a configuration and a journal of its own beside it. Only
the model goes to the user's cache, where it stays for the next time.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

SAMPLE = Path(__file__).resolve().parent
SCRATCH = SAMPLE.parent / ".cache"
VAULT = SCRATCH / "demo-vault"
OWN_FOLDERS = {
    "NOTELOG_CONFIG_DIR": SCRATCH / "demo-config",
    "NOTELOG_STATE_DIR": SCRATCH / "demo-state",
}
NOTE = "Chats/Long texts and tokens.md"
QUESTION = "In one sentence: what is a token in a language model?"
# The model reads about 100 tokens a second on one core: a window this small keeps the wait short.
WINDOW = "1024"


def main() -> int:
    """Runs the demonstration; the exit code is notelog's."""
    notelog = shutil.which("notelog", path=str(Path(sys.executable).parent))
    if notelog is None:
        say("notelog is not installed beside this Python; run: make demo")
        return 2
    renew()
    say(
        "A chat note as a person had it, in Chinese, with a question in English added at the end:",
        f"    {QUESTION}",
        "The model for this demonstration is small: its English is weak, and it knows no Chinese.",
        "",
    )
    if code := run(notelog, "model", "install", "--yes"):
        return code
    started = time.monotonic()
    if code := run(notelog, "complete", "--profile", "local", "--context-window", WINDOW, NOTE):
        return code
    seconds = time.monotonic() - started
    say(f"That took {seconds:.0f} seconds. The end of the note, as it is on disk now:", "")
    say(*(f"    {line}".rstrip() for line in end_of_note()))
    say("", f"The vault with that note: {VAULT}", "(the next demonstration makes it anew)")
    return 0


def renew() -> None:
    """Makes the scratch copy of the vault, and empties what belongs to it."""
    for folder in (VAULT, *OWN_FOLDERS.values()):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SAMPLE, VAULT, ignore=shutil.ignore_patterns("demo.py", "__pycache__"))


def run(program: str, *arguments: str) -> int:
    """Runs notelog in the vault, its output going where ours goes; shows the command first."""
    shown = " ".join(f'"{part}"' if " " in part else part for part in arguments)
    say(f"$ notelog {shown}")
    folders = {name: str(folder) for name, folder in OWN_FOLDERS.items()}
    code = subprocess.run(
        [program, *arguments], cwd=VAULT, env=os.environ | folders, check=False
    ).returncode
    say("" if code == 0 else f"notelog ended with exit code {code}")
    return code


def end_of_note() -> list[str]:
    """The lines of the note from the question on."""
    lines = (VAULT / NOTE).read_bytes().decode("utf-8").split("\n")
    return lines[lines.index(QUESTION) :]


def say(*lines: str) -> None:
    """Prints lines at once, so that they stand before what notelog prints."""
    for line in lines:
        sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
