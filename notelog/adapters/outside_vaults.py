"""What has authority or is secret lies outside vaults, which are shared and synced."""

from pathlib import Path


def vault_above(path: Path) -> Path | None:
    """The nearest folder at or above ``path`` that holds ``.obsidian``, or None."""
    whole = path.absolute()
    return next(
        (folder for folder in (whole, *whole.parents) if (folder / ".obsidian").is_dir()), None
    )
