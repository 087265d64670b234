"""Reads front matter with ruamel.yaml, safely."""

from notelog.core.frontmatter import FrontMatterFault, FrontMatterValues


def read_front_matter(block: str) -> FrontMatterValues | FrontMatterFault | None:
    """Reads a YAML mapping."""
    raise NotImplementedError
