"""Did you mean: the known word nearest to one that is not known."""

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that ``word`` is most likely a slip of; empty where none is near."""
    from difflib import get_close_matches  # only a mistake pays for its import

    by_folded = {name.casefold(): name for name in known}
    found = get_close_matches(word.casefold()[:100], by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A question for a hint, such as ``did you mean 'model'?``; empty where no word is near."""
    found = nearest(word, known)
    return f"did you mean {found!r}?" if found else ""
