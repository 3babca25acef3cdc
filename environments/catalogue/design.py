"""The catalogue's design as figures, and what is required of them: counts per value, spread over topics, controls, twins, originality."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from environments.catalogue.specs import ClipSpec
from environments.catalogue.vocabulary import PICTOGRAMS
from personas.schwartz import VALUES

__all__ = ["MINIMUM", "ValueRow", "caption_overlaps", "design_failures", "is_control", "twin_failures", "twin_pairs", "value_rows"]

MINIMUM = {"clips": 480, "promote": 30, "oppose": 6, "topics": 5, "controls": 40, "twin_pairs": 10, "pictograms": 60}
"""What the catalogue must reach: counts; `promote`, `oppose`, `topics` and `twin_pairs` hold for every value."""

MAX_OVERLAP = 0.5
"""Largest share of word 5-grams that two captions may have in common, of the smaller set."""

MAX_TWIN_CHARACTERS = 3
"""Most characters by which the captions of twins may differ; their number of words is the same."""

_SAME_IN_TWINS = ("topic", "overlay", "author", "sound", "duration_s", "scene")


@dataclass(frozen=True)
class ValueRow:
    """The design of one value: clips that promote it (loading > 0) and oppose it (< 0), the topics of each, and twin pairs."""

    code: str
    promote: int
    oppose: int
    promote_topics: int
    oppose_topics: int
    twin_pairs: int


def twin_pairs(clips: Sequence[ClipSpec]) -> dict[str, tuple[ClipSpec, ClipSpec]]:
    """Whole pairs by cluster, as (carries, plain)."""
    groups: dict[str, list[ClipSpec]] = defaultdict(list)
    for clip in clips:
        if clip.cluster is not None:
            groups[clip.cluster].append(clip)
    whole = {name: sorted(pair, key=lambda c: c.twin or "") for name, pair in groups.items() if len(pair) == 2}
    return {name: (pair[0], pair[1]) for name, pair in whole.items() if [c.twin for c in pair] == ["carries", "plain"]}


def is_control(clip: ClipSpec) -> bool:
    """Whether the clip is a value-free control: no loading, and no plain twin."""
    return not clip.values and clip.twin is None


def value_rows(clips: Sequence[ClipSpec]) -> list[ValueRow]:
    """One row a value, in circular order. A twin pair counts for the value that leads in the carrying twin."""
    pairs = Counter(carries.stratum[:2] for carries, _ in twin_pairs(clips).values())
    rows = []
    for code in VALUES:
        promote = [clip for clip in clips if clip.values.get(code, 0) > 0]
        oppose = [clip for clip in clips if clip.values.get(code, 0) < 0]
        topics = [len({clip.topic for clip in side}) for side in (promote, oppose)]
        rows.append(ValueRow(code, len(promote), len(oppose), topics[0], topics[1], pairs[code]))
    return rows


def caption_overlaps(clips: Sequence[ClipSpec], above: float = MAX_OVERLAP) -> list[tuple[str, str, float]]:
    """Pairs of clips, twins excepted, that share more than `above` of their captions' word 5-grams, as (id, id, share in 0..1).

    The share is of the smaller of the two sets.
    """
    grams = {clip.id: _grams(clip.caption) for clip in clips}
    cluster = {clip.id: clip.cluster for clip in clips}
    holders: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, found in grams.items():
        for gram in found:
            holders[gram].append(name)
    shared = Counter(pair for names in holders.values() if len(names) > 1 for pair in combinations(names, 2))
    result = []
    for (a, b), count in shared.items():
        share = count / min(len(grams[a]), len(grams[b]))
        if share > above and (cluster[a] is None or cluster[a] != cluster[b]):
            result.append((a, b, share))
    return sorted(result)


def twin_failures(clips: Sequence[ClipSpec]) -> Iterator[str]:
    """What is wrong with twins, one line each."""
    pairs = twin_pairs(clips)
    sizes = Counter(clip.cluster for clip in clips if clip.cluster is not None)
    for cluster in sorted(set(sizes) - set(pairs)):
        yield f'twins {cluster}: {sizes[cluster]} clips; a pair is one "carries" and one "plain"'
    for cluster, (carries, plain) in sorted(pairs.items()):
        for field in _SAME_IN_TWINS:
            if getattr(carries, field) != getattr(plain, field):
                yield f"twins {cluster}: {field} differs between {carries.id} and {plain.id}; make it the same"
        words = len(carries.caption.split()), len(plain.caption.split())
        if words[0] != words[1]:
            yield f"twins {cluster}: captions have {words[0]} (carries) and {words[1]} (plain) words; make them equal"
        gap = abs(len(carries.caption) - len(plain.caption))
        if gap > MAX_TWIN_CHARACTERS:
            yield f"twins {cluster}: captions differ by {gap} characters; at most {MAX_TWIN_CHARACTERS}"
        if not carries.values:
            yield f"twins {cluster}: {carries.id} carries no value; give it one"
        elif plain.values.get(carries.stratum[:2]):
            yield f"twins {cluster}: {plain.id} carries {carries.stratum[:2]} too; remove it there"


def design_failures(clips: Sequence[ClipSpec]) -> list[str]:
    """Every requirement that the clips do not meet, one line each; empty when the design holds."""
    failures = [*_count_failures(clips), *twin_failures(clips)]
    failures += [
        f"captions of {a} and {b} share {share:.0%} of their 5-grams; at most {MAX_OVERLAP:.0%}" for a, b, share in caption_overlaps(clips)
    ]
    unknown = {name for clip in clips for name in clip.scene.pictograms} - set(PICTOGRAMS)
    failures += [f"pictogram {name!r} is not known" for name in sorted(unknown)]
    return failures


def _count_failures(clips: Sequence[ClipSpec]) -> Iterator[str]:
    totals = {"clips": len(clips), "controls": sum(map(is_control, clips)), "pictograms": len(PICTOGRAMS)}
    for what, count in totals.items():
        if count < MINIMUM[what]:
            yield f"{what}: {count}; at least {MINIMUM[what]}"
    for row in value_rows(clips):
        figures = (
            ("promote", row.promote, "clips promote it"),
            ("oppose", row.oppose, "clips oppose it"),
            ("topics", row.promote_topics, "topics among the clips that promote it"),
            ("topics", row.oppose_topics, "topics among the clips that oppose it"),
            ("twin_pairs", row.twin_pairs, "twin pairs"),
        )
        for key, count, text in figures:
            if count < MINIMUM[key]:
                yield f"{row.code}: {count} {text}; at least {MINIMUM[key]}"


def _grams(caption: str, n: int = 5) -> set[tuple[str, ...]]:
    """Word n-grams in lower case; a shorter caption is one gram."""
    words = re.findall(r"\w+", caption.lower())
    return {tuple(words[i : i + n]) for i in range(max(1, len(words) - n + 1))}
