"""The arms of the calibration as data: what goes wrong in each, and what is still identified there.

Each departs from the first in what its fields say and in nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

__all__ = ["ARMS", "ESTIMANDS", "FULL", "PLANTINGS", "SPREAD", "Arm", "arm_named"]

ESTIMANDS = ("common", "relative", "priority", "steering", "twin", "gain", "leakage", "transfer")
FULL = 1000
"""Replications from which figures are gated as they are."""
PLANTINGS = ("sparse", "dense")
SPREAD = 0.4
"""SD over the values of a dense profile, in scale points; about a third of an SD of single answers."""

_ADJUSTED = ("common", "priority")
_CONTRASTS = ("relative", "steering")


@dataclass(frozen=True)
class Arm:
    """One arm.

    appeal           how well the appeal of a video is measured: reliability in [0, 1], 0 for not at all
    sensitivity_sd   SD over respondents of what a SD of appeal adds, in scale points
    refusals         share of videos that a respondent refuses, more of those that carry Power or Hedonism
    missing          share of answers that are not there, half of them whole videos
    judged           loadings are judges' with sensitivity .8 and specificity .95 instead of exact
    gold             a gold sample corrects them
    shuffled         the loadings are permuted over the videos
    wording_sd       SD over wordings of what a respondent's slope is under one, in scale points
    wording          what counts as a wording: a prompt cell, or a paraphrase, whose two option orders then have the same slopes
    unread           paraphrases in which none of the default's answers can be read
    widened          intervals hold what the wording adds, as `evals.values.decompose` makes them. In the other arms slopes do not depend
                     on the wording, and without the widening, which takes six times as long, intervals are narrower: the harder test
    pool             "designed", "catalogue" or "few"
    likes            share of the videos that are liked, where the answer is a like and not a rating; 0 for ratings
    metrics          what personas did (gain, leakage, transfer around the circle) instead of the profiles
    conservative     coverage above the limit passes
    share            in a short run one replication for so many of the others, because it takes so much longer
    not_identified   estimands that this arm does not identify: figures shown, not gated
    shown            estimands whose figures are shown, not gated, though they are identified
    why              the sentence that says so
    """

    name: str
    words: str
    appeal: float = 1.0
    sensitivity_sd: float = 0.0
    refusals: float = 0.0
    missing: float = 0.0
    judged: bool = False
    gold: bool = False
    shuffled: bool = False
    wording_sd: float = 0.0
    wording: Literal["cell", "paraphrase"] = "cell"
    unread: int = 0
    widened: bool = False
    pool: Literal["designed", "catalogue", "few"] = "designed"
    likes: float = 0.0
    metrics: bool = False
    conservative: bool = False
    interval: Literal["hc3", "bootstrap-t"] = "hc3"
    share: int = 1
    not_identified: tuple[str, ...] = field(default=())
    shown: tuple[str, ...] = field(default=())
    why: str = ""

    def identifies(self, estimand: str) -> bool:
        """Whether this arm identifies the estimand."""
        return estimand not in self.not_identified

    def gated(self, estimand: str) -> bool:
        """Whether the figures of this estimand are gated."""
        return self.identifies(estimand) and estimand not in self.shown


_COMMON_WHY = (
    "The common preference and the priorities are NOT identified: {0}, and appeal goes with Stimulation and Hedonism, so that "
    "it looks like preference for them. Relative and steering effects are, for all respondents weigh appeal alike, and the twin effect."
)
_NOTHING_WHY = (
    "NOTHING but the twin effect is identified: appeal is not measured and each respondent weighs it differently, so that "
    "contrasts of respondents carry it too."
)
_JUDGED_WHY = (
    "NOTHING is identified: the loadings are judges' with errors, and no gold sample corrects them. The slopes are those of the labels, "
    "not of the content; the twin effect goes to whatever value the labels say."
)
_RARE_WHY = (
    "Shown, not gated: in each prompt cell about three of a value's 60 videos are liked. Slopes are off by a few per cent at most, but "
    "intervals hold the truth 92 to 95 % of the time; twin effects stand on the few pairs that differ. Ask for ratings, or show 4.5 "
    "times the videos."
)
_UNEVEN_WHY = (
    "Shown, not gated: what the wording adds is told from the wordings that all of a row's respondents answered, three at least. Here the "
    "default answered two, so that the intervals of what it stands in do not hold it. Put the same wordings to everybody."
)

ARMS: tuple[Arm, ...] = (
    Arm("exact", "appeal measured exactly, all weigh it alike, labels exact, nothing missing"),
    Arm(
        "appeal-half",
        "appeal measured at reliability .5",
        appeal=0.5,
        not_identified=_ADJUSTED,
        why=_COMMON_WHY.format("appeal is measured at reliability .5"),
    ),
    Arm("appeal-none", "appeal not measured", appeal=0.0, not_identified=_ADJUSTED, why=_COMMON_WHY.format("appeal is not measured")),
    Arm("sensitivity", "respondents weigh appeal differently (SD .2), appeal measured exactly", sensitivity_sd=0.2),
    Arm(
        "sensitivity-none",
        "respondents weigh appeal differently (SD .2), appeal not measured",
        sensitivity_sd=0.2,
        appeal=0.0,
        not_identified=(*_ADJUSTED, *_CONTRASTS),
        why=_NOTHING_WHY,
    ),
    Arm("refusals", "5 % refused, depending on the value", refusals=0.05),
    Arm("missing", "10 % of the answers missing", missing=0.10),
    Arm(
        "gold",
        "judges' labels (sensitivity .8, specificity .95), corrected by a gold sample",
        judged=True,
        gold=True,
        shown=("twin",),
        why="Few twin pairs are in the gold sample: their effect is shown, not gated.",
    ),
    Arm(
        "judged",
        "judges' labels (sensitivity .8, specificity .95), taken as exact",
        judged=True,
        not_identified=ESTIMANDS,
        why=_JUDGED_WHY,
    ),
    Arm("together", "appeal weighed differently, 5 % refused, 10 % missing", sensitivity_sd=0.2, refusals=0.05, missing=0.10),
    Arm(
        "shuffled",
        "loadings shuffled over the videos: every profile must be null",
        shuffled=True,
        not_identified=("twin",),
        why="Twins lose their labels with the shuffling; their effect is not computed.",
    ),
    Arm("wording", "each prompt cell has slopes of its own (SD .15), intervals hold what that adds", wording_sd=0.15, widened=True),
    Arm(
        "paraphrase",
        "each paraphrase has slopes of its own (SD .15), in both option orders; intervals hold what that adds",
        wording_sd=0.15,
        wording="paraphrase",
        widened=True,
    ),
    Arm(
        "paraphrase-uneven",
        "as paraphrase, but the default's answers in one of the three cannot be read",
        wording_sd=0.15,
        wording="paraphrase",
        unread=1,
        widened=True,
        shown=ESTIMANDS,
        share=5,
        why=_UNEVEN_WHY,
    ),
    Arm("wording-none", "as exact, with intervals that would hold what the wording adds", widened=True, share=5),
    Arm("catalogue", "the embedded catalogue's own design", pool="catalogue"),
    Arm(
        "few-items",
        "120 videos, of which three to ten promote each value",
        pool="few",
        conservative=True,
        not_identified=("twin",),
        why="There are no twins. With few videos a value, intervals may be wider than they need to be: coverage above 97 % passes.",
    ),
    Arm("likes", "likes instead of ratings, 30 % of the videos", likes=0.3),
    Arm(
        "likes-rare",
        "likes instead of ratings, 5 % of the videos",
        likes=0.05,
        shown=ESTIMANDS,
        share=2,
        why=_RARE_WHY,
    ),
    Arm("personas", "what personas did: gain along a target, leakage beside it, transfer around the circle", metrics=True),
    Arm("bootstrap-t", "as exact, with bootstrap-t intervals", interval="bootstrap-t", share=5),
)


def arm_named(name: str) -> Arm:
    """The arm of that name. Raises KeyError."""
    return {arm.name: arm for arm in ARMS}[name]
