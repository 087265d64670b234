"""How notelog is installed once more, for a hint: it is on no package registry."""

_EXTRAS = {"local": "xllamacpp", "keyring": "keyring"}


def install_again(extra: str = "") -> str:
    """The commands that install notelog from a clone, whichever it was installed with.

    Args:
        extra: an extra that is wished; those that are there stay, since each command would drop
            them.
    """
    extras = [name for name, package in _EXTRAS.items() if name == extra or _is_there(package)]
    place = f'".[{",".join(extras)}]"' if extras else "."
    return (
        "in the folder of a clone of notelog, with what it was installed with:"
        f" uv tool install --reinstall {place}, pipx install --force {place},"
        f" or pip install --force-reinstall {place}"
    )


def _is_there(package: str) -> bool:
    from importlib.metadata import PackageNotFoundError, version

    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True
