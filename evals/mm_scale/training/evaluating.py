"""How well a model rates images it was not trained on: order within an image, level, calibration; each with an interval."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from evals.mm_scale.calibrating import share_calibration
from evals.mm_scale.measures import mean_by_image
from evals.mm_scale.training.answering import Answerer, Answers
from evals.mm_scale.training.graded import ImageSet
from evals.scoring.ranking import rank_groups

__all__ = ["Judged", "answers_to", "figures"]


@dataclass(frozen=True)
class Judged:
    """An answer to a held-out scenario.

    rating        expected, 1 to 5              grade   mean rating of people       truth  what it was made with, of synthetic items
    unacceptable  P(1 or 2) by the model        share   of the raters who did so    form   P(the answer is 1 to 5 at all)
    """

    item: str
    image: str
    rating: float
    unacceptable: float
    form: float
    grade: float
    share: float
    raters: int
    truth: float | None


def answers_to(sets: Sequence[ImageSet], model: Answerer, ask: Callable[[ImageSet], Answers]) -> list[Judged]:
    """The answers to all scenarios of `sets`, without training on them."""
    import torch  # noqa: PLC0415 - an extra: loads when used

    training, found = model.model.training, []
    model.model.eval()
    with torch.no_grad():
        for images in sets:
            answers = ask(images)
            low = answers.points.exp()[:, :2].sum(-1)
            for place, item in enumerate(images.items):
                told = (float(answers.rating[place]), min(1.0, float(low[place])), min(1.0, float(answers.form[place].exp())))
                found.append(
                    Judged(item.question.id, images.name, *told, item.grade, item.people.unacceptable, len(item.people.ratings), item.truth)
                )
    model.model.train(training)
    return found


def figures(judged: Sequence[Judged], *, draws: int = 2000, seed: int = 0) -> dict[str, Any]:
    """The figures as JSON: each an `Interval`.

    ndcg, tau_b, rho  per image against the mean rating, then the mean over images (`evals.scoring.ranking`), bootstrap over images; under
                      `truth` the same against the grades that synthetic items were made with
    mae               mean |expected rating − mean rating|, in points of the scale, bootstrap over images
    ece               of P(unacceptable) against the share of raters who gave 1 or 2, (`evals.mm_scale.calibrating`), bootstrap over images
    form              mean P(the answer is 1 to 5) before it is taken as given
    """
    images: dict[str, list[Judged]] = {}
    for each in judged:
        images.setdefault(each.image, []).append(each)
    groups = list(images.values())
    found: dict[str, Any] = {"images": len(groups), "scenarios": len(judged)}
    found |= _order([([j.rating for j in group], [j.grade for j in group]) for group in groups], draws, seed)
    if all(each.truth is not None for each in judged):
        found["truth"] = _order([([j.rating for j in group], [float(j.truth or 0) for j in group]) for group in groups], draws, seed)
    of = np.array([each.image for each in judged])
    mae = mean_by_image(np.array([abs(each.rating - each.grade) for each in judged]), of, seed=seed)
    stated, shares = np.array([each.unacceptable for each in judged]), np.array([each.share for each in judged])
    told = share_calibration(stated, shares, np.array([each.raters for each in judged]), of, draws=draws, seed=seed)
    assert mae is not None, "something is held out"
    assert told is not None, "likewise"
    found |= {"mae": asdict(mae), "ece": asdict(told.ece) | {"by_chance": told.by_chance}}
    found["form"] = float(np.mean([each.form for each in judged]))
    return found


def _order(groups: Sequence[tuple[Sequence[float], Sequence[float]]], draws: int, seed: int) -> Mapping[str, Any]:
    found = rank_groups(groups, draws=draws, seed=seed)
    if found is None:
        return {"ndcg": None, "tau_b": None, "rho": None, "without_order": len(groups)}
    return {name: asdict(getattr(found, name)) for name in ("ndcg", "tau_b", "rho")} | {"without_order": found.without_order}
