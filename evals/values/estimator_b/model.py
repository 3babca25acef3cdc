"""The model: ordered logistic answers, slopes on loadings that are built up from model, persona and their combination.

    y ~ OrderedLogistic(η, κ_a);  η = θ_a·x_i + γ_a·w_i + u_i + v_ai + o[a, cell] + ψ·position
    θ_a = μ + b_model + c_persona + g_respondent;  b, c, g ~ MVN(0, diag(τ) R diag(τ)), R circulant over the values
    x_iv latent around the judges' mean with their SD;  o and γ have scales of their own
    u_i = topic + cluster + N(0, σ_u), v_ai = cluster + N(0, σ_v) of each respondent; an item alone has the variance of both in one
    μ, ψ, mean γ ~ N(0, .5);  τ ~ HalfN(.5) by level and value;  σ ~ HalfN(1);  κ ordered N(0, 2);  b ~ Dirichlet(1)

The level of a respondent's answers is in κ_a, which has no anchor of its own: an α_a beside it would not be identified. For the same reason
o sums to zero over cells.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from evals.values.estimator_b.answers import Answers
from evals.values.estimator_b.backend import load
from evals.values.estimator_b.sharing import Sharing
from evals.values.estimator_b.structure import Structure

__all__ = ["log_likelihood", "make_model"]


def make_model(answers: Answers, structure: Structure) -> Callable[[], None]:
    """The numpyro model of these answers. Its site `theta` (A, V) is the respondents' slopes, in logits a unit of loading."""
    numpyro, dist = load("numpyro"), load("numpyro.distributions")

    def model() -> None:
        theta = numpyro.deterministic("theta", _slopes(answers, structure))
        over_items = theta @ _loadings(structure).T
        over_items = over_items + _item_effects(structure) + _tastes(answers, structure)
        if structure.w.shape[1]:
            over_items = over_items + _covariate_slopes(answers, structure) @ structure.w.T
        eta = over_items[answers.respondent, answers.item]
        if structure.cell_contrasts.shape[1]:
            eta = eta + _cell_effects(answers, structure)[answers.respondent, answers.cell]
        if answers.position is not None:
            eta = eta + numpyro.sample("psi", dist.Normal(0, 0.5)) * answers.position
        cuts = _cut_points(answers)
        numpyro.factor("answers", (answers.weight * log_likelihood(answers, eta, cuts)).sum())

    return model


def log_likelihood(answers: Answers, eta: Any, cuts: Any) -> Any:
    """(N,) log-probability of each row's category given its predictor `eta` (N,) and the ordered cut points (A, K − 1).

    P(k) = σ(κ_k − η) − σ(κ_{k−1} − η), in the form log σ(h) + log σ(−l) + log(1 − e^{l − h}) that loses no digits in the tails.
    """
    jnp, log_sigmoid = load("jax.numpy"), load("jax.nn").log_sigmoid
    lowest, highest = answers.category == 0, answers.category == answers.categories - 1
    padded = jnp.pad(cuts, ((0, 0), (1, 1)))
    low = padded[answers.respondent, answers.category] - eta
    high = padded[answers.respondent, answers.category + 1] - eta
    inside = jnp.where(lowest | highest, -1.0, low - high)  # a safe figure where the row is at an end
    between = log_sigmoid(high) + log_sigmoid(-low) + jnp.log1p(-jnp.exp(inside))
    return jnp.where(lowest, log_sigmoid(high), jnp.where(highest, log_sigmoid(-low), between))


def _slopes(answers: Answers, structure: Structure) -> Any:
    """(A, V): θ. Effects are non-centred, as columns of the circular basis."""
    numpyro, dist, jnp = load("numpyro"), load("numpyro.distributions"), load("jax.numpy")
    basis, v = structure.basis, len(structure.values)
    mu = numpyro.sample("mu", dist.Normal(0, 0.5).expand([v]).to_event(1))
    theta = jnp.broadcast_to(mu, (len(answers.respondents), v))
    if not structure.levels:
        return theta
    shares = jnp.ones(1)
    if basis.shares > 1:
        shares = _shares(basis.shares)
    shape = basis.columns * jnp.sqrt(shares[basis.share])
    for level in structure.levels:
        tau = _half_normal(f"tau_{level.name}", 0.5, (v,))
        z = numpyro.sample(f"z_{level.name}", dist.Normal(0, 1).expand([level.groups, shape.shape[1]]).to_event(2))
        theta = theta + ((z @ shape.T) * tau)[level.group]
    return theta


def _half_normal(name: str, scale: float, shape: tuple[int, ...]) -> Any:
    """HalfNormal(scale), drawn as the standard normal with the same distribution function.

    In logarithms, as usual, a scale near zero has a long flat tail and one far from it a sharp ridge, and the step must fit the ridge.
    """
    numpyro, dist, special = load("numpyro"), load("numpyro.distributions"), load("jax.scipy.special")
    z = numpyro.sample(f"{name}_z", dist.Normal(0, 1).expand(shape).to_event(len(shape)))
    return numpyro.deterministic(name, -scale * special.ndtri(special.ndtr(-z) / 2))


def _shares(number: int) -> Any:
    """Dirichlet(1, …, 1), as exponentials divided by their sum, each drawn as a standard normal."""
    numpyro, dist, special = load("numpyro"), load("numpyro.distributions"), load("jax.scipy.special")
    z = numpyro.sample("circle_z", dist.Normal(0, 1).expand([number]).to_event(1))
    exponentials = -special.log_ndtr(-z)
    return numpyro.deterministic("circle", exponentials / exponentials.sum())


def _loadings(structure: Structure) -> Any:
    """(n, V): the labelled loadings, moved by the judges' spread where they have one."""
    row, column, sd = structure.uncertain
    if not len(row):
        return structure.x
    numpyro, dist, jnp = load("numpyro"), load("numpyro.distributions"), load("jax.numpy")
    z = numpyro.sample("z_x", dist.Normal(0, 1).expand([len(row)]).to_event(1))
    return jnp.asarray(structure.x).at[row, column].add(sd * z)


def _item_effects(structure: Structure) -> Any:
    """(n,): u, with the items' topics."""
    numpyro, dist = load("numpyro"), load("numpyro.distributions")
    sharing, topic = structure.sharing, None
    effects: Any = 0.0
    if sharing.topics:
        topic = _half_normal("sigma_topic", 1.0, ())
        effects = topic * (numpyro.sample("z_topic", dist.Normal(0, 1).expand([sharing.topics]).to_event(1)) @ sharing.member)
    return effects + _of_units("u", (), sharing, own=structure.item_effects, centred=structure.centred_items, topic=topic)


def _tastes(answers: Answers, structure: Structure) -> Any:
    """(A, n): v, what each respondent sees in each item beyond its loadings."""
    return _of_units("taste", (len(answers.respondents),), structure.tastes_shared, own=structure.tastes)


def _of_units(name: str, shape: tuple[int, ...], sharing: Sharing, *, own: bool, centred: bool = False, topic: Any = None) -> Any:
    """(…, n) effects of the items' units, and of each twin within its unit where items have effects of their `own`; 0 for neither.

    `centred`: the units' effects are drawn as they are, for data fix them well; what sets twins apart is small and always in standard
    deviations. `topic`: the SD of topics, which an item without others of its topic has besides.
    """
    numpyro, dist, jnp = load("numpyro"), load("numpyro.distributions"), load("jax.numpy")
    clusters = len(sharing.twins) > 0
    if not own and not clusters:
        return 0.0
    sigma = _half_normal(f"sigma_{name}", 1.0, ()) if own else 0.0
    variance = jnp.full(sharing.units, sigma**2)
    if clusters:
        variance = sharing.single * sigma**2 + _half_normal(f"sigma_{name}_cluster", 1.0, ()) ** 2
    if topic is not None:
        variance = variance + sharing.without_topic * topic**2
    scale = jnp.sqrt(variance)
    if centred:
        effects = numpyro.sample(name, dist.Normal(0, scale).expand([*shape, sharing.units]).to_event(len(shape) + 1))
    else:
        effects = scale * numpyro.sample(f"z_{name}", dist.Normal(0, 1).expand([*shape, sharing.units]).to_event(len(shape) + 1))
    over_items = effects[..., sharing.unit]
    if own and clusters:
        z = numpyro.sample(f"z_{name}_twin", dist.Normal(0, 1).expand([*shape, len(sharing.twins)]).to_event(len(shape) + 1))
        over_items = over_items.at[..., sharing.twins].add(sigma * z)
    return over_items


def _covariate_slopes(answers: Answers, structure: Structure) -> Any:
    """(A, W): γ, one mean a covariate and, with several respondents, deviations from it."""
    numpyro, dist, jnp = load("numpyro"), load("numpyro.distributions"), load("jax.numpy")
    respondents, w = len(answers.respondents), structure.w.shape[1]
    mean = numpyro.sample("gamma", dist.Normal(0, 0.5).expand([w]).to_event(1))
    if respondents == 1:
        return jnp.broadcast_to(mean, (1, w))
    sigma = _half_normal("sigma_gamma", 1.0, (w,))
    return mean + sigma * numpyro.sample("z_gamma", dist.Normal(0, 1).expand([respondents, w]).to_event(2))


def _cell_effects(answers: Answers, structure: Structure) -> Any:
    """(A, R): o, which sums to zero over the cells."""
    numpyro, dist = load("numpyro"), load("numpyro.distributions")
    contrasts = structure.cell_contrasts
    sigma = _half_normal("sigma_o", 1.0, ())
    z = numpyro.sample("z_o", dist.Normal(0, 1).expand([len(answers.respondents), contrasts.shape[1]]).to_event(2))
    return sigma * (z @ contrasts.T)


def _cut_points(answers: Answers) -> Any:
    """(A, K − 1): κ, with the density of independent N(0, 2) on the ordered part of their space.

    Drawn as the middle cut point and the logarithms of the gaps: counted from the lowest, a category that is hardly used would move all.
    """
    numpyro, dist, jnp = load("numpyro"), load("numpyro.distributions"), load("jax.numpy")
    respondents, gaps = len(answers.respondents), answers.categories - 2
    middle = numpyro.sample("cut_middle", dist.ImproperUniform(dist.constraints.real, (), (respondents,)))
    cuts = middle[:, None]
    if gaps:
        log_gap = numpyro.sample("cut_log_gaps", dist.ImproperUniform(dist.constraints.real_matrix, (), (respondents, gaps)))
        numpyro.factor("cut_jacobian", log_gap.sum())
        steps, below = jnp.exp(log_gap), gaps // 2
        down = middle[:, None] - jnp.cumsum(steps[:, :below][:, ::-1], axis=1)[:, ::-1]
        cuts = jnp.concatenate([down, cuts, middle[:, None] + jnp.cumsum(steps[:, below:], axis=1)], axis=1)
    numpyro.factor("cut_points", dist.Normal(0, 2).log_prob(cuts).sum())
    return numpyro.deterministic("kappa", cuts)
