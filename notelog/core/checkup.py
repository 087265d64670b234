"""What ``notelog doctor`` finds: one remark a check."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a check ended. WARN: notelog works, and something will surprise. FAIL: it does not."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """The outcome of one check.

    Attributes:
        check: its name, a stable word in kebab case.
        verdict: how it ended.
        message: what was found, in a sentence with a lower-case start.
        hint: what to do; empty where nothing is to be done.
    """

    check: str
    verdict: Verdict
    message: str
    hint: str = ""


def ok(check: str, message: str) -> Remark:
    """All is well."""
    return Remark(check=check, verdict=Verdict.OK, message=message)


def warn(check: str, message: str, hint: str) -> Remark:
    """It works, and something will surprise."""
    return Remark(check=check, verdict=Verdict.WARN, message=message, hint=hint)


def fail(check: str, message: str, hint: str) -> Remark:
    """It does not work."""
    return Remark(check=check, verdict=Verdict.FAIL, message=message, hint=hint)
