"""At which moments of a clip pictures are taken."""

from __future__ import annotations

__all__ = ["moments"]


def moments(frames: int, first_moment: bool = False) -> tuple[float, ...]:
    """`frames` moments as fractions of the clip in [0, 1): the midpoints of equal parts.

    With `first_moment` the first is the very beginning, which is what a glance sees, and the midpoints are those of `frames` − 1 equal
    parts. Raises ValueError for fewer than one frame, or fewer than two with `first_moment`.
    """
    if frames < (2 if first_moment else 1):
        raise ValueError(f"too few frames: {frames}")
    parts = frames - 1 if first_moment else frames
    midpoints = tuple((part + 0.5) / parts for part in range(parts))
    return (0.0, *midpoints) if first_moment else midpoints
