"""A respondent's distribution of answers: from the log-probabilities of the options, or from repeated answers; both orders alike.

Within an order of the options the answers are averaged, then the orders are. A question that was answered in one order alone has none:
what the place of an option does could not be told from what it says.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from evals.culture.reading import Material, Question
from evals.culture.survey import Exclusion
from evals.values.loadings import FloatArray

__all__ = ["COUNTS", "LOGPROBS", "Answered", "distributions", "softmax"]

LOGPROBS, COUNTS = "log-probabilities", "counts"


@dataclass(frozen=True)
class Answered:
    """Shares by option (k,) of one respondent in one condition about one country.

    answers  behind it; apart: Jensen–Shannon divergence, base 2, among the distributions in each order, in [0, 1] for two orders
    """

    shares: FloatArray
    answers: int
    method: str
    apart: float


Key = tuple[str, str, str, str]
"""Respondent, condition, country ("" for none), question."""


def distributions(material: Material, source: str = "auto") -> tuple[dict[Key, Answered], list[Exclusion]]:
    """Every distribution, and what has none and why.

    source  "logprobs": of replies with one for each option alone; "counts": of answers alone; "auto": for a respondent and a question
            the log-probabilities where all its answers have them in all conditions, else counts, so that conditions stay comparable
    """
    groups: dict[Key, list[Mapping[str, Any]]] = defaultdict(list)
    columns = ("respondent", "condition", "country", "item", "state", "repeat", "option", "logprobs")
    for row in material.answers.select(columns).iter_rows(named=True):
        if row["item"] in material.questions:
            groups[row["respondent"], row["condition"], row["country"], row["item"]].append(row)
    bare = {(key[0], key[3]) for key, rows in groups.items() if any(row["option"] is not None and row["logprobs"] is None for row in rows)}
    found: dict[Key, Answered] = {}
    out: list[Exclusion] = []
    for key, rows in groups.items():
        method = {"logprobs": LOGPROBS, "counts": COUNTS}.get(source) or (COUNTS if (key[0], key[3]) in bare else LOGPROBS)
        question = material.questions[key[3]]
        answered = [row for row in rows if row["option"] is not None and (method == COUNTS or row["logprobs"] is not None)]
        result = _distribution(question, answered, method)
        if isinstance(result, Answered):
            found[key] = result
        else:
            out.append(Exclusion(key[3], key[2], key[1], key[0], _why(rows, result, method)))
    return found, out


def softmax(logprobs: Sequence[float]) -> FloatArray:
    """Log-probabilities (k,) as shares that sum to 1 over these options alone."""
    values = np.asarray(logprobs, dtype=np.float64)
    weights = np.exp(values - values.max())
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def _distribution(question: Question, rows: Sequence[Mapping[str, Any]], method: str) -> Answered | str:
    """The distribution, or why there is none."""
    count = len(question.options)
    orders: dict[int, list[FloatArray]] = defaultdict(list)
    for row in rows:
        if method == LOGPROBS:
            share = softmax(row["logprobs"])
        else:
            share = np.zeros(count)
            share[row["option"]] = 1.0
        orders[row["repeat"] % (2 if question.ordinal else count)].append(share)
    if len(orders) < 2:
        return "answered in one order of its options alone" if orders else ""
    means = np.stack([np.mean(each, axis=0) for _, each in sorted(orders.items())])
    shares = means.mean(axis=0)
    return Answered(shares, len(rows), method, _apart(means, shares))


def _apart(means: FloatArray, centre: FloatArray) -> float:
    """Generalised Jensen–Shannon divergence (Lin 1991, equal weights), base 2."""
    ratio = np.divide(means, centre, out=np.ones_like(means), where=centre > 0)
    terms = np.where(means > 0, means * np.log2(np.where(means > 0, ratio, 1.0)), 0.0)
    return max(0.0, float(terms.sum(axis=1).mean()))


def _why(rows: Sequence[Mapping[str, Any]], reason: str, method: str) -> str:
    states = Counter(row["state"] for row in rows if row["state"] != "answered")
    told = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
    if not reason:
        reason = "no answer" if told else "no answer with a log-probability for each option" if method == LOGPROBS else "no answer"
    return f"{reason} ({told})" if told else reason
