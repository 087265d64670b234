"""The golden cases of writing: a note before, a reply, the note after."""

from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parents[1] / "corpus" / "write"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteCase:
    """One case; the model is called ``m``."""

    name: str
    before: bytes
    reply: str
    after: bytes


def write_cases() -> list[WriteCase]:
    """All cases, by name."""
    return [_read(path) for path in sorted(_FOLDER.glob("*.before.md"))]


def _read(path: Path) -> WriteCase:
    name = path.name.removesuffix(".before.md")
    return WriteCase(
        name=name,
        before=path.read_bytes(),
        reply=(_FOLDER / f"{name}.reply.txt").read_bytes().decode(),
        after=(_FOLDER / f"{name}.after.md").read_bytes(),
    )
