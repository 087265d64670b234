"""When the whole vault is looked through, and whether the system tells of changes meanwhile."""

from unicodedata import normalize

from notelog.app.watch_tools import Watching
from notelog.core.watching import NEVER_S
from notelog.ports.watch_view import Kind
from notelog.ports.watching import Scan

_SHORTEST_PAUSE_S = 0.2
_CALM_S = 0.15
_STORM_S = 5.0
_LATE_S = 5.0
_DEAF_S = 3600.0
_DEAF = "the system did not tell of a change"


class Scans:
    """The scan is the truth; events only bring a look forward.

    Args:
        tools: the ports.
        once: one scan, no events.

    Attributes:
        next_s: when to scan next, in the clock's seconds.
        no_events: why the system does not tell of changes; empty where it does.
        absent: why the vault cannot be looked at; empty where it can.
    """

    def __init__(self, tools: Watching, *, once: bool) -> None:
        self._tools = tools
        self._settings = tools.looking.settings
        self._once = once
        self._running = False
        self._wanted = False
        self._lost_s = NEVER_S
        self._took_s, self._ended_s = 0.0, -NEVER_S
        self._began_s = self._since_s = NEVER_S
        self._first_at = 0.0
        self._excused = False
        self._unwatched = 0
        self._heard: dict[str, float] = {}
        self._unheard: dict[str, float] = {}
        self._deaf_s, self._deaf_until_s = _DEAF_S, NEVER_S
        self.next_s = NEVER_S
        self.no_events = ""
        self.absent = ""

    @property
    def every_s(self) -> float:
        """The longest time between two scans."""
        slow = self.absent or self.no_events
        return self._settings.poll_s if slow else self._settings.scan_s

    def listen(self) -> None:
        """Begins to hear of changes, or begins anew."""
        self._tools.hints.stop()
        self.no_events = "--once" if self._once else self._tools.hints.start(self._tools.post)
        if self.no_events and not self._once:
            self._say_slow()

    def begin(self) -> None:
        """Looks through the vault in another thread, unless that is being done."""
        if not self._running:
            self._running = True
            self._began_s = self._tools.clock.monotonic()
            self.next_s = self._lost_s = NEVER_S
            self._tools.start_scan()

    def want(self, *, lost: bool = False) -> None:
        """A scan at once, but not again and again: folders are copied and moved in bursts.

        Where changes are lost one after the other it comes as soon as that ends: one that runs by
        then finds the last of them late, or not at all.
        """
        self._excused = True
        now_s = self._tools.clock.monotonic()
        if lost:
            self._lost_s = now_s
        if self._running:
            self._wanted = True
            return
        if self._lost_s < NEVER_S:
            self.next_s = max(now_s, min(self._ended_s + _STORM_S, self._lost_s + _CALM_S))
            return
        pause_s = min(max(_SHORTEST_PAUSE_S, 5 * self._took_s), self._settings.poll_s)
        self.next_s = min(self.next_s, max(now_s, self._ended_s + pause_s))

    def heard(self, path: str, *, own: bool) -> None:
        """An event told of a note, perhaps of a change that notelog itself made."""
        name = _composed(path)
        self._heard[name] = self._tools.clock.monotonic()
        if not own:
            self._unheard.pop(name, None)

    def ended(self, scan: Scan) -> None:
        """Plans the next scan after one has ended, and tells of a vault that went or came."""
        self._running = False
        self._took_s, self._ended_s = scan.seconds, self._tools.clock.monotonic()
        excused, self._excused = self._excused, bool(scan.absent)
        if scan.absent and not self.absent:
            self.absent = f"the vault is not there ({scan.absent})"
            then = "" if self._once else ": waiting for it to come back"
            self._tools.say(Kind.WARNING, f"{self.absent}{then}")
        elif self.absent and not scan.absent:
            self.absent = ""
            self._tools.say(Kind.NOTICE, "the vault is there again")
            self.listen()
        self.next_s = self._ended_s + self.every_s
        if self._wanted:
            self._wanted = False
            self.want(lost=self._lost_s < NEVER_S)  # who hears of losses had to wait for the scan
        if not scan.absent:
            self._check_heard(scan, excused=excused)
            if self._lost_s == NEVER_S and not self._tools.hints.catch_up():
                self._check_watches(scan, excused=excused)

    def _check_heard(self, scan: Scan, *, excused: bool) -> None:
        """Scans more often where notes changed and no event told, nor tells a little later.

        A scan that an event asked for proves nothing: a folder was moved, or events were lost.
        After an hour without a further one it is as before, the next time after two: nobody tells
        of a time stamp that is set alone, nor of a save under another name of a file.
        """
        deaf = self.no_events == _DEAF
        now_s = self._tools.clock.monotonic()
        since_s, self._since_s = self._since_s, self._began_s
        if since_s == NEVER_S:
            self._first_at = self._tools.clock.now() - scan.seconds
        elif not excused and (deaf or not self.no_events):
            for found in scan.changed:
                name = _composed(found.path)
                if self._heard.get(name, -NEVER_S) < since_s and found.modified_s > self._first_at:
                    self._unheard.setdefault(name, now_s)
            self._first_at = 0.0  # what the first scan only read, the second one may find anew
        self._heard = {name: at for name, at in self._heard.items() if at >= self._since_s}
        if self._unheard and now_s - min(self._unheard.values()) >= _LATE_S:
            name = next(iter(self._unheard))
            self._unheard.clear()
            self._deaf_until_s = now_s + self._deaf_s
            if not self.no_events:
                self.no_events = _DEAF
                self.next_s = now_s + self._settings.poll_s
                self._tools.say(Kind.WARNING, self._slow, name)
        elif self._unheard:
            self.next_s = min(self.next_s, now_s + _LATE_S)
        elif deaf and now_s >= self._deaf_until_s:
            self.no_events = ""
            self.next_s = now_s + self._settings.scan_s
            every = f"the vault is looked through every {self._settings.scan_s:g} s again"
            self._tools.say(Kind.NOTICE, f"nothing changed unheard for a time: {every}")
            self._deaf_s *= 2

    def _check_watches(self, scan: Scan, *, excused: bool) -> None:
        """Scans more often where the system gives no events for some folders.

        One that was just made is perhaps listened to a moment later: then a second scan tells.
        """
        before = self._unwatched
        lost = self._unwatched = 0 if self.no_events else self._tools.hints.unwatched(scan.folders)
        if not lost:
            return
        if excused and not before:
            self.want()
            return
        of = f"{lost:,} of {len(scan.folders):,} folders"
        self.no_events = f"{of} give no events (the limit on inotify watches)"
        self.next_s = self._tools.clock.monotonic() + self._settings.poll_s
        self._say_slow()

    def _say_slow(self) -> None:
        hint = self._tools.hints.remedy()
        self._tools.say(Kind.WARNING if hint else Kind.NOTICE, self._slow, hint=hint)

    @property
    def _slow(self) -> str:
        every = f"the vault is looked through every {self._settings.poll_s:g} s"
        return f"{every}: {self.no_events}"

    def check_alive(self) -> None:
        """Listens anew where the threads that hear of changes are dead, or deaf."""
        if self.no_events or self.absent or self._tools.hints.is_alive():
            return
        self._tools.say(Kind.WARNING, "the system's events have stopped: listening anew")
        self.listen()
        self.want()


def _composed(path: str) -> str:
    """A path as it compares: macOS tells of names in another form than it lists them."""
    return normalize("NFC", path)
