"""Fixtures for the end-to-end tests."""

from pathlib import Path

import pytest
from program import Program


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Notelog with empty configuration, state and cache folders."""
    return Program(tmp_path / "home")


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """An empty vault."""
    folder = tmp_path / "库 vault"
    (folder / ".obsidian").mkdir(parents=True)
    return folder
