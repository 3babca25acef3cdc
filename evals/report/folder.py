"""A report's folder: whose it is, and its files, each whole or not there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from environments.catalogue.storing import write_whole
from personas.errors import StorageFailed, UserError
from personas.one_line import one_line

__all__ = ["PAGE", "RESULTS", "check_place", "write_folder"]

PAGE, RESULTS = "report.html", "results.json"


def check_place(out: Path, form: str, what: str) -> None:
    """Raises UserError where `out` is a file, or a folder whose results.json is not of the format `form`: no report on `what`."""
    shown = one_line(str(out), 200)
    if out.exists() and not out.is_dir():
        raise UserError(f"--out {shown} is a file; give a folder")
    if not out.is_dir() or not any(out.iterdir()):
        return
    try:
        data = json.loads((out / RESULTS).read_bytes())
    except (OSError, ValueError):
        data = None
    if not isinstance(data, dict) or data.get("format") != form:
        raise UserError(f"--out {shown} holds something else than a report on {what}; give an empty or a new folder")


def write_folder(out: Path, contents: Mapping[str, bytes | str], *, known: Iterable[str] = ()) -> list[Path]:
    """Write `contents` by name, the results last; files among `known` that are not there any more go. Raises StorageFailed."""
    try:
        for name in sorted(contents, key=lambda each: each == RESULTS):
            data = contents[name]
            write_whole(out / name, data if isinstance(data, bytes) else data.encode("utf-8", errors="backslashreplace"))
            (out / name).chmod(0o644)
        for name in set(known) - contents.keys():
            (out / name).unlink(missing_ok=True)  # of an earlier report
    except OSError as error:
        shown = one_line(str(out), 200)
        raise StorageFailed(f"cannot write to {shown}: {error.strerror or error}; mend it or choose another folder") from error
    return [out / name for name in contents]
