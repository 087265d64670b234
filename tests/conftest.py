"""Fixtures for all tests."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from local_chat import local_profile

from notelog.adapters.local_server import EmbeddedServer
from notelog.adapters.model_files import user_models_folder
from notelog.ports import Endpoint

# A slow machine must fail no test; the same examples on every run of continuous integration.
settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")

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
