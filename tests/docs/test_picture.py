"""The picture of the README shows what the program prints today: make picture records it anew."""

import html
import re
import runpy
import sys
from pathlib import Path

import pytest
from doc_blocks import ROOT
from on_terminal import terminal
from program import Program

PICTURES = ROOT / "docs" / "pictures"
STALE = "the picture is out of date: make picture records it anew"
_TIME = re.compile(r"\d\d:\d\d:\d\d ")
_CELL = 12.2  # how wide a character is, as rich draws
_ROW = re.compile(r'<text [^>]*x="([\d.]+)" y="([\d.]+)"[^>]*>(.*?)</text>')


def rows_of_picture() -> list[str]:
    """The rows of text in the picture, without the frame around them."""
    from rich.cells import cell_len

    found: dict[float, list[tuple[float, str]]] = {}
    for x, y, text in _ROW.findall((PICTURES / "watch.svg").read_bytes().decode()):
        plain = html.unescape(text).replace("\xa0", " ")
        found.setdefault(float(y), []).append((float(x), plain))
    rows: list[str] = []
    for _, parts in sorted(found.items()):
        row = ""
        for x, text in sorted(parts):
            row += " " * (round(x / _CELL) - cell_len(row)) + text
        rows.append(row.rstrip().removeprefix("│").removesuffix("│").removeprefix(" ").rstrip())
    return rows


def panes() -> tuple[list[str], list[str]]:
    """The rows of the two terminals."""
    rows = rows_of_picture()
    second = next(place for place, row in enumerate(rows) if row.startswith("╭─ another terminal"))
    return rows[1:second], rows[second + 1 : -1]


def like(row: str) -> str:
    """A row with its figures and times made alike."""
    return re.sub(r"\d[\d,.:]*", "0", re.sub(r"\s+", "", row))


def told(rows: list[str]) -> list[str]:
    """The sentences in rows, each with the rows that it goes on in, up to the answer."""
    sentences: list[str] = []
    for row in rows:
        if _TIME.match(row):
            sentences.append(row)
        elif sentences and row.startswith(" " * 9):
            sentences[-1] += row
    ends = [place for place, row in enumerate(sentences) if ": answered" in row]
    return [like(row) for row in sentences[: ends[0] + 1]]


@pytest.mark.timeout(300)
@pytest.mark.skipif(sys.platform != "linux", reason="the picture was recorded on Linux")
def test_the_picture_shows_what_the_program_prints(tmp_path: Path, models_folder: Path) -> None:
    """Each sentence of the watcher, its state, and the note afterwards are those in the picture."""
    scene = runpy.run_path(str(PICTURES / "record.py"))
    vault, home = tmp_path / "vault", tmp_path / "home"
    scene["make_vault"](vault)
    scene["configure"](home / "config")
    wide = {"COLUMNS": "400", "NOTELOG_CACHE_DIR": str(models_folder.parent)}
    note = vault / scene["NOTE"]
    with terminal(Program(home, wide), "watch", vault) as screen:
        screen.read_to("for none):")
        screen.type("\n")
        screen.read_to("tick it to send")
        note.write_bytes(note.read_bytes().replace(b"[ ]", b"[x]"))
        screen.read_to("answered (")
        screen.read_to("1 reply · today")
        screen.type("\x03")
        assert screen.read_all() == 0
    watcher, shell = panes()
    printed = screen.plain.replace(str(vault), "~/vault").replace("\r", "\n").split("\n")
    assert told(printed) == told(watcher), STALE
    state = like(watcher[-2])
    assert state in [like(row) for row in printed], STALE
    after = note.read_bytes().decode().rstrip().split("\n")
    assert without_reply(after) == without_reply(shell[shell.index("- [x] send") : -1]), STALE


def without_reply(rows: list[str]) -> list[str]:
    """The end of a note from the ticked box on, without the words of the model."""
    rows = rows[rows.index("- [x] send") :]
    reply = rows.index("role::assistant") + 1
    end = rows.index('<hr class="__chatgpt_plugin">', reply)
    return [row.rstrip() for row in rows[:reply] + rows[end:]]
