"""The limiter: places, their order, and how their number follows the server."""

import asyncio
import time

import pytest

from agent.models.base import Prompt, Turn
from agent.models.limiter import Limiter, limiter_for
from agent.models.registry import ModelOptions, make_model
from tests.agent.models.provider_server import Behaviour, ProviderServer, Recorded, ok, slow, throttled
from tests.agent.models.test_http_providers import Answer


async def test_no_more_places_than_the_limit_and_in_order() -> None:
    """Places are given first come, first served, never more than the limit at once."""
    limiter = Limiter(2)
    order: list[int] = []
    most = 0

    async def work(number: int) -> None:
        nonlocal most
        await limiter.acquire()
        order.append(number)
        most = max(most, limiter.in_flight)
        await asyncio.sleep(0.001)
        limiter.release()

    await asyncio.gather(*(work(number) for number in range(20)))
    assert order == list(range(20)) and most == 2 and limiter.in_flight == 0


async def test_those_who_give_up_waiting_lose_no_place() -> None:
    """Cancelling a waiter, or one who was given a place in the same moment, leaves the count right."""
    limiter = Limiter(1)
    await limiter.acquire()
    waiting = [asyncio.create_task(limiter.acquire()) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    limiter.release()  # gives the place to the second
    waiting[1].cancel()
    await asyncio.wait_for(waiting[2], 1)
    limiter.release()
    assert limiter.in_flight == 0
    assert all(task.cancelled() for task in waiting[:2])


async def test_the_limit_grows_slowly_after_a_cut_and_is_cut_once_per_round() -> None:
    """Slow start up to the ceiling; 429s of calls that were under way together halve the places once; then one more a round."""
    limiter = Limiter(64)
    assert limiter.limit == 16
    for _ in range(100):
        limiter.grow()
    assert limiter.limit == 64
    began = [await limiter.acquire() for _ in range(3)]
    await asyncio.sleep(0.001)
    for start in began:
        limiter.cut(start)
        limiter.release()
    assert limiter.limit == 32
    for _ in range(32):
        limiter.grow()
    assert 32.9 < limiter.limit <= 33.1
    for _ in range(20):
        await asyncio.sleep(0.001)
        limiter.cut(await limiter.acquire())
        limiter.release()
    assert limiter.limit == 1


async def test_a_pause_holds_everyone_and_ends() -> None:
    """During a pause nobody gets a place, after it everybody does."""
    limiter = Limiter(4)
    limiter.pause(0.1)
    began = time.perf_counter()
    await asyncio.gather(*(limiter.acquire() for _ in range(3)))
    assert 0.09 <= time.perf_counter() - began < 1


async def test_one_limiter_per_endpoint() -> None:
    """The same base URL and model share a limiter, at the lowest ceiling asked for; another model has its own."""
    first = limiter_for("http://a/v1", "m", 64)
    assert limiter_for("http://a/v1", "m", 3) is first and first.ceiling == 3 and first.limit == 3
    assert limiter_for("http://a/v1", "n", 64) is not first


async def test_sessions_share_the_places_of_an_endpoint() -> None:
    """Two models of one endpoint together keep within `concurrency`, as the server counts it."""
    prompt = Prompt("feed", "", (Turn("user", "?"),), Answer, 1)
    with ProviderServer(slow(0.01)) as server:
        options = ModelOptions(server.url("chat"), extra={"concurrency": "4"})
        models = [make_model("vllm/m", options) for _ in range(2)]
        await asyncio.gather(*(model.ask(prompt) for model in models for _ in range(20)))
        for model in models:
            await model.close()
        assert len(server.requests) == 40
        assert 2 <= server.most_in_flight <= 4


async def test_retry_after_of_one_call_holds_all_calls() -> None:
    """After a 429 with Retry-After no call at all reaches the server before the time is over, and all end well."""
    prompt = Prompt("feed", "", (Turn("user", "?"),), Answer, 1)
    refused_at: list[float] = []

    def once_throttled(request: Recorded) -> Behaviour:
        if not refused_at:
            refused_at.append(request.at)
            return throttled("0.3")
        return ok()

    with ProviderServer(once_throttled) as server:
        model = make_model("vllm/paused", ModelOptions(server.url("chat"), extra={"concurrency": "1", "retry_wait_s": "0.001"}))
        replies = await asyncio.gather(*(model.ask(prompt) for _ in range(5)))
        await model.close()
        assert sorted(reply.attempts for reply in replies) == [1, 1, 1, 1, 2]
        later = [request.at for request in server.requests[1:]]
        assert len(later) == 5 and min(later) - refused_at[0] >= 0.29


@pytest.mark.parametrize("ceiling", [1, 2])
async def test_small_ceilings_hold(ceiling: int) -> None:
    """Growth stops at the ceiling."""
    limiter = Limiter(ceiling)
    for _ in range(10):
        limiter.grow()
    assert limiter.limit == ceiling
