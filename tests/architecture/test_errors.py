"""The error tree is what its page says."""

import re

import pytest

from notelog import errors
from notelog.errors import NotelogError


def all_errors(root: type[NotelogError] = NotelogError) -> list[type[NotelogError]]:
    """The tree below ``root``, itself included."""
    return [root, *(found for child in root.__subclasses__() for found in all_errors(child))]


@pytest.mark.parametrize("error", all_errors(), ids=lambda error: error.__name__)
def test_every_error_is_drawn_in_the_tree(error: type[NotelogError]) -> None:
    """The module's docstring names each class with the exit code that it has."""
    drawn = re.search(rf"\b{error.__name__}(?: +(\d+))?", errors.__doc__ or "")
    assert drawn is not None
    assert drawn[1] in {None, str(error.exit_code)}


def test_codes_are_told_apart() -> None:
    """Each class has a code of its own, in kebab case."""
    codes = [error.code for error in all_errors()]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in codes)


def test_every_error_has_a_docstring() -> None:
    """Each class says when it is raised."""
    assert all(error.__doc__ for error in all_errors())
