"""Notices on the desktop: what they hold, how they are shown, and that they hold up nothing."""

import os
import sys
import threading
from pathlib import Path

import pytest

from notelog.adapters.desktop_notices import Notice, NotifyingView, notice_of, show_notice
from notelog.ports.watch_view import Kind, Told, View

LONGEST_WAIT_S = 30.0
HOSTILE = "$(touch x)`touch x`;\"'<b>&%s\n\x1b[2J\u202e.md"


class Shown:
    """A view and a desktop that remember, and a desktop that can be held up."""

    def __init__(self, why: str = "") -> None:
        self.told: list[Told] = []
        self.notices: list[Notice] = []
        self.why = why
        self.go_on = threading.Event()
        self.go_on.set()
        self.came = threading.Condition()

    def tell(self, told: Told) -> None:
        """Remembers it."""
        with self.came:
            self.told.append(told)
            self.came.notify_all()

    def show(self, view: View) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""

    def on_desktop(self, notice: Notice) -> str:
        """Remembers it, and takes its time."""
        with self.came:
            self.notices.append(notice)
            self.came.notify_all()
        assert self.go_on.wait(LONGEST_WAIT_S)
        return self.why

    def wait_for(self, notices: int = 0, told: int = 0) -> None:
        """Waits until so much came."""
        with self.came:
            assert self.came.wait_for(
                lambda: len(self.notices) >= notices and len(self.told) >= told, LONGEST_WAIT_S
            )


def answered(note: str) -> Told:
    """What is told of a reply."""
    return Told(kind=Kind.ANSWERED, note=note, sentence="answered", figures={"tokens_in": 3})


def test_a_notice_has_a_name_and_an_outcome_and_no_other_word() -> None:
    """A reply, a failure and a hold are told; what the server or a note said is not among it."""
    secret = "the server said: canary"
    for kind, words in (
        (Kind.ANSWERED, "answered"),
        (Kind.FAILED, "not answered: see the note, or notelog status"),
    ):
        told = Told(kind=kind, note="Chats/Tea.md", sentence=secret, hint=secret)
        assert notice_of([told]) == ("notelog: Chats/Tea.md", words)
    held = Told(kind=Kind.HELD, sentence=secret)
    assert notice_of([held]) == ("notelog", "held: nothing is asked now")
    many = [answered("a.md"), answered("b.md"), held]
    assert notice_of(many) == ("notelog", "2 answered, 1 other end")


def test_hostile_names_are_harmless() -> None:
    """Controls and bidirectional marks in a name are spelt out, and a long one is cut."""
    title, _ = notice_of([answered(HOSTILE)])
    assert title.isprintable()
    assert "\\x1b[2J\\u202e" in title
    assert len(notice_of([answered("a" * 500)])[0]) < 100


def test_only_ends_are_told_and_nothing_waits_for_the_desktop() -> None:
    """While the desktop is held up the watcher goes on; what waited comes as one notice."""
    shown = Shown()
    shown.go_on.clear()
    view = NotifyingView(shown, shown.on_desktop)
    for kind in set(Kind) - {Kind.ANSWERED, Kind.FAILED, Kind.HELD}:
        view.tell(Told(kind=kind, sentence="no end"))
    assert shown.notices == []
    for number in range(10):
        view.tell(answered(f"{number}.md"))
        if not number:
            shown.wait_for(notices=1)
    assert len(shown.told) == len(Kind) - 3 + 10
    shown.go_on.set()
    shown.wait_for(notices=2)
    assert shown.notices == [("notelog: 0.md", "answered"), ("notelog", "9 answered")]


def test_a_note_that_fails_again_and_again_is_told_once() -> None:
    """The same failure of a note is one notice, until it fails otherwise or is answered."""
    shown = Shown()
    view = NotifyingView(shown, shown.on_desktop)
    failed = Told(kind=Kind.FAILED, note="a.md", sentence="no connection")
    for number, told in enumerate((failed, failed, answered("a.md"), failed), 1):
        view.tell(told)
        shown.wait_for(notices=(1, 1, 2, 3)[number - 1])
    assert [text.partition(":")[0] for _, text in shown.notices] == [
        "not answered", "answered", "not answered",
    ]  # fmt: skip


def test_a_desktop_that_does_not_work_is_told_once() -> None:
    """After the first notice that cannot be shown that is said, and no other is tried."""
    shown = Shown("there is no desktop")
    view = NotifyingView(shown, shown.on_desktop)
    view.tell(answered("a.md"))
    shown.wait_for(told=2)
    assert "there is no desktop" in shown.told[-1].sentence
    assert shown.told[-1].kind is Kind.WARNING
    view.tell(answered("b.md"))
    assert (len(shown.told), len(shown.notices)) == (3, 1)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that alone is searched for programs."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    return tmp_path


def stand_in(programs: Path, name: str, code: int = 0) -> None:
    """A program that writes down its arguments and environment."""
    script = f"""#!{sys.executable} -I
import os, sys
said = [*sys.argv[1:], *(f"{{n}}={{v}}" for n, v in os.environ.items() if n != "PATH")]
open({str(programs / "said")!r}, "w").write("\\0".join(said))
sys.stderr.write("no \\x1b bus")
sys.exit({code})
"""
    (programs / name).write_bytes(script.encode())
    (programs / name).chmod(0o755)


def said(programs: Path) -> list[str]:
    """What the stand-in wrote down."""
    return (programs / "said").read_bytes().decode().split("\0")


@pytest.mark.skipif(os.name != "posix", reason="the stand-ins are scripts")
@pytest.mark.parametrize(
    ("system", "name"),
    [("linux", "notify-send"), ("linux", "busctl"), ("darwin", "osascript"),
     ("win32", "powershell")],
)  # fmt: skip
def test_a_notice_reaches_the_systems_program_whole(programs: Path, system: str, name: str) -> None:
    """Title and text are words of their own, whatever stands in them, and no key comes along."""
    stand_in(programs, name)
    title = f"notelog: {HOSTILE}"
    assert show_notice((title, "answered"), system=system) == ""
    words = said(programs)
    if system == "win32":
        assert {f"NOTICE_TITLE={title}", "NOTICE_TEXT=answered"} <= set(words)
        assert not any("touch" in word for word in words if "NOTICE_TITLE" not in word)
    else:
        place = words.index(title)
        assert words[place + 1] == "answered"
        assert sum("touch" in word for word in words) == 1
    assert not any("sk-canary" in word for word in words)
    assert sorted(path.name for path in programs.iterdir()) == sorted([name, "said"])


def test_what_fails_is_told_with_its_reason(programs: Path) -> None:
    """A missing program, and one that fails, are named, with what it said made visible."""
    notice = ("notelog: a.md", "answered")
    assert show_notice(notice, system="linux") == "neither notify-send nor busctl is installed"
    assert show_notice(notice, system="darwin").startswith("osascript: ")
    stand_in(programs, "notify-send", 3)
    why = show_notice(notice, system="linux")
    assert why == "notify-send ended with 3 (no \\x1b bus)"
