"""`python -m environments.corpus search`: finds videos, and prints the best."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from personas.schwartz import VALUES

if TYPE_CHECKING:
    import polars as pl

    from environments.corpus.search import SpaceName
    from environments.corpus.store import Corpus

__all__ = ["EXAMPLE", "add_options", "run"]

EXAMPLE = """examples:
  python -m environments.corpus search corpus/ "family dinner" -k 5
  python -m environments.corpus search corpus/ "family dinner" --by words --where "platform = 'tiktok' AND duration_s < 30 AND HE > 0"
  python -m environments.corpus search corpus/ --like ID --by image

--by hybrid (the default) joins two rankings: by the meaning of the words, and by the words themselves. `text`: meaning alone; `words`:
the words alone; `image`: pictures, where the corpus was made with an embedder of pictures. --where takes SQL expressions over the
columns in docs/corpus.md. exit codes: 0 done (also when nothing was found), 2 bad usage or no corpus, 130 interrupted."""

_CAPTION, _ID = 70, 40


def add_options(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("corpus", metavar="CORPUS", help="the corpus: a folder, or the URL of an object store")
    parser.add_argument("words", metavar="WORDS", nargs="?", help="what to search for")
    parser.add_argument("-k", type=int, default=5, metavar="K", help="how many (default: 5)")
    parser.add_argument("--by", choices=("hybrid", "text", "words", "image"), help="see below (default: hybrid; text with --like)")
    parser.add_argument("--like", metavar="ID", help="what is nearest to this video, itself left out")
    parser.add_argument("--where", metavar="SQL", help="only videos for which this is true")
    parser.add_argument("--exact", action="store_true", help="compare with every vector instead of using the index")
    parser.add_argument("--base-url", metavar="URL", help="where the corpus's embedder is served, if it is")
    parser.add_argument("--json", action="store_true", help="for machines")


def run(options: argparse.Namespace) -> int:
    """Search and print. Returns the exit code; raises UserError in one line."""
    from environments.corpus.store import Corpus  # noqa: PLC0415 - so that --help loads nothing
    from personas.errors import CorpusError  # noqa: PLC0415

    if (options.words is None) == (options.like is None):
        raise CorpusError('say what to search for: words, such as "family dinner", or a video with --like ID')
    if options.k < 1:
        raise CorpusError(f"-k must be at least 1, not {options.k}")
    corpus = Corpus.open(options.corpus)
    found, by = _like(corpus, options) if options.like is not None else _said(corpus, options)
    if options.json:
        sys.stdout.write(json.dumps({"by": by, "where": options.where, "results": [_described(row) for row in found.to_dicts()]}) + "\n")
    else:
        sys.stdout.write("\n".join([*map(_line, found.to_dicts())] or ["Nothing was found."]) + "\n")
    return 0


def _like(corpus: Corpus, options: argparse.Namespace) -> tuple[pl.DataFrame, str]:
    import polars as pl  # noqa: PLC0415

    from environments.corpus.search import search, vector_of  # noqa: PLC0415
    from personas.errors import CorpusError  # noqa: PLC0415

    by = options.by or "text"
    if by not in ("text", "image"):
        raise CorpusError(f"--like compares vectors: --by text or --by image, not {by}")
    space = _space(by)
    vector = vector_of(corpus, options.like, space)
    found = search(corpus, vector=vector, space=space, where=options.where, k=options.k + 1, exact=options.exact)
    return found.filter(pl.col("id") != options.like).head(options.k), by


def _said(corpus: Corpus, options: argparse.Namespace) -> tuple[pl.DataFrame, str]:
    from environments.corpus.search import search  # noqa: PLC0415
    from personas.command import complain  # noqa: PLC0415

    by = options.by or "hybrid"
    vector = None if by == "words" else _vector(corpus, options.words, by, options.base_url)
    if vector is not None and by == "hybrid" and not vector.any():
        complain(f"{corpus.text_space.name} knows none of these words: searched by the words alone")
        vector, by = None, "words"
    words = options.words if by in ("hybrid", "words") else None
    return search(corpus, vector=vector, space=_space(by), words=words, where=options.where, k=options.k, exact=options.exact), by


def _space(by: str) -> SpaceName:
    return "image" if by == "image" else "text"


def _vector(corpus: Corpus, words: str, by: str, base_url: str | None) -> Any:
    from environments.embedders import make_embedder  # noqa: PLC0415
    from personas.errors import CorpusError  # noqa: PLC0415

    space = corpus.image_space if by == "image" else corpus.text_space
    if space is None:
        raise CorpusError(f"{corpus.uri} has no image vectors; make a corpus with an embedder of pictures (--embedder clip/NAME)")
    return make_embedder(space.name, base_url=base_url).embed_texts([words])[0]


def _described(row: dict[str, Any]) -> dict[str, Any]:
    """A result with its loadings under one key, null where there are none."""
    loadings = {value: row.pop(value) for value in VALUES}
    return row | {"loadings": None if all(each is None for each in loadings.values()) else loadings}


def _line(row: dict[str, Any]) -> str:
    from personas.one_line import one_line  # noqa: PLC0415

    near = "      " if row["distance"] is None else f"{row['distance']:6.3f}"
    carried = [f"{value}{'+' if row[value] > 0 else '−'}" for value in VALUES if row[value]]
    facts = [one_line(row["platform"] or "", 20), one_line(row["topic"] or "", 30), f"{row['duration_s'] or 0:.0f} s", " ".join(carried)]
    caption = one_line(row["caption"] or "", _CAPTION, fold=True)
    return f"{near}  {one_line(row['id'], _ID)}  {caption}  · " + " · ".join(fact for fact in facts if fact)
