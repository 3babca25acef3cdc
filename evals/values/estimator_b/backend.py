"""numpyro and jax, loaded when a model is fitted, in double precision, and put back as they were found."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from personas.errors import UserError

__all__ = ["double_precision", "load"]


def load(name: str) -> Any:
    """The module `numpyro…` or `jax…`. Raises UserError with the line that installs it."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise UserError(f"the Bayesian model needs {error.name}: pip install 'axiofeed[bayes]'") from None


@contextmanager
def double_precision() -> Iterator[None]:
    """float64 inside the block; the caller's setting of jax comes back after it."""
    numpyro, jax = load("numpyro"), load("jax")
    before = bool(jax.config.jax_enable_x64)
    numpyro.enable_x64()
    try:
        yield
    finally:
        jax.config.update("jax_enable_x64", before)
