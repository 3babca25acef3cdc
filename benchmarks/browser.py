"""`python -m benchmarks.browser`: steps a second in the browser against a bare Playwright script; memory of eight sessions over 1000 steps.

A step is: three screenshots at the midpoints of equal parts of the clip, and a swipe to the next, on the local page. Both take turns in one
run, each on a fresh page of its own browser; opening is not timed. Memory is what this process and all below it hold themselves or share
among each other (anonymous and shared memory; a page that n processes share counts 1/n in each), not the files of programs, which other
programs map too; by kind of process, with how much it still grows from step 252 to 756, and after step 504.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from environments.base import Action, ActionKind
from environments.browser.chromium import LAUNCH_ARGUMENTS, require_chromium
from environments.browser.environment import BrowserFeed
from environments.browser.sites.local import open_local_feed
from environments.clips import LoadedFeed
from environments.folder import load

FRAMES = 3
SAMPLE_EVERY = 12  # steps
WINDOWS = ((252, 756), (504, 1 << 30))  # steps; before, caches fill and pages have not yet been tidied
CURRENT = 'article[aria-current="true"]'
SEEK = f"""time => new Promise(done => {{
  const video = document.querySelector('{CURRENT} video');
  video.pause();
  video.addEventListener('seeked', () => requestAnimationFrame(done), {{once: true}});
  video.currentTime = time;
}})"""
MOVED = f"before => {{ const now = document.querySelector('{CURRENT}'); return now && now.dataset.item !== before; }}"


def write_clips(folder: Path, number: int, seconds: float = 2.0) -> None:
    """Small VP8 clips, each with a colour of its own."""
    import av  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    folder.mkdir(parents=True)
    for clip in range(number):
        with av.open(str(folder / f"{clip:03}.webm"), "w") as container:
            stream = container.add_stream("libvpx", rate=10, options={"deadline": "realtime", "cpu-used": "8"})
            stream.width, stream.height, stream.pix_fmt = 180, 320, "yuv420p"
            for pts in range(round(seconds * 10)):
                picture = np.full((320, 180, 3), (clip * 37 % 256, clip * 91 % 256, pts * 10 % 256), np.uint8)
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts = pts
                container.mux(stream.encode(frame))
            container.mux(stream.encode())


async def ours(loaded: LoadedFeed, steps: int, cache: Path) -> float:
    """Steps a second of BrowserFeed."""
    feed = open_local_feed(loaded, policy="shuffled", frames=FRAMES, cache_dir=cache, videos=steps)
    await feed.open()
    begun = time.perf_counter()
    while await feed.observe() is not None:
        await feed.act(Action(ActionKind.PASS))
    took = time.perf_counter() - begun
    await feed.close()
    return steps / took


async def bare(loaded: LoadedFeed, steps: int, cache: Path) -> float:
    """Steps a second of a script of a dozen lines that does the same and checks nothing."""
    from playwright.async_api import async_playwright  # noqa: PLC0415

    from environments.feedapp.app import create_app, new_token  # noqa: PLC0415
    from environments.feedapp.serve import serve  # noqa: PLC0415
    from environments.feedapp.viewing import PolicyViewing  # noqa: PLC0415

    viewing = PolicyViewing(loaded.items, policy="shuffled", videos=steps)
    token = new_token()
    arguments = [*LAUNCH_ARGUMENTS, *([] if os.geteuid() else ["--no-sandbox"])]
    async with serve(create_app({token: viewing}, cache_dir=cache)) as address, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=require_chromium(), args=arguments)
        context = await browser.new_context(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
        page = await context.new_page()
        await page.goto(f"{address}/v/{token}")
        begun = time.perf_counter()
        for step in range(steps):
            current = page.locator(CURRENT)
            item, duration = await current.get_attribute("data-item"), float(await current.get_attribute("data-duration") or 0)
            for part in range(FRAMES):
                await page.evaluate(SEEK, (part + 0.5) * duration / FRAMES)
                await page.screenshot(type="jpeg", quality=80)
            await page.keyboard.press("ArrowDown")
            if step + 1 < steps:
                await page.wait_for_function(MOVED, arg=item)
            else:
                await page.wait_for_selector("body[data-end]")
        took = time.perf_counter() - begun
        await browser.close()
    return steps / took


async def memory(loaded: LoadedFeed, sessions: int, steps: int, cache: Path) -> dict[str, object]:
    """MiB of the process tree by kind of process while `sessions` in one browser make `steps` steps together."""
    feeds = [
        open_local_feed(loaded, policy="shuffled", seed=seed, frames=1, time_scale=16.0, cache_dir=cache, videos=-(-steps // sessions))
        for seed in range(sessions)
    ]
    taken: list[dict[str, float]] = []
    await asyncio.gather(*(feed.open() for feed in feeds))
    begun = time.perf_counter()
    await asyncio.gather(*(_walk(feed, taken) for feed in feeds))
    took = time.perf_counter() - begun
    for feed in feeds:
        await feed.close()
    marks = [mark for mark in (50, 252, 504, 1008) if mark < len(taken)]
    points = {f"after_{mark}": _about(taken, mark) for mark in (*marks, len(taken))}
    growth = {f"steps {start} to {min(end, len(taken))}": _growths(taken[start:end:SAMPLE_EVERY]) for start, end in WINDOWS}
    return {
        "sessions": sessions,
        "steps": len(taken),
        "steps_per_s": round(len(taken) / took, 2),
        "memory_mib": points,
        "growth_mib_per_100_steps": growth,
    }


async def _walk(feed: BrowserFeed, taken: list[dict[str, float]]) -> None:
    while await feed.observe() is not None:
        await feed.act(Action(ActionKind.SKIP, 0.1))
        taken.append(memory_mib(os.getpid()) if not len(taken) % SAMPLE_EVERY else taken[-1])


def _about(taken: Sequence[dict[str, float]], mark: int) -> dict[str, int]:
    """Medians over the 48 steps up to `mark`."""
    near = taken[max(0, mark - 48) : mark]
    return {kind: round(statistics.median(each.get(kind, 0.0) for each in near)) for kind in taken[-1]}


def _growths(settled: Sequence[dict[str, float]]) -> dict[str, dict[str, float]]:
    return {kind: _growth([each.get(kind, 0.0) for each in settled]) for kind in settled[-1]} if len(settled) > 9 else {}


def _growth(values: Sequence[float]) -> dict[str, float]:
    """Slope of a least-squares line and its 95 % interval (t, as if samples were independent), in MiB per 100 steps."""
    from scipy import stats  # noqa: PLC0415

    line = stats.linregress(range(len(values)), values)
    per_100 = 100 / SAMPLE_EVERY
    half = float(stats.t.ppf(0.975, len(values) - 2)) * float(line.stderr) * per_100 if len(set(values)) > 1 else 0.0
    slope = float(line.slope) * per_100
    return {"slope": round(slope, 2), "low": round(slope - half, 2), "high": round(slope + half, 2), "samples": len(values)}


def memory_mib(root: int) -> dict[str, float]:
    """Memory of a process and all below it, in MiB, by kind (python, driver, browser, renderer, gpu-process …) and of all."""
    parents: dict[int, int] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(status.parent.name)] = int(status.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    tree = {root}
    while more := {child for child, parent in parents.items() if parent in tree} - tree:
        tree |= more
    found: Counter[str] = Counter()
    for pid in tree:
        try:
            kilobytes = re.findall(r"^Pss_(?:Anon|Shmem): +(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
            kind = "python" if pid == root else _kind(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue  # it has just ended
        found[kind] += sum(map(int, kilobytes))
    return {kind: total / 1024 for kind, total in sorted(found.items())} | {"all": found.total() / 1024}


def _kind(command: str) -> str:
    named = re.search(r"--type=([a-z-]+)", command)
    return named[1] if named else "browser" if "--user-data-dir" in command else "driver" if "node" in command else "other"


def _figures(values: Sequence[float]) -> dict[str, float]:
    return {"min": round(min(values), 3), "median": round(statistics.median(values), 3), "max": round(max(values), 3), "runs": len(values)}


async def measure(rounds: int, steps: int, long: int) -> dict[str, object]:
    """All figures, as one JSON-able object."""
    with tempfile.TemporaryDirectory() as scratch:
        folder, cache = Path(scratch) / "clips", Path(scratch) / "cache"
        write_clips(folder, max(steps, -(-long // 8)))
        loaded = load(str(folder), cache)
        speeds: dict[str, list[float]] = {"ours": [], "bare": []}
        for turn in range(rounds):
            for name, run in (("ours", ours), ("bare", bare)) if turn % 2 else (("bare", bare), ("ours", ours)):
                speeds[name].append(await run(loaded, steps, cache))
        ratios = [one / other for one, other in zip(speeds["ours"], speeds["bare"], strict=True)]
        return {
            "steps_per_s": {name: _figures(values) for name, values in speeds.items()},
            "ratio": _figures(ratios),
            "memory": await memory(loaded, 8, long, cache),
        }


def main() -> int:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.browser", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="turns of each (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=30, help="steps a turn (default: %(default)s)")
    parser.add_argument("--long", type=int, default=1008, help="steps of the memory run, over eight sessions (default: %(default)s)")
    options = parser.parse_args()
    print(json.dumps(asyncio.run(measure(options.rounds, options.steps, options.long)), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
