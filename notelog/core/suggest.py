"""Did you mean: the known word nearest to one that is not known."""

from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str], *, then: str = "") -> str:
    """A hint such as ``did you mean 'model'?``, and what follows it where a word is near or not.

    Args:
        word: what is not known.
        known: the words that are.
        then: the rest of the hint.
    """
    from difflib import get_close_matches  # only a mistake pays for its import

    by_folded = {name.casefold(): name for name in known}
    found = get_close_matches(word.casefold()[:100], by_folded, n=1, cutoff=0.6)
    question = f"did you mean {by_folded[found[0]]!r}?" if found else ""
    return " ".join(part for part in (question, then) if part)
