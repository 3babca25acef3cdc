"""NUTS on the model: double precision, starting points close to zero, each chain compiled as a whole and run on a core of its own.

numpyro's own loop over chains compiles hundreds of small steps while it looks for a starting point, and the sampler anew for each chain.
The starting radius matters: from numpyro's default of 2 this model can end in a corner and stay there without a divergence.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from evals.values.estimator_b.backend import double_precision, load
from evals.values.loadings import FloatArray
from personas.errors import UserError

__all__ = ["RADIUS", "Draws", "draw", "make_kernel"]

RADIUS = 0.1
"""Starting points are uniform in (−RADIUS, RADIUS) in unconstrained space."""


@dataclass(frozen=True)
class Draws:
    """What was drawn: every site as (chains, draws, …), and how many transitions diverged."""

    sites: Mapping[str, FloatArray]
    divergences: int

    @property
    def size(self) -> tuple[int, int]:
        """(chains, draws)."""
        chains, draws = self.sites["theta"].shape[:2]
        return chains, draws


def make_kernel(model: Callable[[], None], target_accept: float = 0.9) -> Any:
    """The NUTS kernel, with its starting points close to zero."""
    infer = load("numpyro.infer")
    return infer.NUTS(model, init_strategy=infer.init_to_uniform(radius=RADIUS), target_accept_prob=target_accept)


def draw(
    model: Callable[[], None],
    *,
    chains: int = 4,
    warmup: int = 1000,
    draws: int = 1000,
    seed: int = 0,
    target_accept: float = 0.9,
    progress: bool = False,
) -> Draws:
    """Draw from the posterior. Raises UserError for fewer than 2 chains, 10 draws or 1 warm-up step.

    `progress` shows numpyro's bar on stderr, which makes the chains run one after another.
    """
    if chains < 2 or draws < 10 or warmup < 1:
        raise UserError("the Bayesian model needs at least 2 chains, 10 draws and 1 warm-up step")
    infer, random = load("numpyro.infer"), load("jax.random")
    with double_precision():
        kernel = make_kernel(model, target_accept)
        method = "sequential" if progress else _on_cores
        sampler = infer.MCMC(kernel, num_warmup=warmup, num_samples=draws, num_chains=chains, chain_method=method, progress_bar=progress)
        sampler.run(random.PRNGKey(seed), extra_fields=("diverging",))
        sites = _arrays(sampler.get_samples(group_by_chain=True))
        diverging = int(np.asarray(sampler.get_extra_fields(group_by_chain=True)["diverging"]).sum())
    return Draws(sites, diverging)


def _on_cores(chain: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """How numpyro is to map `chain` over the chains: compiled once, with its search for a starting point, then one thread a core."""
    jax = load("jax")

    def over_chains(inputs: Any) -> Any:
        number = jax.tree.leaves(inputs)[0].shape[0]
        each = [jax.tree.map(lambda leaf, place=place: leaf[place], inputs) for place in range(number)]
        compiled = jax.jit(chain).lower(each[0]).compile()
        with ThreadPoolExecutor(min(number, os.cpu_count() or 1)) as pool:
            results = list(pool.map(lambda one: jax.block_until_ready(compiled(one)), each))
        return jax.tree.map(lambda *leaves: np.stack(leaves), *results)

    return over_chains


def _arrays(samples: Mapping[str, Any]) -> dict[str, FloatArray]:
    """jax arrays to numpy's, in float64."""
    return {name: np.asarray(drawn, dtype=np.float64) for name, drawn in samples.items()}
