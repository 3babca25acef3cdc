"""Which pictures of a clip are kept: cuts found on small grey pictures, and the clearest moments of the longest scenes.

Fed once, picture by picture, in order of time; what it holds does not grow with the clip.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["STEP_S", "Chosen", "SceneKeeper", "sharpness"]

STEP_S = 0.08
"""Seconds between two pictures that are looked at: cuts need no closer look, and most pictures are decoded only."""

_CUT_LEAST = 14.0  # mean change of grey, of 255, below which nothing is a cut
_CUT_RATIO = 3.5  # a cut changes the picture this many times as much as the pictures before it did
_RECENT = 8
_SHORTEST_S = 0.4  # a flash is no scene
_BINS_A_FRAME = 4

_Picture = TypeVar("_Picture")


@dataclass(frozen=True)
class Chosen(Generic[_Picture]):
    """A picture that is kept: its time in seconds, how clear it is, and what the caller gave to hold."""

    t: float
    score: float
    held: _Picture


@dataclass
class _Scene(Generic[_Picture]):
    start: float
    end: float
    best: dict[int, Chosen[_Picture]] = field(default_factory=dict)

    @property
    def length(self) -> float:
        return self.end - self.start


class SceneKeeper(Generic[_Picture]):
    """Chooses `count` pictures of a clip beside its first. `see` takes them in order of time, `chosen` gives the result.

    A scene with a place gives its clearest picture: sharp, not changing, and not at its edge. The longest scenes have a place each; where
    there are more places than scenes, long scenes are divided (highest averages, d'Hondt): without cuts the pictures are spread evenly.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._width = 0.25  # s; doubles as the clip grows
        self._closed: list[_Scene[_Picture]] = []
        self._scene: _Scene[_Picture] | None = None
        self._before: NDArray[np.int16] | None = None
        self._at = (0.0, 0.0)  # time and clarity of the picture that was seen last
        self._changes: deque[float] = deque(maxlen=_RECENT)
        self.cuts: list[float] = []
        """When each cut was, in seconds; the first hundred."""

    def see(self, t: float, grey: NDArray[np.uint8]) -> bool:
        """Look at the picture at `t` seconds (grey, any one size); True when it is the clearest of its moment: then `keep` it."""
        now = grey.astype(np.int16)
        change = 0.0 if self._before is None else float(np.abs(now - self._before).mean())
        self._before = now
        if self._scene is None:
            self._scene = _Scene(t, t)
        elif self._is_cut(change) and t - self._scene.start >= _SHORTEST_S:
            self._close(t)
        else:
            self._changes.append(change)
        self._scene.end = t
        self._at = (t, round(sharpness(grey) / (1 + change), 6))
        known = self._scene.best.get(int(t / self._width))
        return self._count > 0 and (known is None or self._at[1] > known.score)

    def keep(self, held: _Picture) -> None:
        """Hold the picture that `see` asked for."""
        assert self._scene is not None
        bins = self._scene.best
        t, score = self._at
        bins[int(t / self._width)] = Chosen(t, score, held)
        if sum(len(scene.best) for scene in self._all()) > 2 * _BINS_A_FRAME * max(self._count, 1):
            self._widen()

    def chosen(self, end: float) -> list[Chosen[_Picture]]:
        """At most `count` pictures, in order of time; `end` is when the last picture of the clip leaves the screen."""
        if self._scene is not None:
            self._scene.end = max(end, self._scene.end)
        scenes = [scene for scene in self._all() if scene.best]
        places = _places([scene.length for scene in scenes], self._count)
        found = [each for scene, share in zip(scenes, places, strict=True) for each in _spread(scene, share)]
        return sorted(found, key=lambda each: each.t)

    def _all(self) -> Iterator[_Scene[_Picture]]:
        yield from self._closed
        if self._scene is not None:
            yield self._scene

    def _is_cut(self, change: float) -> bool:
        usual = sum(self._changes) / len(self._changes) if self._changes else 0.0
        return change > _CUT_LEAST and change > _CUT_RATIO * usual

    def _close(self, t: float) -> None:
        """End the scene at `t`. A scene shorter than `count` others can never have a place: its pictures are let go."""
        assert self._scene is not None
        self._scene.end = t
        self._closed.append(self._scene)
        if len(self._closed) > self._count:
            self._closed.remove(min(reversed(self._closed), key=lambda scene: scene.length))
        if len(self.cuts) < 100:
            self.cuts.append(t)
        self._scene = _Scene(t, t)
        self._changes.clear()

    def _widen(self) -> None:
        """Moments twice as long: of two neighbours in one scene the clearer stays."""
        self._width *= 2
        for scene in self._all():
            merged: dict[int, Chosen[_Picture]] = {}
            for each in scene.best.values():
                known = merged.get(int(each.t / self._width))
                if known is None or each.score > known.score:
                    merged[int(each.t / self._width)] = each
            scene.best = merged


def sharpness(grey: NDArray[np.uint8]) -> float:
    """Spread of the Laplacian (4 neighbours) of a grey picture: 0 for a flat one, larger where edges are crisp."""
    g = grey.astype(np.int16)
    edges = 4 * g[1:-1, 1:-1] - g[:-2, 1:-1] - g[2:, 1:-1] - g[1:-1, :-2] - g[1:-1, 2:]
    return float(edges.std()) if edges.size else 0.0


def _places(lengths: list[float], count: int) -> list[int]:
    """How many of `count` places each scene has, by highest averages (d'Hondt); the earlier of equals goes first."""
    places = [0] * len(lengths)
    for _ in range(count if lengths else 0):
        best = max(range(len(lengths)), key=lambda index: (lengths[index] / (places[index] + 1), -index))
        places[best] += 1
    return places


def _spread(scene: _Scene[_Picture], places: int) -> Iterator[Chosen[_Picture]]:
    """The clearest picture of each of `places` equal parts of the scene; of equally clear ones the middle is the most typical."""
    for part in range(places):
        low, high = (scene.start + scene.length * (part + k) / places for k in (0, 1))
        inside = [each for each in scene.best.values() if low <= each.t < high or (each.t == high and part == places - 1)]
        middle, half = (low + high) / 2, max((high - low) / 2, 1e-9)
        if inside:
            yield max(inside, key=lambda each: (each.score * (1 - 0.5 * abs(each.t - middle) / half), -each.t))
