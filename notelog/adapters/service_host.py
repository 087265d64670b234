"""The files and the commands of this machine's service manager."""

import os
import subprocess
from contextlib import suppress
from pathlib import Path

from notelog.adapters.places import make_private, sync_folder, write_private
from notelog.core.service import Step
from notelog.errors import ConfigurationError
from notelog.ports.service_host import Ran

_NOT_FOUND = 127
_LIMIT_S = 330.0  # a start may take as long as TimeoutStartSec of the unit allows


class ThisHost:
    """This machine; implements ``ports.service_host.ServiceHost``."""

    def read(self, path: str) -> str | None:
        """The text of a service's file; None where there is none."""
        try:
            data = Path(path).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _refused(path, error) from error
        encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"
        return data.decode(encoding, "replace")

    def write(self, path: str, data: bytes) -> None:
        """Makes or replaces a service's file, whole, for this user alone."""
        place = Path(path)
        part = place.with_name(f".{place.name}.{os.urandom(8).hex()}.part")
        try:
            make_private(place.parent)
            write_private(part, data)
            part.replace(place)
            sync_folder(place.parent)
        except OSError as error:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise _refused(path, error) from error

    def remove(self, path: str) -> None:
        """Removes a service's file."""
        try:
            Path(path).unlink(missing_ok=True)
        except OSError as error:
            raise _refused(path, error) from error

    def run(self, step: Step) -> Ran:
        """Runs a command to its end."""
        try:
            done = subprocess.run(
                step.words,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_LIMIT_S,
                check=False,
            )
        except FileNotFoundError:
            return Ran(code=_NOT_FOUND, out="", err=f"there is no {step.words[0]} here")
        except subprocess.TimeoutExpired:
            return Ran(code=1, out="", err=f"{step.words[0]} did not end in time")
        except OSError as error:
            return Ran(code=1, out="", err=error.strerror or "it cannot be run")
        out, err = (text.decode("utf-8", "replace") for text in (done.stdout, done.stderr))
        return Ran(code=done.returncode, out=out, err=err)


def _refused(path: str, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"the service's file cannot be used: {error.strerror or error}",
        hint="look at its permissions; notelog service print shows what would be in it",
        path=path,
    )
