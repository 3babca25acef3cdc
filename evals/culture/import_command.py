"""`python -m evals.culture import-wvs`: people in rows to shares by country, written whole or not at all."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from evals.culture.question_rows import as_line
from evals.culture.wvs import import_wvs
from personas.errors import StorageFailed, UserError
from personas.one_line import one_line

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Import, write, say what was left out. Returns the exit code. Raises AxiofeedError."""
    out = Path(options.out)
    if out.suffix.lower() != ".jsonl" or out.is_dir():
        raise UserError(f"--out takes a .jsonl file, not {one_line(options.out, 200)!r}")
    found = import_wvs(Path(options.data), Path(options.codebook))
    text = "".join(f"{as_line(question)}\n" for question in found.survey.questions)
    part = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        part.replace(out)
    except OSError as error:
        raise StorageFailed(f"cannot write {one_line(str(out))}: {error.strerror or error}; mend it or choose another place") from error
    survey = found.survey
    sys.stdout.write(f"{out}: {len(survey.questions)} questions, {len(survey.countries)} countries, {found.rows:,} people\n")
    for (column, country, reason), count in sorted(found.left_out.items()):
        sys.stderr.write(f"left out: {column}, {country}: {count:,} “{reason}”\n")
    sys.stderr.write(f"{found.survey.notes[-1]}\n")
    return 0
