"""The data-generating process: respondents with planted values rate videos in six prompt cells, as arrays.

    latent[a,i,r] = 2.5 + α_a + x_i·θ_a + γ_a appeal_i + δ log duration_i + u_i + (respondent × item)_ai + cell_r + drift·position + e
    rating        = latent rounded to 0, 1, … 5

    like          = latent, in units of its own SD and by way of a logistic distribution, above 0: slopes of the log-odds are 1.5 θ exactly

Variances: item .36, respondent × item .32, residual .72 (the rounding's 1/12 included). Twins share most of the first two, for they share
their frames. Appeal goes with Stimulation and Hedonism; left out, it biases both by .45 points.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, logit, ndtr

from evals.values.calibration.arms import SPREAD, Arm
from evals.values.calibration.pool import Pool, catalogue_pool, designed_pool, few_pool
from evals.values.loadings import FloatArray
from evals.values.power import COMPONENTS
from personas.schwartz import VALUES

__all__ = ["CELLS", "EFFECT", "ODDS", "Draw", "Planted", "complete", "draw", "plant", "pool_of"]

CELLS = 6
"""Three paraphrases × two option orders."""
EFFECT = 0.6
"""What a sparse persona adds to or takes from its target value, in scale points: half an SD of single answers."""
NOTHING = 0.25
"""Share of the sparse replications in which nothing at all is planted."""
MODELS = ("model-1", "model-2")
PERSONAS = ("default", "first", "second", "unmoved")
LEVEL_SD = 0.3
PARAPHRASE_SD = 0.2
ORDER = 0.25
DRIFT_SD = 0.15
DURATION = -0.1
TWINS_SHARE = 0.8
"""Of item and respondent × item variance."""
APPEALING = ("ST", "HE")
APPEAL_SHARE, APPEAL_BIAS = 0.55, 0.45
"""Share of the variance of appeal that goes with those values, and the bias of their slopes when appeal is left out."""
ODDS = 1.5
"""Log-odds of a like for one scale point: about as many SD of single answers."""
REFUSED_CONTENT = ("PO", "HE")


@dataclass(frozen=True)
class Planted:
    """What is planted: `theta` (A, V) in latent scale points; respondents are models × personas, models first."""

    theta: FloatArray

    @property
    def models(self) -> tuple[str, ...]:
        """(A,) model of each respondent."""
        return tuple(model for model in MODELS for _ in PERSONAS)

    @property
    def personas(self) -> tuple[str, ...]:
        """(A,) persona of each respondent."""
        return PERSONAS * len(MODELS)


@dataclass(frozen=True)
class Draw:
    """One replication.

    channel    rating or like
    rating     (R, A, n) before anything is lost, or 1 for a like and 0 for none; answered (R, A, n); refused (R, A, n)
    position   (R, A, n) place in the session
    x, gold, inclusion   loadings as the analyst has them, and the gold sample
    covariates (n, W) as the analyst has them; exact (n, W) as they are
    expected   (A, n) mean answer given content and covariates, over items, respondents' whims and residuals
    """

    pool: Pool
    planted: Planted
    channel: str
    rating: FloatArray
    answered: NDArray[np.bool_]
    refused: NDArray[np.bool_]
    position: FloatArray
    x: FloatArray
    gold: FloatArray | None
    inclusion: FloatArray | None
    covariates: dict[str, FloatArray]
    exact: FloatArray
    expected: FloatArray

    @cached_property
    def truth(self) -> FloatArray:
        """(A, V) slopes on the true content: of the expected ratings, which endless videos of this design would show, or of log-odds."""
        if self.channel == "like":
            return ODDS * self.planted.theta
        columns = np.column_stack([np.ones(len(self.x)), self.pool.x, self.exact])
        found: FloatArray = np.linalg.lstsq(columns, self.expected.T, rcond=None)[0][1 : 1 + len(VALUES)].T
        return found


def pool_of(arm: Arm) -> Pool:
    """The videos of an arm."""
    return {"designed": designed_pool, "catalogue": catalogue_pool, "few": few_pool}[arm.pool]()


def plant(planting: str, rng: np.random.Generator) -> Planted:
    """Sparse: three values in common, one target for each persona; sometimes nothing. Dense: full profiles. "unmoved" adds nothing."""
    v = len(VALUES)
    base, personas = np.zeros((len(MODELS), v)), np.zeros((len(PERSONAS), v))
    if planting == "dense":
        shared = _profile(rng)
        base = np.stack([(shared + _profile(rng)) / np.sqrt(2) for _ in MODELS])
        personas[1], personas[2] = _profile(rng), _profile(rng)
    elif rng.random() > NOTHING:
        base[:, rng.choice(v, 3, replace=False)] = EFFECT * rng.choice([-1.0, 1.0], 3)
        first, second = rng.choice(v, 2, replace=False)
        personas[1, first], personas[2, second] = EFFECT, -EFFECT
    return Planted((base[:, None] + personas[None]).reshape(-1, v))


def draw(arm: Arm, planted: Planted, rng: np.random.Generator) -> Draw:
    """One replication of an arm."""
    pool = pool_of(arm)
    n, people = len(pool.x), len(planted.theta)
    appeal, slope = _appeal(pool, rng)
    duration = rng.standard_normal(pool.cluster.max() + 1)[pool.cluster]
    sensitivity = slope + arm.sensitivity_sd * rng.standard_normal(people)
    level = 2.5 + LEVEL_SD * rng.standard_normal(people)
    mean = level[:, None] + planted.theta @ pool.x.T + sensitivity[:, None] * appeal + DURATION * duration
    cell = PARAPHRASE_SD * np.repeat(rng.standard_normal(CELLS // 2), 2) + ORDER * np.tile([-0.5, 0.5], CELLS // 2)
    variances = COMPONENTS.item - slope**2 * (1 - APPEAL_SHARE), COMPONENTS.respondent_item, COMPONENTS.residual - 1 / 12
    position = np.argsort(rng.random((CELLS, people, n)), axis=-1).astype(float)
    drift = DRIFT_SD * rng.standard_normal((1, people, 1)) * (position / n - 0.5)
    noise = (
        _wording(arm, people, rng) @ pool.x.T
        + np.sqrt(variances[0]) * _shared(pool, 1, rng)
        + np.sqrt(variances[1]) * _shared(pool, people, rng)
    )
    noise = noise + cell[:, None, None] + drift + np.sqrt(variances[2]) * rng.standard_normal((CELLS, people, n))
    answers, expected = (
        _likes(arm.likes, mean, noise, float(sum(variances))) if arm.likes else _ratings(mean, noise, float(sum(variances)), cell)
    )
    refused = _refused(arm, pool, people, rng)
    missing = (rng.random((1, people, n)) < arm.missing / 2) | (rng.random((CELLS, people, n)) < arm.missing / 2)
    missing[CELLS - 2 * arm.unread :, np.array(planted.personas) == PERSONAS[0]] = True
    x, gold, inclusion = _labels(arm, pool, rng)
    return Draw(
        pool=pool,
        planted=planted,
        channel="like" if arm.likes else "rating",
        rating=answers,
        answered=~(refused | missing),
        refused=refused,
        position=position,
        x=x,
        gold=gold,
        inclusion=inclusion,
        covariates={**_measured(arm, appeal, rng), "log_duration": duration},
        exact=np.column_stack([appeal, duration]),
        expected=expected,
    )


def complete(one: Draw) -> Draw:
    """The same replication with every answer there."""
    return replace(one, answered=np.ones_like(one.answered), refused=np.zeros_like(one.refused))


def _profile(rng: np.random.Generator) -> FloatArray:
    """(V,) a full profile with mean 0 and SD `SPREAD`: half a wave over the circle, half each value's own."""
    angle = 2 * np.pi * (np.arange(len(VALUES)) / len(VALUES) - rng.random())
    profile = np.sqrt(2) * np.cos(angle) + rng.standard_normal(len(VALUES))
    profile -= profile.mean()
    return SPREAD * profile / profile.std()


def _appeal(pool: Pool, rng: np.random.Generator) -> tuple[FloatArray, float]:
    """(n,) appeal of the videos with variance 1, a property of the frames, and what one SD of it adds in scale points."""
    content = pool.footage[:, [VALUES.index(code) for code in APPEALING]].sum(axis=1)
    size = np.sqrt(APPEAL_SHARE / content.var())
    return size * (content - content.mean()) + np.sqrt(1 - APPEAL_SHARE) * rng.standard_normal(pool.cluster.max() + 1)[pool.cluster], float(
        APPEAL_BIAS / size
    )


def _shared(pool: Pool, rows: int, rng: np.random.Generator) -> FloatArray:
    """(rows, n) standard normal, correlated in twins."""
    of_cluster = rng.standard_normal((rows, pool.cluster.max() + 1))[:, pool.cluster]
    own = rng.standard_normal((rows, len(pool.x)))
    return np.sqrt(TWINS_SHARE) * of_cluster + np.sqrt(1 - TWINS_SHARE) * own


def _wording(arm: Arm, people: int, rng: np.random.Generator) -> FloatArray:
    """(R, A, V), or one for all cells: what the wording adds to each slope."""
    if not arm.wording_sd:
        return np.zeros((1, people, len(VALUES)))
    wordings = CELLS if arm.wording == "cell" else CELLS // 2
    return np.repeat(arm.wording_sd * rng.standard_normal((wordings, people, len(VALUES))), CELLS // wordings, axis=0)


def _refused(arm: Arm, pool: Pool, people: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """(R, A, n) who refuses which video, in every cell: three times as often where Power or Hedonism is promoted or opposed."""
    content = np.abs(pool.x[:, [VALUES.index(code) for code in REFUSED_CONTENT]]).max(axis=1)
    rate = arm.refusals * (1 + 2 * content) / (1 + 2 * content).mean()
    return np.broadcast_to(rng.random((1, people, len(content))) < rate, (CELLS, people, len(content)))


def _measured(arm: Arm, appeal: FloatArray, rng: np.random.Generator) -> dict[str, FloatArray]:
    """Appeal as the analyst has it: with an error whose variance makes the arm's reliability, or not at all."""
    if arm.appeal == 0:
        return {}
    return {"appeal": appeal + np.sqrt(1 / arm.appeal - 1) * rng.standard_normal(len(appeal))}


def _labels(arm: Arm, pool: Pool, rng: np.random.Generator) -> tuple[FloatArray, FloatArray | None, FloatArray | None]:
    """(x, gold, inclusion) as the analyst has them."""
    x = pool.x
    if arm.shuffled:
        return x[rng.permutation(len(x))], None, None
    if not arm.judged:
        return x, None, None
    invented = rng.choice([0.5, 1.0, -0.5, -1.0], p=[0.4, 0.4, 0.1, 0.1], size=x.shape)
    judged = np.where(x != 0, x * (rng.random(x.shape) < 0.8), invented * (rng.random(x.shape) < 0.05))
    if not arm.gold:
        return judged, None, None
    inclusion = np.where(np.abs(judged).any(axis=1), 0.6, 0.4)
    gold = np.where((rng.random(len(x)) < inclusion)[:, None], x, np.nan)
    return judged, gold, inclusion


def _ratings(mean: FloatArray, noise: FloatArray, variance: float, cell: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(R, A, n) the latent rounded to 0…5, and (A, n) its mean: the sum of the chances to pass .5, 1.5, … 4.5."""
    sd, shift = np.sqrt(variance + cell.var()), cell.mean()
    expected = sum((ndtr((mean + shift - threshold) / sd) for threshold in np.arange(5) + 0.5), np.zeros_like(mean))
    return np.clip(np.rint(mean + noise), 0.0, 5.0), expected


def _likes(rate: float, mean: FloatArray, noise: FloatArray, variance: float) -> tuple[FloatArray, FloatArray]:
    """(R, A, n) 1 for a like and 0 for none, and (A, n) their mean over all that is drawn: its log-odds are a level and `ODDS` × mean."""
    spread = np.sqrt(variance + PARAPHRASE_SD**2 + ORDER**2 / 4 + DRIFT_SD**2 / 12)
    content = ODDS * mean
    level = brentq(lambda at: float(expit(at + content).mean()) - rate, -50.0, 50.0)
    return (level + content + logit(ndtr(noise / spread)) > 0).astype(float), expit(level + content)
