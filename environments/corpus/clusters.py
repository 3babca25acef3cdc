"""What belongs together: videos joined by twins or near-duplicates, over any number of steps, are one cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

__all__ = ["families", "joined"]


def families(rows: Iterable[tuple[str, str | None, str | None]]) -> dict[str, str]:
    """Id → the smallest id of all that are joined with it, itself where it is alone. `rows`: (id, twins, near-duplicates)."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    first: dict[tuple[str, str], str] = {}
    for name, twins, near in rows:
        parent.setdefault(name, name)
        for kind, cluster in (("twins", twins), ("near", near)):
            if cluster:
                one, other = sorted((root(first.setdefault((kind, cluster), name)), root(name)))
                parent[other] = one
    return {name: root(name) for name in parent}


def joined(rows: Iterable[tuple[str, str | None, str | None]]) -> dict[str, str]:
    """As `families`, without those that are alone."""
    found = families(rows)
    sizes = Counter(found.values())
    return {name: family for name, family in found.items() if sizes[family] > 1}
