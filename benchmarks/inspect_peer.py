"""The peer of `benchmarks.throughput`, in Inspect AI: one sample a decision, with a picture of its own, its log written.

Run by that benchmark in a Python that has inspect-ai and openai; it imports nothing of this project.
Arguments: base URL, folder with JPEG files, folder for the log, number of decisions, connections, file with the words
(JSON: system, user, schema). Prints one JSON object: seconds, cpu_s, log_bytes, version.
"""

import base64
import json
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from inspect_ai import Task
from inspect_ai import eval as run_eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import (
    ChatMessageSystem,
    ChatMessageUser,
    ContentImage,
    ContentText,
    GenerateConfig,
    ResponseSchema,
    get_model,
)
from inspect_ai.solver import generate
from inspect_ai.util import JSONSchema


def task(pictures: list[bytes], words: dict[str, Any], decisions: int) -> Task:
    """A task of so many samples, the pictures taken in turn."""
    uris = [f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}" for picture in pictures]
    samples = [
        Sample(
            id=number + 1,
            input=[
                ChatMessageSystem(content=words["system"]),
                ChatMessageUser(content=[ContentImage(image=uris[number % len(uris)]), ContentText(text=words["user"])]),
            ],
        )
        for number in range(decisions)
    ]
    return Task(dataset=MemoryDataset(samples), solver=generate())


def main() -> None:
    url, feed, logs, decisions, connections, words_file = sys.argv[1:7]
    words = json.loads(Path(words_file).read_text(encoding="utf-8"))
    pictures = [path.read_bytes() for path in sorted(Path(feed).rglob("*.jpg"))]
    schema = ResponseSchema(name="answer", json_schema=JSONSchema.model_validate(words["schema"]), strict=True)
    config = GenerateConfig(max_connections=int(connections), max_tokens=500, response_schema=schema)
    model = get_model("openai-api/local/benchmark", base_url=url, api_key="none", config=config)

    def once(count: int, folder: Path) -> None:
        (log,) = run_eval(task(pictures, words, count), model=model, log_dir=str(folder), display="none", max_samples=int(connections))
        if log.status != "success" or log.results is None or log.results.completed_samples != count:
            raise SystemExit(f"Inspect AI ended with {log.status}: {log.error}")

    once(2, Path(logs) / "first")  # so that everything is imported
    began, cpu = time.monotonic(), time.process_time()
    once(int(decisions), Path(logs) / "measured")
    figures = {"seconds": time.monotonic() - began, "cpu_s": time.process_time() - cpu, "version": version("inspect-ai")}
    figures["log_bytes"] = sum(path.stat().st_size for path in (Path(logs) / "measured").rglob("*") if path.is_file())
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
