"""How vaults are watched, as the configuration says it."""

from dataclasses import dataclass

from notelog.core.end_marks import DEFAULT_END_MARKS


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchSettings:
    """The table ``[watch]``.

    Attributes:
        mode: ``mark`` (a message is sent when it is marked), ``auto`` or ``off``; a note's front
            matter wins.
        end_marks: the lines that end a message, for every command; none where only a ticked box
            sends.
        auto: globs of notes whose mode is ``auto``, relative to the vault.
        include: globs of the notes that are watched; none means all.
        exclude: globs of notes that are not.
        marker: whether an empty assistant marker asks for a reply.
        device: the name of this machine among those that have the vault; empty: its host name.
        notify: the desktop tells of replies, failures and holds, by the names of the notes.
        settle_s: a marked message is sent when the note is unchanged for so many seconds.
        auto_settle_s: the same for one that nothing marks.
        sync_wait_s: so much longer, in seconds, where the change came by a sync tool.
        sync_spread_s: and up to so much more, different for each machine.
        at_once: the most requests at once.
        asks_per_hour: the most requests in any 60 minutes.
        scan_s: the vault is looked through every so many seconds where the system tells of changes.
        poll_s: the same where it does not.
        grace_s: a request that runs gets so many seconds when the watcher is told to stop.
        claim: whether a callout in the note tells that it is asked, and on which machine.
        live: whether that callout also shows the reply while it arrives.
        live_every_s: it grows at most every so many seconds.
        live_rest_s: and only where nobody else touched the note for so many seconds.
    """

    mode: str = "mark"
    end_marks: tuple[str, ...] = DEFAULT_END_MARKS.marks
    auto: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    marker: bool = False
    device: str = ""
    notify: bool = False
    settle_s: float = 1.0
    auto_settle_s: float = 8.0
    sync_wait_s: float = 20.0
    sync_spread_s: float = 30.0
    at_once: int = 3
    asks_per_hour: int = 30
    scan_s: float = 300.0
    poll_s: float = 5.0
    grace_s: float = 20.0
    claim: bool = False
    live: bool = False
    live_every_s: float = 2.0
    live_rest_s: float = 5.0
