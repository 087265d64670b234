"""Kinds of file systems, and what they mean for a watcher."""

NETWORK_KINDS = frozenset(
    {
        "9p", "afs", "ceph", "cifs", "davfs", "drvfs", "glusterfs", "lustre", "ncpfs", "nfs",
        "nfs4", "prl_fs", "smb3", "smbfs", "vboxsf", "virtiofs", "webdav",
    }
)  # fmt: skip
"""File systems on which changes made elsewhere give no events here, as mount(8) names them."""


def gives_events(kind: str) -> bool:
    """Whether a file system tells of every change, wherever it was made."""
    return kind not in NETWORK_KINDS and not kind.startswith("fuse.")
