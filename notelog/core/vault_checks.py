"""What a vault's folder, its disk and its file system mean for notelog."""

from collections.abc import Sequence
from dataclasses import dataclass

from notelog.core.checkup import Remark, fail, ok, warn
from notelog.core.file_systems import gives_events
from notelog.core.visible import shortened

LEAST_FREE_BYTES = 1 << 20
LITTLE_FREE_BYTES = 100 << 20
_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """A look through all of a vault.

    Attributes:
        folders: how many there are, the vault itself and hidden ones too: each needs a watch.
        notes: how many there are.
        unreadable: folders that cannot be read, relative to the vault.
        read_only: notes that this user cannot write.
        conflicts: conflict copies, by their names.
        linked: symlinks to folders outside of the vault.
    """

    folders: int = 0
    notes: int = 0
    unreadable: tuple[str, ...] = ()
    read_only: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    linked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSystem:
    """What was tried in a vault with a hidden file that is gone again.

    Attributes:
        kind: as mount(8) names it; empty where that is not known.
        refused: why no file could be made, in the system's words; then nothing else was tried.
        leases: whether it grants them; None on a system that has none.
        exchange: whether two files can change their names in one step.
        silent: why the system does not tell of what happens there; empty where it does.
    """

    kind: str = ""
    refused: str = ""
    leases: bool | None = None
    exchange: bool = True
    silent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchLimits:
    """The limits of inotify for one user, and what of them is in use by other programs.

    Attributes:
        watches: the most watches of one user.
        watches_used: those of this user's programs now.
        instances: the most instances of one user.
        instances_used: those of this user's programs now.
    """

    watches: int
    watches_used: int
    instances: int
    instances_used: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WatcherSeen:
    """The watcher of a vault on this machine.

    Attributes:
        runs: a process has the vault.
        silent_s: for how many seconds it gave no sign of life; None where that is not too long.
    """

    runs: bool
    silent_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The free space of a disk.

    Attributes:
        place: what is kept there.
        free_bytes: for this user.
        free_files: how many more files it takes; None where it has no such limit.
    """

    place: str
    free_bytes: int
    free_files: int | None


def judge_vault(survey: Survey) -> Remark:
    """Whether the notes of a vault can be read and written by this user."""
    figures = f"{_counted(survey.notes, 'note')} in {_counted(survey.folders, 'folder')}"
    if survey.unreadable:
        return warn(
            "vault",
            f"{figures}; cannot be read: {_some(survey.unreadable)}",
            "give yourself the right to read them, or move them out of the vault",
        )
    if survey.read_only:
        return warn(
            "vault",
            f"{figures}; read-only, so that no reply can be put into them: "
            f"{_some(survey.read_only)}",
            "make them writable, such as with: chmod u+w NOTE",
        )
    return ok("vault", figures)


def judge_linked(survey: Survey) -> Remark:
    """That folders are passed over which only symlinks lead to."""
    return warn(
        "linked-folders",
        f"symlinks to folders, whose notes are neither watched nor found: {_some(survey.linked)}",
        "watch the folder itself, as a vault of its own, or move it into this one",
    )


def judge_file_system(found: FileSystem) -> Remark:
    """Whether notes can be written safely there, and how."""
    check = "file-system"
    if found.refused:
        return fail(
            check,
            f"the vault cannot be written: {found.refused}",
            "make the vault's folder writable for this user; replies would be kept, and land"
            " in no note",
        )
    name = f"{found.kind}: " if found.kind else ""
    lacking = [
        words
        for lacks, words in (
            (found.leases is False, "grants no leases: a reply waits until the note is untouched"),
            (not found.exchange, "cannot exchange two files: a reply above other text is kept"),
            (not gives_events(found.kind), "tells nothing of changes made on other machines"),
            (bool(found.silent), f"tells of no change ({found.silent}): they are found by looking"),
        )
        if lacks
    ]
    if lacking:
        return warn(
            check,
            f"{name}writable; it {'; it '.join(lacking)}",
            "nothing is lost by it; a vault on this machine's own disk is quicker",
        )
    return ok(check, f"{name}writable, and safe to write while others do")


def judge_watches(limits: WatchLimits, folders: int) -> Remark:
    """Whether the system can tell of changes in all folders of a vault: one watch a folder."""
    check = "events"
    left = max(0, limits.watches - limits.watches_used)
    if limits.instances_used >= limits.instances:
        return warn(
            check,
            f"all {limits.instances:,} inotify instances of this user are in use",
            f"{more_instances(limits)}; until then changes are found by looking",
        )
    if folders > left:
        return warn(
            check,
            f"{folders:,} folders need a watch each, and of {limits.watches:,} that this user may"
            f" have {left:,} are left",
            f"{more_watches(limits, folders)}; until then changes are found by looking",
        )
    return ok(check, f"{_counted(folders, 'folder')} to watch, and room for {left:,}")


def more_instances(limits: WatchLimits) -> str:
    """How a person lets more programs hear of changes."""
    return _raise("instances", max(1024, 2 * limits.instances))


def more_watches(limits: WatchLimits, folders: int) -> str:
    """How a person lets more folders be watched."""
    return _raise("watches", max(524_288, 2 * limits.watches, 2 * folders))


def _raise(what: str, wanted: int) -> str:
    kept = "and a line in /etc/sysctl.d to keep it"
    return f"sudo sysctl fs.inotify.max_user_{what}={wanted} ({kept})"


def judge_conflicts(survey: Survey) -> Remark:
    """Whether a sync service left two versions of notes."""
    if not survey.conflicts:
        return ok("conflict-copies", "none")
    count = len(survey.conflicts)
    return warn(
        "conflict-copies",
        f"{count:,} {'copy' if count == 1 else 'copies'} that a sync service made: "
        f"{_some(survey.conflicts)}",
        "compare each with its note, take over what is missing there, and delete it;"
        " conflict copies are never answered by themselves",
    )


def judge_watcher(seen: WatcherSeen) -> Remark:
    """Whether a watcher of this machine has the vault, and is alive."""
    if not seen.runs:
        return ok("watcher", "none runs here: notes are answered by notelog complete")
    if seen.silent_s is None:
        return ok("watcher", "one runs here, and is alive; there can be no second one")
    return fail(
        "watcher",
        f"one has the vault and gave no sign of life for {seen.silent_s / 60:,.0f} minutes",
        "stop it and start it again; as a service: notelog service stop, then start",
    )


def judge_room(rooms: Sequence[Room]) -> Remark:
    """Whether replies find room, in the journal and in the notes."""
    check = "disk"
    for room in rooms:
        if room.free_bytes < LEAST_FREE_BYTES or room.free_files == 0:
            what = "files" if room.free_files == 0 else "bytes"
            return fail(
                check,
                f"the disk of {room.place} takes no more {what}",
                "free some space: nothing is asked where the reply could not be kept",
            )
    told = ", ".join(f"{_size(room.free_bytes)} free for {room.place}" for room in rooms)
    if any(room.free_bytes < LITTLE_FREE_BYTES for room in rooms):
        return warn(check, told, "free some space before it is full")
    return ok(check, told)


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(shortened(name, 80) for name in names[:_SHOWN])
    more = len(names) - _SHOWN
    return f"{shown} and {more:,} more" if more > 0 else shown


def _size(size_bytes: int) -> str:
    if size_bytes >= 10**9:
        return f"{size_bytes / 1e9:,.1f} GB"
    return f"{size_bytes / 1e6:,.0f} MB"
