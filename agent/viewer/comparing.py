"""The same stimuli under several sessions side by side, those that were decided most differently first, and how far each two agree."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from agent.viewer.agreement import kappa, rating_r, wilson
from agent.viewer.reading import Reading, condition_of, kind_of
from agent.viewer.wire import mapping, text_of

__all__ = ["compared"]

_Decisions = dict[tuple[str, int], dict[str, Any]]


def compared(readings: Sequence[Reading]) -> dict[str, Any]:
    """As GET api/compare gives it. A clip that a session showed twice is matched with the second time in the others."""
    decisions = {reading.session.name: _decisions(reading) for reading in readings}
    clips = list(dict.fromkeys(key for each in decisions.values() for key in each))
    shown = [_clip(key, decisions) for key in clips]
    shown.sort(key=_nearness)
    return {
        "sessions": [
            {"name": reading.session.name, "label": label, "kind": kind_of(reading.record.get("spec"))}
            for reading, label in zip(readings, _labels(readings), strict=True)
        ],
        "clips": shown,
        "agreement": [_agreement(a, b, decisions) for a, b in combinations(decisions, 2)],
    }


def _decisions(reading: Reading) -> _Decisions:
    """The steps of a session by what was shown, and the how-many-th time it was."""
    found: _Decisions = {}
    times: Counter[str] = Counter()
    for row in json.loads(reading.steps()):
        if row["id"]:
            found[row["id"], times[row["id"]]] = row
            times[row["id"]] += 1
    return found


def _clip(key: tuple[str, int], decisions: Mapping[str, _Decisions]) -> dict[str, Any]:
    rows = {name: held[key] for name, held in decisions.items() if key in held}
    first = next(iter(rows.values()))
    done = {_decided(row) for row in rows.values() if row["state"] == "answered" and _decided(row)}
    frames = first["frames"]
    return {
        "id": key[0],
        "time": key[1],
        "caption": first["caption"],
        "labels": first["labels"],
        "frame": frames[len(frames) // 2]["sha256"] if frames else None,
        "decisions": {name: _decision(row) for name, row in rows.items()},
        "flip": len(done) > 1,
    }


_DEGREES = {"skip": 0, "watch": 1, "like": 2}


def _nearness(clip: Mapping[str, Any]) -> tuple[int, float, float]:
    """Sorts flips first, those that lie furthest apart leading: by what was done, then by the ratings."""
    answered = [row for row in clip["decisions"].values() if row["state"] == "answered"]
    degrees = [_DEGREES[row["done"]] for row in answered if row["done"] in _DEGREES]
    ratings = [row["rating"] for row in answered if row["rating"] is not None]
    return (0, -_spread(degrees), -_spread(ratings)) if clip["flip"] else (1, 0, 0)


def _spread(figures: Sequence[float]) -> float:
    return max(figures, default=0) - min(figures, default=0)


def _decision(row: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("state", "done", "asked", "rating", "chosen", "reason", "step", "watch_fraction", "error")
    return {name: row[name] for name in kept}


def _decided(row: Mapping[str, Any]) -> str | None:
    """What was decided: the act, or on an item that has none (a deck's), the answer."""
    if row["done"] == "pass" and row["state"] == "answered":
        return row["chosen"] or (None if row["rating"] is None else f"answer {row['rating']}")
    return None if row["done"] is None else str(row["done"])


def _agreement(a: str, b: str, decisions: Mapping[str, _Decisions]) -> dict[str, Any]:
    """Over the clips that both answered."""
    both = [(decisions[a][key], decisions[b][key]) for key in decisions[a] if key in decisions[b]]
    answered = [(one, two) for one, two in both if one["state"] == two["state"] == "answered"]
    pairs = [(x, y) for one, two in answered if (x := _decided(one)) is not None and (y := _decided(two)) is not None]
    rated = [(float(one["rating"]), float(two["rating"])) for one, two in answered if None not in (one["rating"], two["rating"])]
    same, n = sum(x == y for x, y in pairs), len(pairs)
    interval = wilson(same, n)
    return {
        "a": a,
        "b": b,
        "n": n,
        "shown_to_both": len(both),
        "same": None if interval is None else {"count": same, "share": same / n, "low": interval[0], "high": interval[1]},
        "interval": "Wilson, 95%",
        "kappa": kappa(pairs),
        "rating_r": rating_r(rated),
        "rated": len(rated),
    }


def _labels(readings: Sequence[Reading]) -> list[str]:
    """What to call each session: persona, model and a deck's condition as far as they differ, else its name."""
    specs = [mapping(reading.record.get("spec")) for reading in readings]
    heads = [(_persona(reading), text_of(spec.get("model"))) for reading, spec in zip(readings, specs, strict=True)]
    conditions = [condition_of(spec) or "" for spec in specs]
    named = [f"{model}, condition {condition}" if condition else "" for (_, model), condition in zip(heads, conditions, strict=True)]
    for labels in ([head[0] for head in heads], [head[1] for head in heads], [" · ".join(head) for head in heads], named):
        if len(set(labels)) == len(labels) and all(labels):
            return labels
    return [reading.session.name for reading in readings]


def _persona(reading: Reading) -> str:
    persona = text_of(mapping(reading.record.get("persona")).get("name"))
    return persona or text_of(mapping(reading.record.get("spec")).get("persona"))
