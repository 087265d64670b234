"""What the tests of one piece share."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from watch_world import World


@pytest.fixture
def world() -> "World":
    """A watched vault that is empty; a few files have one of their own."""
    from watch_world import World

    world = World()
    world.let_pass(5)
    return world
