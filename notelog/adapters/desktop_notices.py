"""Tells of the ends of requests on the desktop, beside whatever else shows what a watcher does.

A notice holds a note's name and what became of it, and no word of what is said in it. Names go to
the system's own program in its list of arguments, or its environment, never in a command line.
"""

import os
import shutil
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from notelog.core.numbers import counted
from notelog.core.visible import shortened
from notelog.ports.watch_view import Kind, Told, View, WatchView

_OUTCOMES = {
    Kind.ANSWERED: "answered",
    Kind.FAILED: "not answered: see the note, or notelog status",
    Kind.HELD: "held: nothing is asked now",
}
_PATIENCE_S = 10.0
_SHOWN_MS = "8000"
_MOST_APART = 3
_TITLE_CHARS = 80
_ENVIRONMENT = frozenset(
    {
        "APPDATA", "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "HOME", "LANG", "LC_ALL", "LOCALAPPDATA",
        "PATH", "PSMODULEPATH", "SYSTEMROOT", "TEMP", "TMP", "USERPROFILE", "WAYLAND_DISPLAY",
        "XDG_RUNTIME_DIR",
    }
)  # fmt: skip
_APPLE = (
    "on run argv",
    "display notification (item 2 of argv) with title (item 1 of argv)",
    "end run",
)
_WINDOWS = (
    "$kinds = 'Windows.UI.Notifications.ToastNotificationManager', "
    "'Windows.Data.Xml.Dom.XmlDocument'; "
    "foreach ($kind in $kinds) "
    '{ $null = [Type]::GetType("$kind, Windows, ContentType=WindowsRuntime") }; '
    "$toasts = [Windows.UI.Notifications.ToastNotificationManager]; "
    "$xml = $toasts::GetTemplateContent(1); $text = $xml.GetElementsByTagName('text'); "
    "$null = $text.Item(0).AppendChild($xml.CreateTextNode($env:NOTICE_TITLE)); "
    "$null = $text.Item(1).AppendChild($xml.CreateTextNode($env:NOTICE_TEXT)); "
    "$id = '{1AC14E77-02E7-4E5D-B744-2EB1AE5198B7}\\WindowsPowerShell\\v1.0\\powershell.exe'; "
    "$toasts::CreateToastNotifier($id).Show([Windows.UI.Notifications.ToastNotification]::new($xml))"
)

Notice = tuple[str, str]
"""A title and a text."""

Show = Callable[[Notice], str]
"""Shows a notice; gives why it could not, empty where it did."""


class NotifyingView:
    """Shows what another view shows, and tells of the ends of requests on the desktop.

    Args:
        view: the other one.
        show: shows a notice, in a thread of its own: it may take its time.
    """

    def __init__(self, view: WatchView, show: Show | None = None) -> None:
        self._view = view
        self._show = show or show_notice
        self._waiting: deque[Told] = deque()
        self._failures: dict[str, str] = {}
        self._lock = threading.Lock()
        self._runs = False
        self._broken = False

    def tell(self, told: Told) -> None:
        """Tells the view, and the desktop of an end; never waits."""
        self._view.tell(told)
        if told.kind not in _OUTCOMES or self._broken or self._is_known(told):
            return
        with self._lock:
            self._waiting.append(told)
            if self._runs:
                return
            self._runs = True
        threading.Thread(target=self._work, name="notices", daemon=True).start()

    def _is_known(self, told: Told) -> bool:
        """Whether it is the failure of a note that fails again and again, for the same reason."""
        before = self._failures.pop(told.note, "")
        if told.kind is Kind.FAILED:
            self._failures[told.note] = told.sentence
        return before == told.sentence

    def show(self, view: View) -> None:
        """As the view does."""
        self._view.show(view)

    def close(self) -> None:
        """As the view does; what waits is dropped."""
        self._waiting.clear()
        self._view.close()

    def _work(self) -> None:
        while notice := self._next():
            if why := self._show(notice):
                self._broken = True
                self._view.tell(
                    Told(
                        kind=Kind.WARNING,
                        sentence=f"no desktop notices from now on: {why}",
                        hint="watch.notify = false in the configuration turns them off",
                    )
                )

    def _next(self) -> Notice | None:
        """The next notice: where many wait, one for all of them."""
        with self._lock:
            told = [self._waiting.popleft()] if self._waiting and not self._broken else []
            if len(self._waiting) >= _MOST_APART:
                told += self._waiting
                self._waiting.clear()
            self._runs = bool(told)
        return notice_of(told) if told else None


def notice_of(told: Sequence[Told]) -> Notice:
    """The title and the text for what was told; names are made harmless to the eye."""
    if len(told) == 1:
        name = f": {shortened(told[0].note, _TITLE_CHARS)}" if told[0].note else ""
        return f"notelog{name}", _OUTCOMES[told[0].kind]
    kinds = [item.kind for item in told]
    replies, rest = kinds.count(Kind.ANSWERED), len(kinds) - kinds.count(Kind.ANSWERED)
    answered = f"{replies:,} answered"
    return "notelog", f"{answered}, {counted(rest, 'other end')}" if rest else answered


def show_notice(notice: Notice, *, system: str = sys.platform) -> str:
    """Shows a notice with the system's own program; gives why that failed, empty where it did not.

    Args:
        notice: its title and text.
        system: as ``sys.platform`` has it.
    """
    command = _command(notice, system)
    if command is None:
        return "neither notify-send nor busctl is installed"
    environment = {
        name: value for name, value in os.environ.items() if name.upper() in _ENVIRONMENT
    }
    if system == "win32":
        environment |= {"NOTICE_TITLE": notice[0], "NOTICE_TEXT": notice[1]}
    return _run(command, environment)


def _command(notice: Notice, system: str) -> list[str] | None:
    """The command that shows a notice. A title begins with our name, so it is never an option."""
    if system == "darwin":
        lines = [word for line in _APPLE for word in ("-e", line)]
        return ["osascript", *lines, *notice]
    if system == "win32":
        return ["powershell", "-NoProfile", "-NonInteractive", "-Command", _WINDOWS]
    if shutil.which("notify-send"):
        return ["notify-send", "--app-name=notelog", "--", *notice]
    if shutil.which("busctl"):
        place = "org.freedesktop.Notifications"
        call = ["busctl", "--user", "call", place, f"/{place.replace('.', '/')}", place, "Notify"]
        return [*call, "susssasa{sv}i", "notelog", "0", "", *notice, "0", "0", _SHOWN_MS]
    return None


def _run(command: Sequence[str], environment: Mapping[str, str]) -> str:
    try:
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
            timeout=_PATIENCE_S, check=False,
        )  # fmt: skip
    except (OSError, ValueError) as error:
        return f"{command[0]}: {getattr(error, 'strerror', None) or type(error).__name__}"
    except subprocess.TimeoutExpired:
        return f"{command[0]} did not end within {_PATIENCE_S:g} s"
    if not done.returncode:
        return ""
    said = shortened(done.stderr.decode("utf-8", "replace").strip(), 200)
    return f"{command[0]} ended with {done.returncode}{f' ({said})' if said else ''}"
