"""Telling an error that comes of too little memory from a defect."""

from errno import ENOMEM

NO_MEMORY = "there is not enough memory"
MORE_MEMORY = "close other programs, or raise the limit that the process runs under"

_WORDS = ("can't start new thread", "failed to map segment", "annot allocate memory")


def lacks_memory(error: BaseException) -> bool:
    """Whether an error, or what it comes from, is one of too little memory.

    Under limits of 30 to 110 MB a note of 2 MB ended in each of these. A ``SystemError`` is how
    Python itself says that an allocation failed of which it lost the error; no code of Python's
    raises it.
    """
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in seen:
        if isinstance(cause, (MemoryError, SystemError)):
            return True
        if isinstance(cause, OSError) and cause.errno == ENOMEM:
            return True
        if isinstance(cause, (ImportError, RuntimeError)) and any(
            words in str(cause) for words in _WORDS
        ):
            return True
        seen.append(cause)
        cause = cause.__cause__ or cause.__context__
    return False
