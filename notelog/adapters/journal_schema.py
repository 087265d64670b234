"""The journal's database: where it is, how it is made, and its schema by numbered migrations."""

import os
import stat
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from notelog.adapters.journal_made import forget_made, mark_made, refuse_emptied
from notelog.adapters.journal_recognition import BUSY_TIMEOUT_S, database_of, find_database
from notelog.adapters.journal_rows import read_only
from notelog.adapters.places import is_inside, private_folder, sync_folder
from notelog.errors import JournalError

if TYPE_CHECKING:
    from sqlite3 import Connection
    from sqlite3 import Error as SqliteError

_MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE vault (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            device TEXT NOT NULL,
            inode TEXT NOT NULL,
            path BLOB NOT NULL
        )""",
        """CREATE TABLE turn (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            turn_key TEXT NOT NULL,
            attempt INTEGER NOT NULL,
            note BLOB NOT NULL,
            profile BLOB NOT NULL,
            model BLOB NOT NULL,
            prompt_tokens INTEGER NOT NULL,
            prompt BLOB NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('intent', 'sent', 'received', 'delivered',
                'failed', 'in-doubt', 'abandoned')),
            reason BLOB NOT NULL DEFAULT x'',
            started_at REAL NOT NULL,
            changed_at REAL NOT NULL
        )""",
        "CREATE INDEX turn_by_key ON turn (turn_key, id)",
        "CREATE INDEX turn_by_note ON turn (note, id)",
        """CREATE TABLE part (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            turn_id INTEGER NOT NULL REFERENCES turn (id) ON DELETE CASCADE,
            text BLOB NOT NULL,
            reasoning BLOB NOT NULL,
            refusal BLOB NOT NULL,
            finish_reason BLOB NOT NULL,
            model BLOB NOT NULL,
            prompt_tokens INTEGER,
            completion_tokens INTEGER,
            cached_tokens INTEGER,
            reasoning_tokens INTEGER
        )""",
        "CREATE INDEX part_by_turn ON part (turn_id, id)",
        """CREATE TABLE reply (
            turn_id INTEGER PRIMARY KEY REFERENCES turn (id) ON DELETE CASCADE,
            state TEXT NOT NULL,
            text BLOB NOT NULL,
            reasoning BLOB NOT NULL,
            refusal BLOB NOT NULL,
            fault BLOB NOT NULL,
            finish_reason BLOB NOT NULL,
            model BLOB NOT NULL,
            prompt_tokens INTEGER,
            completion_tokens INTEGER,
            cached_tokens INTEGER,
            reasoning_tokens INTEGER,
            ended_at REAL NOT NULL
        )""",
        """CREATE TABLE landing (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            turn_id INTEGER NOT NULL REFERENCES turn (id) ON DELETE CASCADE,
            byte_offset INTEGER NOT NULL,
            byte_length INTEGER NOT NULL,
            sha256 TEXT NOT NULL,
            inserted BLOB NOT NULL,
            planned_at REAL NOT NULL
        )""",
        "CREATE INDEX landing_by_turn ON landing (turn_id, id)",
    ),
    (
        "ALTER TABLE turn ADD COLUMN reply_tokens INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE turn ADD COLUMN price_prompt REAL",
        "ALTER TABLE turn ADD COLUMN price_reply REAL",
        "ALTER TABLE turn ADD COLUMN price_cached REAL",
        "ALTER TABLE turn ADD COLUMN currency BLOB NOT NULL DEFAULT x''",
        "CREATE INDEX turn_by_time ON turn (started_at)",
    ),
    (
        # one landing may have several pieces; before, only its main piece was kept
        "ALTER TABLE landing ADD COLUMN batch INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE landing ADD COLUMN invites INTEGER NOT NULL DEFAULT 0",
        "UPDATE landing SET batch = id",
    ),
    # what is asked on the way to a reply is a turn too: see ``core.derived``
    ("ALTER TABLE turn ADD COLUMN purpose TEXT NOT NULL DEFAULT 'reply'",),
    (
        "ALTER TABLE turn ADD COLUMN ticks INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE turn ADD COLUMN continues INTEGER NOT NULL DEFAULT 0",
        """CREATE TABLE callout (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            turn_key TEXT NOT NULL,
            note BLOB NOT NULL,
            inserted BLOB NOT NULL,
            planned_at REAL NOT NULL
        )""",
        "CREATE INDEX callout_by_key ON callout (turn_key, id)",
        "CREATE TABLE stop_wish (note BLOB PRIMARY KEY, asked_at REAL NOT NULL) WITHOUT ROWID",
    ),
    ("ALTER TABLE turn ADD COLUMN covers TEXT NOT NULL DEFAULT ''",),
    (
        # where it was appended, so that one of which a part was written is known
        "ALTER TABLE callout ADD COLUMN byte_offset INTEGER NOT NULL DEFAULT -1",
        "CREATE INDEX callout_by_note ON callout (note, id)",
    ),
    # those in the configuration when a turn was named, besides the usual ones
    ("CREATE TABLE end_marks (marks TEXT PRIMARY KEY) WITHOUT ROWID",),
    ("ALTER TABLE turn ADD COLUMN refused TEXT NOT NULL DEFAULT ''",),
    ("ALTER TABLE turn ADD COLUMN on_way_to TEXT NOT NULL DEFAULT ''",),
    # of all that was ever asked next to nothing is unfinished
    ("CREATE INDEX turn_by_state ON turn (state, id)",),
)


@contextmanager
def journal_errors(path: str) -> Generator[None]:
    """Turns the database's errors into sentences.

    Raises:
        JournalError: the database could not do what was asked.
    """
    import sqlite3

    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise _explained(error, path) from error


def journal_folder(vault_root: str, state_dir: str) -> str:
    """The folder of all journals, made private to the user.

    Raises:
        JournalError: it would lie inside the vault, belongs to somebody else, or cannot be made.
    """
    folder = _place(vault_root, state_dir)
    private_folder(state_dir)
    private_folder(folder)
    private_folder(str(Path(folder, "locks")))
    _refuse_foreign(folder)
    return folder


def _place(vault_root: str, state_dir: str) -> str:
    """Where the journals are; never in the vault."""
    folder = str(Path(state_dir, "journal"))
    if is_inside(folder, vault_root) and not _is_plain_home(vault_root):
        raise JournalError(
            f"the state folder lies inside the vault {vault_root}, and a vault holds notes only",
            hint="name a folder outside of it with NOTELOG_STATE_DIR",
            path=state_dir,
        )
    return folder


def _is_plain_home(folder: str) -> bool:
    """Whether a folder is the user's home or above it, and no vault of Obsidian's.

    A note that lies there, in no vault, has that folder for its vault, and the state folder lies
    below it wherever it is.
    """
    home = os.path.expanduser("~")  # noqa: PTH111  # Path.home raises where there is none
    return is_inside(home, folder) and not Path(folder, ".obsidian").exists()


def _refuse_foreign(folder: str) -> None:
    if os.name != "posix":
        return
    status = Path(folder).stat()
    user = os.geteuid()
    if user not in {status.st_uid, 0}:
        raise JournalError(
            "the state folder belongs to another user",
            hint="name one of your own with NOTELOG_STATE_DIR",
            path=folder,
        )
    if stat.S_IMODE(status.st_mode) & 0o077:
        Path(folder).chmod(0o700)


def open_database(vault_root: str, folder: str) -> tuple["Connection", str]:
    """Opens a vault's database, and makes it where there is none.

    A database is named by a hash of the vault's device and inode, which a moved vault keeps.
    Where there is none of that name, one that was last used for this device and inode is taken,
    else one for this very path, else one whose vault is gone and whose questions stand here.

    Returns:
        The connection and the database's path.

    Raises:
        JournalError: it cannot be used, was emptied, or a newer notelog wrote it.
    """
    with journal_errors(folder):
        status = Path(vault_root).stat()
        identity = (str(status.st_dev), str(status.st_ino))
        path = find_database(vault_root, folder) or database_of(folder, identity)
    with journal_errors(path):
        refuse_emptied(path)
        forget_made(path)
        _make_private_file(path)
        connection = _connect(path)
        try:
            _migrate(connection, path)
            _remember(connection, identity, vault_root)
            mark_made(path)
        except BaseException:
            connection.close()
            raise
    return connection, path


def checked_database(vault_root: str, state_dir: str) -> str:
    """Reads all of a vault's database, and changes nothing.

    Returns:
        Its path; empty where there is none yet.

    Raises:
        JournalError: it would lie inside the vault, cannot be read, was emptied or is damaged.
    """
    root = os.path.realpath(vault_root)
    folder = _place(root, state_dir)
    with journal_errors(folder):
        path = find_database(root, folder)
    if not path:
        return ""
    with journal_errors(path):
        refuse_emptied(path)
        with closing(read_only(Path(path), timeout_s=1.0)) as connection:
            found: tuple[str] = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != ("ok",):
        message, hint = _CAUSES["SQLITE_CORRUPT"]
        raise JournalError(message, hint=hint, path=path)
    return path


def open_recorded(path: str) -> tuple["Connection", str]:
    """Opens a database that is there, whatever became of its vault.

    Returns:
        The connection, and the vault's path where it was last seen.

    Raises:
        JournalError: it cannot be used, was emptied, or a newer notelog wrote it.
    """
    with journal_errors(path):
        refuse_emptied(path)
        connection = _connect(path)
        try:
            _migrate(connection, path)
            row: tuple[bytes] | None = connection.execute("SELECT path FROM vault").fetchone()
        except BaseException:
            connection.close()
            raise
    return connection, os.fsdecode(row[0]) if row else ""


def _connect(path: str) -> "Connection":
    """A connection whose commits are on the disk when they return, as a power cut would find it.

    Several threads may use it, one at a time.
    """
    import sqlite3

    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA temp_store = MEMORY")  # private text must not reach /tmp
    if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")  # macOS; no effect elsewhere
    connection.execute("PRAGMA checkpoint_fullfsync = ON")
    return connection


@contextmanager
def transaction(connection: "Connection") -> Generator[None]:
    """All or nothing, with the write lock from the start; durable when it ends."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def durable_later(connection: "Connection") -> Generator[None]:
    """What is committed within it is on the disk when the next commit after it is.

    A process that is killed loses nothing of it; a power cut may lose it whole. In WAL mode a
    commit syncs the whole log, so one fsync serves for both: each is 0.5 to 7 ms of waiting.
    """
    connection.execute("PRAGMA synchronous = NORMAL")
    try:
        yield
    finally:
        connection.execute("PRAGMA synchronous = FULL")


def _version(connection: "Connection") -> int:
    row: tuple[int] = connection.execute("PRAGMA user_version").fetchone()
    return row[0]


def _migrate(connection: "Connection", path: str) -> None:
    if _version(connection) == len(_MIGRATIONS):
        return
    with transaction(connection):
        version = _version(connection)
        if version > len(_MIGRATIONS):
            raise JournalError(
                f"the journal was written by a newer notelog (schema {version})",
                hint="update notelog",
                path=path,
            )
        for statements in _MIGRATIONS[version:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")


def _remember(connection: "Connection", identity: tuple[str, str], vault_root: str) -> None:
    wanted = (*identity, os.fsencode(vault_root))
    if connection.execute("SELECT device, inode, path FROM vault").fetchone() == wanted:
        return
    with transaction(connection):
        connection.execute(
            "INSERT OR REPLACE INTO vault (id, device, inode, path) VALUES (1, ?, ?, ?)", wanted
        )


def _make_private_file(path: str) -> None:
    """Makes the database's file before SQLite does: private from its first instant."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        with suppress(PermissionError):
            Path(path).chmod(0o600)
        return
    os.close(descriptor)
    Path(path).chmod(0o600)  # the umask may have taken away more than it should
    sync_folder(Path(path).parent)


_CAUSES = {
    "SQLITE_FULL": ("the disk that holds the journal is full", "free some space"),
    "SQLITE_BUSY": ("another notelog process keeps the journal busy", "try again when it is done"),
    "SQLITE_CORRUPT": (
        "the journal is damaged",
        "move the file away: notes that are answered stay so, and a new journal is begun",
    ),
    "SQLITE_NOTADB": (
        "the journal is no database",
        "move the file away: notes that are answered stay so, and a new journal is begun",
    ),
    "SQLITE_READONLY": ("the journal is read-only", "make its file and folder writable"),
    "SQLITE_CANTOPEN": ("the journal cannot be opened", "look at its folder's permissions"),
    "SQLITE_IOERR": ("the disk reported an error under the journal", "look at the disk"),
}


def _explained(error: "SqliteError | OSError", path: str) -> JournalError:
    if isinstance(error, OSError):
        return JournalError(
            f"the journal cannot be used: {error.strerror or error}",
            hint="look at the state folder, or name another one with NOTELOG_STATE_DIR",
            path=path,
        )
    name: str = getattr(error, "sqlite_errorname", "")
    primary = "_".join(name.split("_")[:2])
    fallback = (f"the journal cannot be used: {error}", "look at the state folder")
    message, hint = _CAUSES.get(primary, fallback)
    return JournalError(message, hint=hint, path=path)
