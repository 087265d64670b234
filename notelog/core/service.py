"""The service that answers a vault by itself: what it runs, and what a manager does with it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256

from notelog.core.visible import CONTROLS
from notelog.errors import UsageError

MARK = "made by notelog service install"
"""Stands in every file of ours, so that no other file is ever replaced or removed."""


class Action(StrEnum):
    """What can be done with a service that is installed, or about to be."""

    INSTALL = "install"
    UNINSTALL = "uninstall"
    START = "start"
    STOP = "stop"
    STATUS = "status"
    LOGS = "logs"


@dataclass(frozen=True, slots=True)
class Step:
    """A command that is run for an action.

    Attributes:
        words: the program and its arguments.
        may_fail: it fails where there is nothing to do.
    """

    words: tuple[str, ...]
    may_fail: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One vault's service. All paths are absolute.

    Attributes:
        vault: the folder that is watched.
        program: what is run before ``watch -- VAULT``.
        state_dir: the folder of the journals.
        cache_dir: the folder of what can be made again.
        variables: the environment variables that the service needs.
        keys: the files of keys, by profile.
        sandbox: shut it into the folders that it writes (systemd).
        user: the number of the user (launchd), or its name (Windows).
    """

    vault: str
    program: tuple[str, ...]
    state_dir: str
    cache_dir: str
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    keys: Mapping[str, str] = field(default_factory=dict[str, str])
    sandbox: bool = True
    user: str = ""

    @property
    def name(self) -> str:
        """Its name, the same for the same vault: ``notelog-Notes-1a2b3c4d``."""
        folder = re.split(r"[/\\]", self.vault.rstrip("/\\"))[-1]
        plain = re.sub(r"[^A-Za-z0-9]+", "-", folder).strip("-")[:30]
        digest = sha256(self.vault.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        return "-".join(part for part in ("notelog", plain, digest) if part)

    @property
    def command(self) -> tuple[str, ...]:
        """What it runs."""
        return (*self.program, "watch", "--", self.vault)


def check_service(service: Service) -> None:
    """Refuses what no service file can hold.

    Raises:
        UsageError: a path holds a line end or another control character, or is no Unicode.
    """
    for text in (*service.command, service.state_dir, service.cache_dir, *service.keys.values()):
        if CONTROLS.search(text) or "\n" in text or "\t" in text:
            raise UsageError(
                f"a service cannot be made for {text!r}: its name holds a line end or another"
                " control character",
                hint="give the folder another name",
            )
