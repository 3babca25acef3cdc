"""The peer of `benchmarks.corpus_search`, in FAISS: the same vectors in memory, an IVF index with 8-bit codes, refined from whole vectors.

Run by that benchmark in a Python that has faiss-cpu and numpy; it imports nothing of this project.
Arguments: file of vectors, file of queries, file of the exact neighbours, partitions to look into. Prints one JSON object.
"""

import json
import resource
import sys
import time

import faiss  # type: ignore[import-not-found]  # in the peer's environment only
import numpy as np

K, REFINED = 5, 4


def main() -> None:
    """Build, ask one at a time, print."""
    vectors, queries, exact = (np.load(path, mmap_mode="r") for path in sys.argv[1:4])
    count, dim = vectors.shape
    began = time.perf_counter()
    index = faiss.index_factory(dim, f"IVF{max(1, int(4 * count**0.5 / 4))},SQ8,RFlat", faiss.METRIC_INNER_PRODUCT)
    rng = np.random.default_rng(0)
    index.train(np.ascontiguousarray(vectors[np.sort(rng.choice(count, min(count, 100_000), replace=False))]))
    for start in range(0, count, 50_000):
        index.add(np.ascontiguousarray(vectors[start : start + 50_000]))
    built = time.perf_counter() - began
    index.k_factor = REFINED
    faiss.extract_index_ivf(index).nprobe = int(sys.argv[4])
    times, same = [], 0
    for number, query in enumerate(np.asarray(queries)):
        began = time.perf_counter()
        _, found = index.search(query[None], K)
        times.append(1000 * (time.perf_counter() - began))
        same += len(set(found[0].tolist()) & set(exact[number].tolist()))
    print(
        json.dumps(
            {
                "p50_ms": float(np.percentile(times[len(times) // 10 :], 50)),
                "p95_ms": float(np.percentile(times[len(times) // 10 :], 95)),
                "recall_at_5": same / (K * len(queries)),
                "build_s": built,
                "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
                "version": f"faiss {faiss.__version__}",
            }
        )
    )


if __name__ == "__main__":
    main()
