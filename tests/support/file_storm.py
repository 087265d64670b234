"""Another program that saves files in a vault, a thousand a second, until it is ended.

Run as a script: the folder, and how the files' names end. It prints a line once it has begun.
"""

import sys
import time
from pathlib import Path

RATE_HZ = 1000
FILES = 200


def main(folder: Path, ending: str) -> None:
    """Saves them; what cannot be done in time is made up for."""
    folder.mkdir(exist_ok=True)
    start, saved = time.monotonic(), 0
    while True:
        while saved < (time.monotonic() - start) * RATE_HZ:
            (folder / f"file {saved % FILES}{ending}").write_bytes(b"only words %d\n" % saved)
            saved += 1
            if saved == FILES:
                print("begun", flush=True)  # noqa: T201  # its parent waits for it
        time.sleep(0.001)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
