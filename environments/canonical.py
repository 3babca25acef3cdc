"""Canonical JSON, hashes and derived seeds: what makes two runs of one spec the same run."""

from __future__ import annotations

import hashlib
import json
import random
from typing import Any

__all__ = ["canonical_json", "content_hash", "derived_seed", "rng"]


def canonical_json(value: Any) -> str:
    """`value` as JSON with sorted keys and no spaces. Raises TypeError for what JSON cannot hold, ValueError for NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def content_hash(value: Any) -> str:
    """SHA-256 (64 hex digits) of bytes as they are, or of anything else as canonical JSON."""
    data = value if isinstance(value, bytes) else canonical_json(value).encode()
    return hashlib.sha256(data).hexdigest()


def derived_seed(*parts: str | int) -> int:
    """A seed in [0, 2**63) that depends on all `parts` and on nothing else, such as ``derived_seed(7, "order")``."""
    digest = hashlib.sha256(canonical_json(list(parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def rng(*parts: str | int) -> random.Random:
    """A random generator seeded by `derived_seed(*parts)`."""
    return random.Random(derived_seed(*parts))
