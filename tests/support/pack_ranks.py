"""Packs tiktoken rank files for shipping, as a script: ``pack_ranks.py cl100k_base.tiktoken ...``.

A rank file has one line for each token, in the order of the ranks: the token in base64, a blank,
its rank. Packed, it is the number of tokens (4 bytes), the length of each (1 byte), and then all
their bytes, compressed with zlib: a quarter of the size, and quick to load.
"""

import base64
import sys
import zlib
from pathlib import Path

RANKS = Path(__file__).parents[2] / "notelog" / "adapters" / "ranks"


def pack(rank_file: bytes) -> bytes:
    """The packed form of a rank file.

    Raises:
        ValueError: its ranks are not 0, 1, 2, ... in order.
    """
    rows = [line.split() for line in rank_file.split(b"\n") if line]
    if [int(rank) for _token, rank in rows] != list(range(len(rows))):
        raise ValueError("the ranks are not 0, 1, 2, ... in order")
    tokens = [base64.b64decode(token) for token, _rank in rows]
    head = len(tokens).to_bytes(4, "big") + bytes(map(len, tokens))
    return zlib.compress(head + b"".join(tokens), 9)


if __name__ == "__main__":
    for source in map(Path, sys.argv[1:]):
        (RANKS / f"{source.stem}.zlib").write_bytes(pack(source.read_bytes()))
