"""The one retry layer: which failures are asked again, how long to wait, and what all the calls together may have cost."""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt

from agent.logs import logger
from agent.models.limiter import Limiter
from personas.errors import ModelError, ModelSetupError, Throttled, Unavailable

__all__ = ["Answered", "RetryPolicy", "with_retries"]

T = TypeVar("T")

# The operating system's randomness: jitter must not advance any seeded generator.
_jitter = random.SystemRandom()


@dataclass(frozen=True)
class RetryPolicy:
    """At most `max_attempts` calls; waits of `first_wait_s`, doubling up to `longest_wait_s`, each shortened at random by up to half."""

    max_attempts: int = 6
    first_wait_s: float = 0.5
    longest_wait_s: float = 60.0

    def wait(self, state: RetryCallState) -> float:
        """Seconds before the next call. What the server asks for in Retry-After comes on top as a pause of the whole limiter."""
        backoff = min(self.longest_wait_s, self.first_wait_s * 2.0 ** (state.attempt_number - 1))
        return backoff * _jitter.uniform(0.5, 1.0)


@dataclass(frozen=True)
class Answered(Generic[T]):
    """What came in the end. `latency_s` is of the last call; `possibly_paid` counts the calls before it that vanished after being sent."""

    value: T
    attempts: int
    possibly_paid: int
    latency_s: float


async def with_retries(call: Callable[[], Awaitable[T]], limiter: Limiter, policy: RetryPolicy) -> Answered[T]:
    """Make `call`, again after Throttled and Unavailable, each time in a place of `limiter`.

    Raises what the last call raised; on a ModelError and a ModelSetupError `attempts` and `possibly_paid` tell of all calls.
    """
    attempts = 0
    paid = 0

    async def once() -> Answered[T]:
        nonlocal attempts, paid
        began = await limiter.acquire()
        attempts += 1
        sent = time.perf_counter()
        try:
            value = await call()
            limiter.grow()
            return Answered(value, attempts, paid, time.perf_counter() - sent)
        except (ModelError, ModelSetupError) as error:
            paid += error.possibly_paid
            if isinstance(error, Throttled):
                limiter.cut(began)
                limiter.obey(error.retry_after_s or 0.0)
            raise
        finally:
            limiter.release()

    retrying = AsyncRetrying(
        stop=stop_after_attempt(policy.max_attempts),
        wait=policy.wait,
        retry=retry_if_exception_type((Throttled, Unavailable)),
        before_sleep=_tell,
        reraise=True,
    )
    try:
        return await retrying(once)
    except (ModelError, ModelSetupError) as error:
        error.attempts = attempts
        error.possibly_paid = paid
        raise


def _tell(state: RetryCallState) -> None:
    """Log a wait before it begins, so that a slow session explains itself."""
    error = state.outcome.exception() if state.outcome is not None else None
    wait = state.next_action.sleep if state.next_action is not None else 0.0
    logger("models").warning("asking again", attempt=state.attempt_number + 1, wait_s=round(wait, 2), because=str(error))
