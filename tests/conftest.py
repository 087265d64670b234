"""Fixtures for all tests."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from local_chat import local_profile

from notelog.adapters.local_server import EmbeddedServer
from notelog.adapters.model_files import user_models_folder
from notelog.ports.servers import Endpoint

# A slow machine must fail no test; the same examples on every run of continuous integration;
# many more on demand, with HYPOTHESIS_PROFILE=long.
settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.register_profile("long", deadline=None, max_examples=2_000)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "default")
)

# As the person who runs the tests has it, before any test points the cache elsewhere.
MODELS_FOLDER = user_models_folder()


@pytest.fixture(scope="session")
def models_folder() -> Path:
    """Where ``notelog model install`` has put the demonstration model."""
    return MODELS_FOLDER


@pytest.fixture(scope="session")
def local_endpoint(models_folder: Path) -> Iterator[Endpoint]:
    """The real local model, started once; a missing engine or model fails the test."""
    with EmbeddedServer(models_folder).start(local_profile(context_window=2_048)) as endpoint:
        yield endpoint


_NOT_RUN = "not run: "


def _needed(tool: str) -> None:
    """Skips a test whose system tool is missing; where all must run, that is a failure."""
    if shutil.which(tool) is not None:
        return
    words = f"{_NOT_RUN}{tool} is not installed, and could not be"
    if os.environ.get("CI") == "true" or os.environ.get("NOTELOG_PROOF"):
        pytest.fail(words)
    pytest.skip(words)


@pytest.fixture(scope="session")
def needed() -> Callable[[str], None]:
    """Called with a system tool that the test needs."""
    return _needed


@pytest.fixture(scope="session")
def strace() -> None:
    """The test breaks system calls with strace."""
    _needed("strace")


@pytest.fixture(scope="session")
def unshare() -> None:
    """The test mounts a small disk of its own with unshare and nsenter (util-linux)."""
    _needed("unshare")
    _needed("nsenter")


@pytest.fixture(scope="session")
def systemd_analyze() -> None:
    """The test has systemd look at a unit."""
    _needed("systemd-analyze")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Names the proofs that were not run, and counts what the others tried and lost."""
    skipped: list[pytest.TestReport] = terminalreporter.getreports("skipped")
    missed = [report.nodeid for report in skipped if _NOT_RUN in str(report.longrepr)]
    if missed:
        terminalreporter.write_line(f"{len(missed)} proofs were not run, for want of a tool:")
        for name in missed:
            terminalreporter.write_line(f"  {name}")
    ended = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    counted = [name_value for report in ended for name_value in report.user_properties]
    points = sum(int(str(value)) for name, value in counted if name == "points")
    lost = sum(int(str(value)) for name, value in counted if name == "lost")
    if points:
        terminalreporter.write_line(f"points at which notelog was broken: {points}; lost: {lost}")
