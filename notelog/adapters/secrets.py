"""Finds keys: in the environment, a private file, the system's keyring or a command's output.

Never in a vault, which is shared and synced. A key stands in no message, no repr and no exception
that leaves here.
"""

import os
import stat
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from notelog.adapters.installing import install_again
from notelog.adapters.places import vault_above
from notelog.core.services_systemd import CREDENTIAL
from notelog.core.settings import KeySource
from notelog.errors import KeyUnavailableError

KEYRING_SERVICE = "notelog"
_FILE_LIMIT_BYTES = 16 * 1024
_COMMAND_LIMIT_S = 20.0
_QUOTES = "\"'"
_FIRST, _LAST = "!", "~"  # the printable characters of ASCII but for the blank


class SystemSecrets:
    """The keys of this user; implements ``ports.Secrets``.

    Args:
        environ: the environment variables.
        command_limit_s: how long a key_command may take, in seconds.
    """

    def __init__(
        self, environ: Mapping[str, str], *, command_limit_s: float = _COMMAND_LIMIT_S
    ) -> None:
        self._environ = environ
        self._command_limit_s = command_limit_s

    def key(self, source: KeySource, profile: str) -> str:
        """The key of a profile; empty where none is required and none is set.

        Raises:
            KeyUnavailableError: there is none, or its source cannot be read.
        """
        if source.environment and _stripped(self._environ.get(source.environment, "")):
            where = f"the environment variable {source.environment}"
            return _checked(self._environ[source.environment], where)
        if source.file:
            return _of_file(self._credential(profile) or source.file)
        if source.keyring:
            return _of_keyring(source.keyring)
        if source.command:
            return _of_command(source.command, self._command_limit_s)
        if source.required:
            raise _no_key(source, profile)
        return ""

    def _credential(self, profile: str) -> str:
        """The copy of a profile's key file that systemd made for this service; empty elsewhere."""
        folder = self._environ.get("CREDENTIALS_DIRECTORY", "")
        path = Path(folder, CREDENTIAL + profile)
        return str(path) if folder and path.is_file() else ""


def _no_key(source: KeySource, profile: str) -> KeyUnavailableError:
    ways = f"key_file, key_keyring or key_command under [profiles.{profile}] in config.toml"
    if source.environment:
        return KeyUnavailableError(
            f"profile {profile!r} has no key: {source.environment} is not set",
            hint=f"set that environment variable, or name a {ways}",
        )
    return KeyUnavailableError(
        f"profile {profile!r} names no source for its key",
        hint=f"name a key_environment, {ways}; or key_required = false if it needs none",
    )


def _stripped(text: str) -> str:
    return text.removeprefix("\ufeff").strip()


def _checked(text: str, where: str) -> str:
    """A key as it is sent: without BOM and outer blanks, and nothing but printable ASCII.

    Anything else could not stand in a header, or is a slip such as the quotes of a script.
    """
    key = _stripped(text)
    if not key:
        raise KeyUnavailableError(f"the key from {where} is empty", hint="put the key there")
    for place, letter in enumerate(key, 1):
        if not _FIRST <= letter <= _LAST or letter in _QUOTES:
            raise KeyUnavailableError(
                f"the key from {where} holds a character at place {place} that no key has",
                hint="a blank, a line end, a quote or a full-width letter: copy the key again",
            )
    return key


def _of_file(named: str) -> str:
    path = str(Path(named).expanduser())
    for candidate in (Path(path), Path(path).resolve()):
        if vault := vault_above(candidate):
            raise KeyUnavailableError(
                "a key is never read from a vault",
                hint=f"move the file out of {vault}, which is shared and synced",
                path=path,
            )
    return _checked(_private_text(path), f"the file {path}")


def _private_text(path: str) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        raise KeyUnavailableError(
            f"the key file cannot be read: {error.strerror or 'no such file'}",
            hint="write the key into that file, with mode 0600",
            path=path,
        ) from error
    try:
        _check_private(os.fstat(descriptor), path)
        data = os.read(descriptor, _FILE_LIMIT_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(data) > _FILE_LIMIT_BYTES:
        raise KeyUnavailableError("the key file is too large to hold one key", path=path)
    return _decoded(data, f"the file {path}")


def _check_private(status: os.stat_result, path: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise KeyUnavailableError("the key file is no regular file", path=path)
    if os.name == "posix" and stat.S_IMODE(status.st_mode) & 0o077:
        raise KeyUnavailableError(
            f"other users may open the key file (mode {stat.S_IMODE(status.st_mode):04o})",
            hint=f"make it yours alone: chmod 600 {path}",
            path=path,
        )


def _decoded(data: bytes, where: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:  # its text would show part of the key
        raise KeyUnavailableError(
            f"the key from {where} is not UTF-8", hint="save it again as plain text"
        ) from None


def _of_keyring(entry: str) -> str:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError as error:
        raise KeyUnavailableError(
            "the package keyring is not installed",
            hint=f"install it {install_again('keyring')}",
        ) from error
    try:
        found: object = keyring.get_password(KEYRING_SERVICE, entry)
    except (KeyringError, OSError, RuntimeError) as error:
        raise KeyUnavailableError(
            f"the system's keyring cannot be read ({type(error).__name__})",
            hint="unlock it, or name another source for the key",
        ) from None
    if not isinstance(found, str):
        raise KeyUnavailableError(
            f"the system's keyring holds no entry {entry!r} of {KEYRING_SERVICE}",
            hint=f"put the key there with: keyring set {KEYRING_SERVICE} {entry}",
        )
    return _checked(found, "the system's keyring")


def _of_command(command: Sequence[str], limit_s: float) -> str:
    """The first line of a command's output. Its stderr is not shown: it may hold a secret.

    The command stays in our process group, so that it can ask for a passphrase on the terminal.
    """
    name = Path(command[0]).name
    try:
        process = subprocess.Popen(
            [str(Path(command[0]).expanduser()), *command[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except (OSError, ValueError):
        raise KeyUnavailableError(
            f"key_command cannot be run: {name!r} was not found or is not executable",
            hint="name the program with its whole path",
        ) from None
    output = _output_of(process, name, limit_s)
    if process.returncode != 0:
        raise KeyUnavailableError(
            f"key_command {name!r} failed with exit code {process.returncode}",
            hint="run it in a terminal to see why",
        )
    first_line = _decoded(output, f"key_command {name!r}").lstrip().partition("\n")[0]
    return _checked(first_line, f"key_command {name!r}")


def _output_of(process: "subprocess.Popen[bytes]", name: str, limit_s: float) -> bytes:
    try:
        return process.communicate(timeout=limit_s)[0]
    except subprocess.TimeoutExpired:
        raise KeyUnavailableError(
            f"key_command {name!r} did not end within {limit_s:g} seconds",
            hint="run it in a terminal to see what it waits for",
        ) from None
    finally:
        if process.returncode is None:  # a child of its own may hold the pipe open: never wait
            process.kill()
            if process.stdout is not None:
                process.stdout.close()
            process.wait()
