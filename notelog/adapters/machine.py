"""What ``notelog doctor`` looks at on this machine."""

import os
import stat
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from time import time

from notelog._version import __version__
from notelog.adapters.installing import install_again
from notelog.adapters.journal_schema import checked_database
from notelog.adapters.watch_place import WatchFolder
from notelog.core.privacy_checks import Permission
from notelog.core.settings import Profile
from notelog.core.vault_checks import Room, WatcherSeen, WatchLimits
from notelog.errors import ConfigurationError

PACKAGES = ("openai", "tiktoken", "markdown-it-py", "watchdog")
_INOTIFY = Path("/proc/sys/fs/inotify")


class ThisMachine:
    """This machine, and this user on it; implements ``ports.checkup.Machine``.

    Args:
        state_dir: the folder of the journals.
        local_model: gives the file of an embedded profile's model, or raises.
        load: loads the packages that a request needs, or raises.
    """

    def __init__(
        self, state_dir: str, local_model: Callable[[Profile], str], load: Callable[[], None]
    ) -> None:
        self._state_dir = state_dir
        self._local_model = local_model
        self._load = load

    def versions(self) -> str:
        """Python, notelog and the packages it stands on, each loaded once."""
        try:
            packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
            self._load()
        except (ImportError, PackageNotFoundError, OSError, AttributeError) as error:
            name = getattr(error, "name", None) or type(error).__name__
            raise ConfigurationError(
                f"a package that notelog needs cannot be loaded: {name}",
                hint=f"install notelog again {install_again()}",
            ) from error
        return f"Python {python_version()}, notelog {__version__}, {packages}"

    def journal(self, vault: str) -> str:
        """The path of a vault's journal, read through; empty where there is none yet."""
        return checked_database(vault, self._state_dir)

    def local_model(self, profile: Profile) -> str:
        """The file of an embedded profile's model."""
        return self._local_model(profile)

    def watcher(self, vault: str) -> WatcherSeen:
        """The watcher of a vault."""
        place = WatchFolder(self._state_dir, os.path.realpath(vault))
        runs, beat, now = place.is_watched(), place.read_heartbeat(), time()
        if not runs or beat is None or not beat.is_stale(now):
            return WatcherSeen(runs=runs)
        return WatcherSeen(runs=True, silent_s=now - beat.beat_at)

    def permissions(self, folder: str) -> tuple[Permission, ...]:
        """A folder and what is in it; nothing where there is none, or no such permissions."""
        if os.name != "posix" or not Path(folder).exists():
            return ()
        return tuple(_permission(path) for path in (Path(folder), *sorted(Path(folder).iterdir())))

    def rooms(self, places: Sequence[tuple[str, str]]) -> tuple[Room, ...]:
        """The free space for places, each by its name and path; one disk only once."""
        disks: dict[int, tuple[list[str], Path]] = {}
        for name, path in places:
            there = next(place for place in (Path(path), *Path(path).parents) if place.exists())
            disks.setdefault(there.stat().st_dev, ([], there))[0].append(name)
        return tuple(_room(" and ".join(names), path) for names, path in disks.values())

    def watch_limits(self) -> WatchLimits | None:
        """The limits of inotify; None where the system has none."""
        return watch_limits()


def watch_limits() -> WatchLimits | None:
    """The limits of inotify; None where the system has none."""
    if sys.platform != "linux" or not _INOTIFY.is_dir():
        return None
    watches, instances = _in_use(os.getuid())
    return WatchLimits(
        watches=int((_INOTIFY / "max_user_watches").read_bytes()),
        watches_used=watches,
        instances=int((_INOTIFY / "max_user_instances").read_bytes()),
        instances_used=instances,
    )


def _permission(path: Path) -> Permission:
    status = path.stat()
    user = os.geteuid() if sys.platform != "win32" else status.st_uid
    return Permission(
        path=str(path),
        mode=stat.S_IMODE(status.st_mode),
        mine=status.st_uid == user,
        of_root=status.st_uid == 0,
        own_group=status.st_gid == user,  # as Debian and Fedora give each user a group
    )


def _room(place: str, path: Path) -> Room:
    if sys.platform == "win32":
        import shutil

        return Room(place=place, free_bytes=shutil.disk_usage(path).free, free_files=None)
    disk = os.statvfs(path)
    return Room(
        place=place,
        free_bytes=disk.f_bavail * disk.f_frsize,
        free_files=disk.f_favail if disk.f_files else None,
    )


def _in_use(user: int) -> tuple[int, int]:
    """The inotify watches and instances of a user's programs, as far as /proc shows them."""
    watches = instances = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if process.stat().st_uid != user:
                continue
            for descriptor in (process / "fd").iterdir():
                if str(descriptor.readlink()) == "anon_inode:inotify":
                    instances += 1
                    told = (process / "fdinfo" / descriptor.name).read_bytes()
                    watches += told.count(b"\ninotify ") + told.startswith(b"inotify ")
        except OSError:  # it has ended meanwhile, or is not ours to look at
            continue
    return watches, instances
