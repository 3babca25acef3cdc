"""`python -m benchmarks.ingest FOLDER [--copies 12]`: clips a second of `add`, beside a bare decode loop over the same files.

    bare   PyAV decodes every picture of every file and scales it to 224 × 224 RGB, in as many processes; nothing is kept
    add    `python -m environments.corpus add`: hash, decode, choose and store pictures, perceptual hash, embed, write, cluster, index

Both take turns in fresh processes; the files are re-encoded copies, each different, of the sound clips in FOLDER. Memory is that of the
process that writes (its children decode one clip each), measured while a small corpus and one several times larger are made.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from av.error import FFmpegError

_SIDE = 224


@dataclass(frozen=True)
class Round:
    """Of one round: seconds and processor seconds (children included) of each way, MiB of the writing process."""

    bare_s: float
    bare_cpu_s: float
    add_s: float
    add_cpu_s: float
    add_mib: float


def copies_of(folder: Path, out: Path, copies: int, longest_s: float) -> int:
    """Re-encode `longest_s` of each sound clip `copies` times, each time at another quality; returns how many files there are."""
    out.mkdir(parents=True, exist_ok=True)
    jobs = [
        (path, out / f"{path.stem}-{number:03}.mp4", 20 + number % 16, longest_s, number)
        for path in sorted(folder.iterdir())
        if path.suffix in {".mp4", ".webm", ".mkv"}
        for number in range(copies)
    ]
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        return sum(pool.map(_copy, jobs))


def _copy(job: tuple[Path, Path, int, float, int]) -> bool:
    """One copy, its beginning `number` pictures later so that no two are the same."""
    source, target, quality, longest_s, number = job
    if target.exists():
        return True
    try:
        with av.open(str(source)) as original, av.open(str(target), "w") as container:
            stream: Any = None
            for index, frame in enumerate(original.decode(video=0)):
                if index < number % 20 or (frame.time or 0.0) > longest_s:
                    continue
                if stream is None:
                    stream = container.add_stream("libx264", rate=original.streams.video[0].average_rate, options={"crf": str(quality)})
                    stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "yuv420p"
                plain = av.VideoFrame.from_ndarray(frame.to_ndarray(format="yuv420p"), format="yuv420p")  # without its clock
                container.mux(stream.encode(plain))
            container.mux(stream.encode())
    except FFmpegError:
        target.unlink(missing_ok=True)
        return False
    return True


def bare(folder: Path, workers: int) -> None:
    """Decode and scale every picture of every file."""
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        list(pool.map(_bare, sorted(folder.iterdir())))


def _bare(path: Path) -> int:
    count = 0
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            frame.reformat(_SIDE, _SIDE, "rgb24").to_ndarray()
            count += 1
    return count


def timed(command: Sequence[str]) -> tuple[float, float, float]:
    """Seconds, processor seconds with all children, and the largest MiB of the process itself."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", _WATCHED, *command], check=True, capture_output=True, text=True)
    seconds = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, cpu, float(json.loads(done.stdout.splitlines()[-1])["mib"])


_WATCHED = """
import json, resource, runpy, sys
sys.argv = sys.argv[1:]
try:
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
except SystemExit as end:
    assert not end.code, end.code
print(json.dumps({"mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


def one_round(clips: Path, workers: int) -> Round:
    """Both ways, one after the other."""
    bare_s, bare_cpu, _ = timed(["benchmarks.ingest", str(clips), "--bare", str(workers)])
    with tempfile.TemporaryDirectory() as place:
        add_s, add_cpu, mib = timed(["environments.corpus", "add", f"{place}/corpus", str(clips), "--quiet", "--workers", str(workers)])
    return Round(bare_s, bare_cpu, add_s, add_cpu, mib)


def main() -> None:
    """Make the copies, take turns, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--copies", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each clip, at most")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--clips", type=Path, help="keep the copies here")
    parser.add_argument("--bare", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bare:
        bare(options.folder, options.bare)
        return
    place = options.clips or Path(tempfile.mkdtemp())
    count = copies_of(options.folder, place / "all", options.copies, options.seconds)
    few = place / "few"
    few.mkdir(exist_ok=True)
    for path in sorted((place / "all").iterdir())[:: max(1, options.copies // 2)]:
        shutil.copy(path, few)
    rounds = [one_round(place / "all", options.workers) for _ in range(options.rounds)]
    small = one_round(few, options.workers)
    load = os.getloadavg()[0]
    print(f"{count} clips, {options.workers} processes, load {load:.1f}; clips a second: median (least to most) of {options.rounds} rounds")
    for name in ("bare", "add"):
        speeds = [count / getattr(each, f"{name}_s") for each in rounds]
        cpu = 1000 * statistics.median(getattr(each, f"{name}_cpu_s") for each in rounds) / count
        print(f"  {name:<5} {statistics.median(speeds):6.2f}  ({min(speeds):.2f} to {max(speeds):.2f})   {cpu:.0f} ms of processor a clip")
    ratios = [each.bare_s / each.add_s for each in rounds]
    by_cpu = statistics.median(each.bare_cpu_s / each.add_cpu_s for each in rounds)
    print(f"  add / bare: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}); by processor time {by_cpu:.2f}")
    most, number = max(each.add_mib for each in rounds), len(list(few.iterdir()))
    print(f"  memory of the writing process: {small.add_mib:.0f} MiB with {number} clips, {most:.0f} with {count}")


if __name__ == "__main__":
    main()
