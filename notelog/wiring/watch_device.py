"""The pin of a vault: a note that names the machine that answers it."""


def pinned(root: str) -> str:
    """The machine that the pin of a vault names; empty where there is none."""
    from pathlib import Path

    from notelog.core.device import PIN_NAME, pinned_device

    try:
        with Path(root, PIN_NAME).open("rb") as file:
            return pinned_device(file.read(64 * 1024).decode("utf-8", "replace"))
    except OSError:
        return ""


def take_over(root: str, device: str) -> None:
    """Lets this machine answer a vault: writes the pin.

    Raises:
        NoteWriteError: somebody has written more in it, or it cannot be written.
    """
    from pathlib import Path

    from notelog.adapters.files import NoteFiles
    from notelog.core.device import PIN_NAME, pinned_device, render_pin
    from notelog.errors import NoteWriteError

    pin = Path(root, PIN_NAME)
    text = render_pin(device).encode()
    other = pinned(root)
    if other == device:
        return
    if pin.exists():
        if pin.read_bytes() != render_pin(other).encode():
            raise NoteWriteError(
                f"this note names the machine that answers ({pinned_device(other) or other!r}), "
                "and somebody has written more in it",
                hint=f"write into it: answered by: {device}",
                path=str(pin),
            )
        pin.unlink()
    NoteFiles().create(str(pin), text)
