"""Fixtures for all tests."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
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
    rows: dict[str, Proof] = {}
    for report in ended:
        rows.setdefault(report.nodeid.partition("[")[0], Proof()).add(report)
    counted = [proof for proof in rows.values() if proof.counts]
    if os.environ.get("NOTELOG_PROOF"):
        terminalreporter.write_line(f"{'points':>9}{'lost':>6}{'failed':>8}{'time':>9}  proof")
        for name, row in sorted(rows.items()):
            figures = f"{row.points:>9,}{row.lost:>6}{row.failed:>8}{row.seconds:>7.0f} s"
            for words in (name, *row.words):
                terminalreporter.write_line(f"{figures}  {words}")
                figures = " " * len(figures)
    if counted:
        points, lost = (sum(row.points for row in counted), sum(row.lost for row in counted))
        terminalreporter.write_line(f"points at which notelog was broken: {points}; lost: {lost}")


@dataclass(slots=True)
class Proof:
    """What one test tried, over all of its cases.

    Attributes:
        points: how often something was broken; the cases, where they do not count.
        lost: what was lost.
        failed: the cases that failed.
        seconds: how long it took.
        counts: whether its cases count their points.
        words: further figures.
    """

    points: int = 0
    lost: int = 0
    failed: int = 0
    seconds: float = 0.0
    counts: bool = False
    words: list[str] = field(default_factory=list[str])

    def add(self, report: pytest.TestReport) -> None:
        """Another case has ended."""
        told = {name: str(value) for name, value in report.user_properties}
        self.points += int(told.get("points", "1"))
        self.lost += int(told.get("lost", "0"))
        self.words += [told["figures"]] if "figures" in told else []
        self.failed += report.failed
        self.seconds += report.duration
        self.counts = self.counts or "points" in told
