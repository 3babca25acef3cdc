"""Answers in words against references: BLEU-4, CIDEr-D, exact match, token F1, with bootstrap intervals by item.

    bleu    of the corpus: geometric mean of the clipped n-gram precisions, n = 1 to 4, times the brevity penalty exp(1 − r/c) where the
            answers are shorter (c words) than the references closest in length (r words; of two as close the shorter). No smoothing unless
            asked for: without any 4-gram in common it is 0. "add-one" adds 1 to matches and totals of n = 2 to 4 (Lin & Och 2004, C04-1072)
            (Papineni et al. 2002, P02-1040, sections 2.1 to 2.3)
    cider   CIDEr-D: 10 × the mean over n = 1 to 4 and over references of the cosine of TF-IDF vectors of n-grams, the answer's clipped to
            the reference's, times exp(−(difference in words)² / (2 × 6²)). TF is the count; IDF is ln(items / items in whose references the
            n-gram stands), of the items scored together, so one item alone has 0 (Vedantam, Zitnick & Parikh 2015, CVPR, sections 4 and 6)
    exact   the same words as a reference, in order
    f1      harmonic mean of precision and recall of words, the best over references (Rajpurkar et al. 2016, D16-1264, section 6.1)

Words are runs of letters, their marks, and digits, apostrophes inside kept, in lower case, however a letter is composed (Unicode NFC);
of Chinese characters and Japanese kana each is a word. For exact and f1 without "a", "an" and "the". Other scripts without spaces, such
as Thai, are one word a run: figures on them mean little.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Literal
from unicodedata import category, normalize

import numpy as np

from evals.values.intervals import Interval
from evals.values.loadings import FloatArray

__all__ = ["METRICS", "Smoothing", "bleu", "cider", "exact", "f1", "text_scores", "words_of"]

Smoothing = Literal["none", "add-one"]
METRICS = ("bleu", "cider", "exact", "f1")
LONGEST = 4
"""Of the n-grams."""
_SIGMA = 6.0
_ALONE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Characters that are words by themselves: kana and Han."""
_ARTICLES = frozenset({"a", "an", "the"})
_DRAWS, _CELLS = 1000, 4_000_000

Grams = list[Counter[tuple[str, ...]]]
"""n-grams with their counts, for n = 1 to 4."""


def words_of(text: str) -> list[str]:
    """The words of a text, in order."""
    return [word.replace("’", "'") for word in _word().findall(normalize("NFC", text.casefold()))]


@cache
def _word() -> re.Pattern[str]:
    """What a word is. Marks, such as the vowels of Devanagari, are no letters to `re`."""
    marks = "".join(chr(code) for code in range(0x300, 0x20000) if category(chr(code)).startswith("M"))
    letters = rf"(?:(?![{_ALONE}])[\w{marks}])+"
    return re.compile(rf"[{_ALONE}]|{letters}(?:['’]{letters})*")


def _grams(words: Sequence[str]) -> Grams:
    return [Counter(tuple(words[at : at + n]) for at in range(len(words) - n + 1)) for n in range(1, LONGEST + 1)]


def bleu(answers: Sequence[str], references: Sequence[Sequence[str]], smoothing: Smoothing = "none") -> float:
    """BLEU-4 of the corpus, in [0, 1]; `references`: one or more for each of at least one answer."""
    parts = np.array([_bleu_parts(answer, known) for answer, known in zip(answers, references, strict=True)])
    return float(_bleu(parts.sum(axis=0)[None], smoothing)[0])


def _bleu_parts(answer: str, references: Sequence[str]) -> list[float]:
    """What adds up over a corpus: matches and totals of n = 1 to 4, words of the answer, words of the reference closest in length."""
    words, known = words_of(answer), [words_of(reference) for reference in references]
    most = [Counter[tuple[str, ...]]() for _ in range(LONGEST)]
    for grams in map(_grams, known):
        most = [one | two for one, two in zip(most, grams, strict=True)]
    own = _grams(words)
    closest = min((len(each) for each in known), key=lambda length: (abs(length - len(words)), length))
    matches = [float((one & two).total()) for one, two in zip(own, most, strict=True)]
    return [*matches, *(float(each.total()) for each in own), float(len(words)), float(closest)]


def _bleu(sums: FloatArray, smoothing: Smoothing = "none") -> FloatArray:
    """(corpora, 10) sums of `_bleu_parts` to (corpora,)."""
    matches, totals = sums[:, :LONGEST].copy(), sums[:, LONGEST : 2 * LONGEST].copy()
    own, closest = sums[:, -2], sums[:, -1]
    if smoothing == "add-one":
        matches[:, 1:] += 1
        totals[:, 1:] += 1
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(matches / totals).mean(axis=1)
        brevity = np.where(own >= closest, 0.0, 1 - closest / own)
    found: FloatArray = np.where((matches > 0).all(axis=1) & (own > 0), np.exp(np.where(np.isfinite(logs), logs, 0.0) + brevity), 0.0)
    return found


def cider(answers: Sequence[str], references: Sequence[Sequence[str]]) -> FloatArray:
    """(items,) CIDEr-D of each, from 0 to 10; the corpus has their mean."""
    known = [[_grams(words_of(reference)) for reference in several] for several in references]
    seen = [Counter(gram for several in known for gram in set().union(*(each[n] for each in several))) for n in range(LONGEST)]
    items = math.log(max(1, len(known)))

    def weighed(grams: Grams) -> list[dict[tuple[str, ...], float]]:
        """TF-IDF of the n-grams; one that no reference holds counts as in one item."""
        return [{gram: tf * (items - math.log(max(1, seen[n][gram]))) for gram, tf in grams[n].items()} for n in range(LONGEST)]

    found = np.zeros(len(known))
    for place, (answer, several) in enumerate(zip(answers, known, strict=True)):
        own = _grams(words_of(answer))
        vectors = weighed(own)
        each = [_alike(vectors, weighed(reference), own[0].total() - reference[0].total()) for reference in several]
        found[place] = 10 * sum(each) / len(each)
    return found


def _alike(own: Sequence[Mapping[tuple[str, ...], float]], reference: Sequence[Mapping[tuple[str, ...], float]], longer: int) -> float:
    """The mean over n of the clipped cosine, with the penalty for a difference of `longer` words."""
    total = 0.0
    for one, two in zip(own, reference, strict=True):
        norms = math.sqrt(sum(weight**2 for weight in one.values())) * math.sqrt(sum(weight**2 for weight in two.values()))
        product = sum(min(weight, two[gram]) * two[gram] for gram, weight in one.items() if gram in two)
        total += product / norms if norms else 0.0
    return total / LONGEST * math.exp(-(longer**2) / (2 * _SIGMA**2))


def _content(text: str) -> list[str]:
    return [word for word in words_of(text) if word not in _ARTICLES]


def exact(answer: str, references: Sequence[str]) -> float:
    """1 where the answer has the words of a reference, else 0."""
    return float(any(_content(answer) == _content(reference) for reference in references))


def f1(answer: str, references: Sequence[str]) -> float:
    """Token F1 in [0, 1], the best over the references; of two texts without words it is 1."""
    own = Counter(_content(answer))
    return max(_f1(own, Counter(_content(reference))) for reference in references)


def _f1(own: Counter[str], reference: Counter[str]) -> float:
    if not own or not reference:
        return float(own == reference)
    return 2 * (own & reference).total() / (own.total() + reference.total())


def text_scores(
    answers: Sequence[str],
    references: Sequence[Sequence[str]],
    metrics: Sequence[str] = METRICS,
    clusters: Sequence[str] | None = None,
    *,
    level: float = 0.95,
    seed: int = 0,
    smoothing: Smoothing = "none",
) -> dict[str, Interval]:
    """Each metric over at least one answer, with percentile bounds from 1,000 resamples of items, or of `clusters` of them.

    CIDEr's document frequencies stay those of all items in each resample. Fewer than three items or clusters give no bounds.
    """
    unit = np.unique(np.asarray(clusters if clusters is not None else range(len(answers))), return_inverse=True)[1]
    units = int(unit.max()) + 1
    pairs = list(zip(answers, references, strict=True))
    summed: dict[str, FloatArray] = {}
    for metric in metrics:
        if metric == "bleu":
            parts = np.array([_bleu_parts(answer, known) for answer, known in pairs])
        else:
            values = cider(answers, references) if metric == "cider" else np.array([_SINGLE[metric](*pair) for pair in pairs])
            parts = np.stack([values, np.ones(len(values))], axis=1)
        summed[metric] = np.zeros((units, parts.shape[1]))
        np.add.at(summed[metric], unit, parts)
    again = _resampled(summed, units, seed) if units > 2 else {}
    found = {}
    for metric, sums in summed.items():
        value = _value(metric, sums.sum(axis=0)[None], smoothing)[0]
        bounds = np.quantile(_value(metric, again[metric], smoothing), [0.5 - level / 2, 0.5 + level / 2]) if again else (None, None)
        low, high = (None if bound is None else float(bound) for bound in bounds)
        found[metric] = Interval(
            float(value), low, high, len(answers), "bootstrap by item" if clusters is None else "bootstrap by cluster", level
        )
    return found


def _resampled(summed: Mapping[str, FloatArray], units: int, seed: int) -> dict[str, FloatArray]:
    """By metric (draws, parts): sums over the same resamples of units, of which a bounded number is in memory at once."""
    dice, at_once = np.random.default_rng([seed, 84]), max(1, _CELLS // units)
    sizes = [min(at_once, _DRAWS - start) for start in range(0, _DRAWS, at_once)]
    together = np.hstack(list(summed.values()))
    again = np.vstack([dice.multinomial(units, np.full(units, 1 / units), size=size).astype(np.float64) @ together for size in sizes])
    ends = np.cumsum([sums.shape[1] for sums in summed.values()])[:-1]
    return dict(zip(summed, np.split(again, ends, axis=1), strict=True))


_SINGLE = {"exact": exact, "f1": f1}


def _value(metric: str, sums: FloatArray, smoothing: Smoothing) -> FloatArray:
    """(resamples,) the metric of summed parts."""
    if metric == "bleu":
        return _bleu(sums, smoothing)
    mean: FloatArray = sums[:, 0] / sums[:, 1]
    return mean
