"""A test over many small cases that counts as one: pytest takes longer over a test than each of them does."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

__all__ = ["each"]


def each(argument: str, cases: Iterable[Any], name: Callable[[Any], str] = repr) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """As `pytest.mark.parametrize`, in one test; a failure says which case it was. For cases that leave nothing behind."""

    def one_test(test: Callable[..., None]) -> Callable[..., None]:
        @wraps(test)
        def over_all(**fixtures: Any) -> None:
            cases_seen = 0
            for case in cases:
                cases_seen += 1
                try:
                    test(**{argument: case}, **fixtures)
                except BaseException as error:
                    error.add_note(f"{argument} = {name(case)}")
                    raise
            assert cases_seen, "no cases"

        signature = inspect.signature(test)
        del over_all.__wrapped__
        over_all.__signature__ = signature.replace(parameters=[one for one in signature.parameters.values() if one.name != argument])
        return over_all

    return one_test
