"""`python -m benchmarks.corpus_search [--rows 50000 1000000] [--peer-python PATH]`: search in a corpus, beside NumPy and beside a peer.

    corpus    `environments.corpus.search.search`: the five nearest of N rows with all columns, from a folder on disk, rows looked up
    exact     the same with every vector compared (`exact=True`)
    numpy     brute force over one array in memory (ground truth of the recall)
    peer      FAISS in memory (`benchmarks/corpus_peer.py`)

Also: words, both together, and with filters. One question at a time, in fresh processes, after a tenth of them to warm up. The vectors
are synthetic (`benchmarks/synthetic_vectors.py`), 256 dimensions; the questions come from the same mixture and are not among the rows.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.synthetic_vectors import mixture
from environments.corpus.indexing import ensure_indices
from environments.corpus.schema import Space
from environments.corpus.search import search
from environments.corpus.store import Corpus

DIM, K, BATCH = 256, 5, 25_000
QUESTIONS, EXACT_QUESTIONS = 200, 40
PROBES_OF_PEER = 64
PEER = Path(__file__).with_name("corpus_peer.py")
PLATFORMS = ("tiktok", "youtube", "instagram", "other")
VOCABULARY = 20_000


def main() -> int:
    """Print one table a size, then JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[50_000, 1_000_000])
    parser.add_argument("--peer-python", help="a Python in which faiss-cpu and numpy are installed")
    parser.add_argument("--folder", type=Path, help="where to work (about 5 GB for 1,000,000 rows); default: a temporary folder")
    parser.add_argument("--stage", choices=sorted(STAGES), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.stage:
        print(json.dumps(STAGES[options.stage](options.folder, options.rows[0]) | {"peak_rss_mb": _peak_mb()}))
        return 0
    reports = {}
    for rows in options.rows:
        folder = Path(tempfile.mkdtemp(prefix="corpus-search-", dir=options.folder))
        try:
            reports[rows] = measure(folder, rows, options.peer_python)
        finally:
            shutil.rmtree(folder)
        print(_table(rows, reports[rows]), flush=True)
    print(json.dumps(reports))
    return 0


def measure(folder: Path, rows: int, peer_python: str | None) -> dict[str, Any]:
    """All stages for one size, each in a process of its own."""
    report: dict[str, Any] = {"load_before": os.getloadavg()[0]}
    for stage in ("vectors", "numpy", "write", "index", "ask"):
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.corpus_search", "--stage", stage, "--rows", str(rows), "--folder", str(folder)],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        report[stage] = json.loads(done.stdout)
    if peer_python:
        files = [str(folder / name) for name in ("vectors.npy", "questions.npy", "exact.npy")]
        done = subprocess.run([peer_python, str(PEER), *files, str(PROBES_OF_PEER)], check=True, stdout=subprocess.PIPE, text=True)
        report["peer"] = json.loads(done.stdout)
    return report | {"load_after": os.getloadavg()[0]}


def make_vectors(folder: Path, rows: int) -> dict[str, Any]:
    """Vectors and questions as files, written batch by batch."""
    source = mixture(DIM)
    into = np.lib.format.open_memmap(folder / "vectors.npy", mode="w+", dtype=np.float32, shape=(rows, DIM))
    for start in range(0, rows, BATCH):
        size = min(BATCH, rows - start)
        into[start : start + size] = source.draw(size, 1_000 + start)
        into.flush()
    np.save(folder / "questions.npy", source.draw(QUESTIONS, 7))
    return {}


def ask_numpy(folder: Path, _rows: int) -> dict[str, Any]:
    """Brute force over one array in memory; its answers are the truth."""
    vectors = np.load(folder / "vectors.npy")
    exact: list[list[int]] = []

    def ask(question: Any) -> None:
        near = vectors @ question
        best = np.argpartition(-near, K)[:K]
        exact.append(best[np.argsort(-near[best])].tolist())

    times = _timed(ask, np.load(folder / "questions.npy"))
    np.save(folder / "exact.npy", np.asarray(exact))
    return times | {"recall_at_5": 1.0}


def write(folder: Path, rows: int) -> dict[str, Any]:
    """The corpus, written in batches as an ingest would."""
    corpus = Corpus.create(str(folder / "corpus"), Space("synthetic", DIM))
    vectors = np.load(folder / "vectors.npy", mmap_mode="r")
    began = time.perf_counter()
    for start in range(0, rows, BATCH):
        corpus.videos.add(_batch(corpus, np.asarray(vectors[start : start + BATCH]), start))
    return {"seconds": time.perf_counter() - began}


def index(folder: Path, _rows: int) -> dict[str, Any]:
    """All indices that `ensure_indices` finds worth having."""
    corpus = _open(folder)
    began = time.perf_counter()
    states = ensure_indices(corpus)
    seconds = time.perf_counter() - began
    files = [path for path in (folder / "corpus").rglob("*") if path.is_file()]
    indices = sum(path.stat().st_size for path in files if "_indices" in path.parts)
    return {
        "seconds": seconds,
        "disk_mb": sum(path.stat().st_size for path in files) / 1e6,
        "of_which_indices_mb": indices / 1e6,
        "indices": [f"{state.column}: {state.kind}" for state in states],
    }


def ask(folder: Path, _rows: int) -> dict[str, Any]:
    """The questions, in all ways; recall against `numpy`."""
    corpus, questions, truth = _open(folder), np.load(folder / "questions.npy"), np.load(folder / "exact.npy")
    rng = np.random.default_rng(3)
    said = [f"w{one} w{two}" for one, two in _words(rng, (len(questions), 2))]
    found: dict[str, Any] = {"corpus": _timed(lambda question: search(corpus, vector=question, k=K), questions)}
    right = 0
    for question, best in zip(questions, truth, strict=True):
        right += len({f"v{each}" for each in best} & set(search(corpus, vector=question, k=K)["id"]))
    found["corpus"]["recall_at_5"] = right / (K * len(questions))
    found["exact"] = _timed(lambda question: search(corpus, vector=question, k=K, exact=True), questions[:EXACT_QUESTIONS])
    found["words"] = _timed(lambda words: search(corpus, words=words, k=K), said)
    both = list(zip(questions, said, strict=True))
    found["vector and words"] = _timed(lambda each: search(corpus, vector=each[0], words=each[1], k=K), both)
    for where in ("platform = 'tiktok'", "HE > 0.9", "id = 'v7'"):
        found[f"where {where}"] = _filtered(corpus, questions[: 2 * EXACT_QUESTIONS], where)
    return found


def _filtered(corpus: Corpus, questions: Any, where: str) -> dict[str, float]:
    times = _timed(lambda question: search(corpus, vector=question, where=where, k=K), questions)
    right = wanted = 0
    for question in questions[:EXACT_QUESTIONS]:
        exact = set(search(corpus, vector=question, where=where, k=K, exact=True)["id"])
        right += len(exact & set(search(corpus, vector=question, where=where, k=K)["id"]))
        wanted += len(exact)
    return times | {"recall_at_5": right / wanted}


def _batch(corpus: Corpus, vectors: Any, start: int) -> pa.Table:
    """Rows with words, platform, topic and loadings; what is not known is null."""
    schema, count = corpus.videos.schema, len(vectors)
    rng = np.random.default_rng(start)
    words = [" ".join(f"w{each}" for each in row) for row in _words(rng, (count, 12))]
    number = np.arange(start, start + count)
    given = {
        "id": [f"v{each}" for each in number],
        "content": [f"{each:064x}" for each in number],
        "platform": [PLATFORMS[each % len(PLATFORMS)] for each in number],
        "topic": [f"topic {each % 50}" for each in number],
        "caption": words,
        "words": words,
        "duration_s": rng.uniform(3, 90, count),
        **{value: rng.uniform(-1, 1, count).astype(np.float32) for value in ("HE", "PO")},
    }
    arrays = [pa.array(given[field.name], field.type) if field.name in given else pa.nulls(count, field.type) for field in schema]
    arrays[schema.names.index("text_vector")] = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIM)
    return pa.Table.from_arrays(arrays, schema=schema.remove_metadata())


def _words(rng: np.random.Generator, shape: tuple[int, int]) -> Any:
    """Numbers of words, the frequent ones frequent (Zipf)."""
    weights = 1 / (np.arange(VOCABULARY) + 5.0)
    return rng.choice(VOCABULARY, size=shape, p=weights / weights.sum())


def _open(folder: Path) -> Corpus:
    return Corpus.open(str(folder / "corpus"))


def _timed(ask_one: Callable[[Any], object], questions: Sequence[Any]) -> dict[str, float]:
    """Milliseconds a question, one after the other; the first tenth is not counted."""
    times = []
    for question in questions:
        began = time.perf_counter()
        ask_one(question)
        times.append(1000 * (time.perf_counter() - began))
    counted = times[len(times) // 10 :]
    return {"p50_ms": float(np.percentile(counted, 50)), "p95_ms": float(np.percentile(counted, 95))}


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def _table(rows: int, report: dict[str, Any]) -> str:
    lines = [f"\n{rows:,} rows × {DIM}, load {report['load_before']:.1f} to {report['load_after']:.1f}"]
    lines.append(f"  {'':<28}{'p50 ms':>9}{'p95 ms':>9}{'recall@5':>10}{'build s':>9}{'peak MB':>9}")
    asked = {name: found for name, found in report["ask"].items() if isinstance(found, dict)}
    asked["corpus"] |= {"build_s": report["index"]["seconds"], "peak_rss_mb": report["ask"]["peak_rss_mb"]}
    for name, found in (asked | {"numpy": report["numpy"]} | ({"peer": report["peer"]} if "peer" in report else {})).items():
        cells = [found.get(key) for key in ("p50_ms", "p95_ms", "recall_at_5", "build_s", "peak_rss_mb")]
        shown = (f"{'':>9}" if cell is None else f"{cell:>9.{places}f}" for cell, places in zip(cells, (2, 2, 3, 1, 0), strict=True))
        lines.append(f"  {found.get('version', name):<28}{' '.join(shown)}")
    wrote, made = report["write"], report["index"]
    lines.append(
        f"  written in {wrote['seconds']:.1f} s (peak {wrote['peak_rss_mb']:.0f} MB), indexed at a peak of {made['peak_rss_mb']:.0f} MB; "
        f"{made['disk_mb']:.0f} MB on disk, {made['of_which_indices_mb']:.0f} MB of it indices"
    )
    lines.append(f"  {', '.join(made['indices'])}")
    return "\n".join(lines)


STAGES: dict[str, Callable[[Path, int], dict[str, Any]]] = {
    "vectors": make_vectors,
    "numpy": ask_numpy,
    "write": write,
    "index": index,
    "ask": ask,
}

if __name__ == "__main__":
    sys.exit(main())
