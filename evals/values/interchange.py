"""Studies on disk: one Parquet table of decisions with loadings, targets and provenance beside it, and back; labels from pyvalues."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from agent.experiments.remote import is_url, local_copies
from evals.values.decisions import read_decisions
from evals.values.loading_tables import read_loadings, value_order
from evals.values.loadings import Loadings
from evals.values.sessions import study
from evals.values.studies import Provenance, Study
from evals.values.tables import Source, Table, listed, read_table, shown
from personas.errors import StorageFailed, UserError
from personas.one_line import one_line
from personas.schwartz import NAMES, VALUES, theory

__all__ = ["export", "loadings_frame", "open_study", "pyvalues_loadings", "read_targets", "targets_frame"]

FEWEST_GOLD = 100
"""Items of a study that people have to have labelled before a corpus's gold sample corrects its loadings."""
TABLES = {".parquet", ".pq", ".csv", ".tsv", ".txt"}


def open_study(
    sources: str | Path | Sequence[str | Path], *, loadings: Source | Loadings | None = None, targets: Source | None = None
) -> Study:
    """A study from run or session folders, or URLs of them, or from one table of decisions with what lies beside it (see `export`).

    `loadings` replaces those of the sessions: a table, a corpus, `Loadings`, or "embedding" for the baseline from the items' words.
    `targets` are added to those that sessions name. Raises UserError.
    """
    given = [sources] if isinstance(sources, str | Path) else list(sources)
    if not given:
        raise UserError("give a run folder, session folders, or one table of decisions")
    tables = [Path(path) for path in given if Path(path).suffix.lower() in TABLES and not Path(path).is_dir()]
    if tables and len(given) > 1:
        raise UserError("give one table of decisions, or folders of sessions, not several tables or both")
    found = _from_table(tables[0]) if tables else _from_sessions(given)
    labels = _loadings(loadings, found)
    if isinstance(loadings, str | Path) and labels is not None and _is_corpus(str(loadings)):
        labels, told = _with_enough_gold(labels, found)
        found = replace(found, problems=(*found.problems, *told))
    return _with(found, labels, None if targets is None else read_targets(targets))


def export(given: Study, path: str | Path) -> list[Path]:
    """Write the decisions to `path` (.parquet or .csv), and beside it `<stem>.loadings.csv`, `.targets.csv` and `.provenance.json`.

    Returns the files written; `open_study(path)` gives the same study back, but for the items' words. Raises StorageFailed, UserError.
    """
    path = Path(path)
    if path.suffix.lower() not in {".parquet", ".csv"}:
        raise UserError(f"{one_line(str(path), 200)}: decisions are written to a .parquet or .csv file")
    written = [path]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        given.decisions.write_parquet(path) if path.suffix.lower() == ".parquet" else given.decisions.write_csv(path)
        if given.loadings is not None:
            written.append(path.with_suffix(".loadings.csv"))
            loadings_frame(given.loadings).write_csv(written[-1])
        if given.targets:
            written.append(path.with_suffix(".targets.csv"))
            targets_frame(given.targets).write_csv(written[-1])
        written.append(path.with_suffix(".provenance.json"))
        about = given.provenance.as_dict() | {"problems": list(given.problems)}
        written[-1].write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise StorageFailed(
            f"cannot write {one_line(str(path), 200)}: {error.strerror or error}; mend it or choose another place"
        ) from error
    return written


def read_targets(source: Source) -> dict[str, dict[str, float]]:
    """Targets from a table persona, SD, …, UN: persona → value → weight in [-1, 1]; an empty entry is 0. Raises UserError in one line."""
    table = read_table(source, "targets")
    table.require(("persona",), "give a table persona, SD, …, UN")
    codes = value_order([name for name in table.frame.columns if name in {*VALUES, *theory()["refined19_order_theory2012"]}])
    if not codes:
        raise table.fault(f"no column is a value ({' '.join(VALUES)}; there: {listed(table.frame.columns, 12)})")
    _no_other_weights(table, codes)
    personas = table.text("persona")
    table.refuse(personas.is_null(), "persona", "every row needs one")
    table.refuse(personas.is_duplicated(), "persona", "give one row a persona")
    columns = {}
    for code in codes:
        columns[code] = table.numbers(code).fill_null(0.0)
        table.refuse(columns[code].abs() > 1, code, "a weight is from -1 to 1")
    return {name: {code: float(columns[code][row]) for code in codes} for row, name in enumerate(personas.to_list())}


def _no_other_weights(table: Table, codes: Sequence[str]) -> None:
    """Raises UserError for a column of numbers that is no value: most likely a misspelt one, whose weights would go missing."""
    for name in set(table.frame.columns) - {"persona", *codes}:
        held = table.frame[name].drop_nulls()
        if len(held) and held.cast(pl.Float64, strict=False).null_count() == 0:
            raise table.fault(f"column {shown(name)} holds numbers and is no value ({' '.join(VALUES)}); correct its name, or remove it")


def targets_frame(targets: Mapping[str, Mapping[str, float]]) -> pl.DataFrame:
    """Targets as the table that `read_targets` reads."""
    codes = value_order(sorted({code for target in targets.values() for code in target})) or VALUES
    rows = [{"persona": name} | {code: float(target.get(code, 0.0)) for code in codes} for name, target in sorted(targets.items())]
    return pl.DataFrame(rows)


def loadings_frame(loadings: Loadings) -> pl.DataFrame:
    """Loadings as the wide table that `read_loadings` reads, with all that they hold."""
    columns: dict[str, Any] = {"item": list(loadings.items)}
    columns |= {code: loadings.x[:, k] for k, code in enumerate(loadings.values)}
    if loadings.sd is not None:
        columns |= {f"{code}_sd": loadings.sd[:, k] for k, code in enumerate(loadings.values)}
    if loadings.gold is not None:
        columns |= {f"{code}_gold": pl.Series(loadings.gold[:, k], nan_to_null=True) for k, code in enumerate(loadings.values)}
        columns["inclusion"] = loadings.inclusion if loadings.inclusion is not None else np.ones(len(loadings.items))
    if loadings.topic is not None:
        columns["topic"] = pl.Series(list(loadings.topic), dtype=pl.String)
    columns["source"] = [loadings.source] * len(loadings.items)
    if value_order(loadings.values) != loadings.values or not set(loadings.values) <= {*VALUES, *theory()["refined19_order_theory2012"]}:
        columns["values"] = [" ".join(loadings.values)] * len(loadings.items)
    return pl.DataFrame(columns | dict(loadings.covariates))


def pyvalues_loadings(items: Sequence[str], scores: Sequence[Any], source: str = "pyvalues") -> Loadings:
    """Loadings from the value scores that a classifier of the package `pyvalues` gives, one an item.

    With attainment a loading is attained − constrained; scores without it, in [0, 1], cannot oppose. Refined scores are folded into the
    ten by pyvalues' own `original_values`. pyvalues need not be installed. Raises UserError for anything else.
    """
    if len(items) != len(scores):
        raise UserError(f"{len(items)} items and {len(scores)} scores: give one of each")
    rows = []
    for item, score in zip(items, scores, strict=True):
        folded = score.original_values() if hasattr(score, "original_values") else score
        try:
            rows.append([_signed(folded[NAMES[code]]) for code in VALUES])
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise UserError(f"item {shown(item)}: {type(score).__name__} holds no scores of Schwartz's ten values") from error
    return Loadings(items=tuple(items), values=VALUES, x=np.array(rows, dtype=np.float64).reshape(len(items), len(VALUES)), source=source)


def _signed(score: Any) -> float:
    return float(score.attained) - float(score.constrained) if hasattr(score, "attained") else float(score)


def _from_sessions(given: Sequence[str | Path]) -> Study:
    """Sessions in folders, or at URLs such as s3://bucket/experiment, whose traces are fetched for as long as they are read."""
    if not any(is_url(str(source)) for source in given):
        return study(given)
    with local_copies(given) as folders:
        found = study(folders)
        places = [(f"{folder}/", f"{str(source).rstrip('/')}/") for folder, source in zip(folders, given, strict=True) if folder != source]

    def named(text: str) -> str:
        for folder, url in places:
            text = text.replace(folder, url)
        return text

    facts = tuple(replace(fact, path=named(fact.path)) for fact in found.provenance.sessions)
    about = Provenance(tuple(one_line(str(source), 200) for source in given), facts)
    return replace(found, provenance=about, problems=tuple(named(problem) for problem in found.problems))


def _from_table(path: Path) -> Study:
    """The table with what lies beside it."""
    beside = {kind: path.with_suffix(f".{kind}") for kind in ("loadings.csv", "targets.csv", "provenance.json")}
    provenance, problems = Provenance((one_line(str(path), 200),)), tuple[str, ...]()
    decisions = read_decisions(path)
    if beside["provenance.json"].is_file():
        provenance, problems = _provenance(beside["provenance.json"])
    return Study(
        decisions=decisions,
        loadings=read_loadings(beside["loadings.csv"]) if beside["loadings.csv"].is_file() else None,
        targets=read_targets(beside["targets.csv"]) if beside["targets.csv"].is_file() else {},
        provenance=provenance,
        problems=problems,
    )


def _provenance(path: Path) -> tuple[Provenance, tuple[str, ...]]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return Provenance.from_dict(data), tuple(str(problem) for problem in data.get("problems", ()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ArithmeticError) as error:
        raise UserError(f"{one_line(str(path), 200)}: it does not say where decisions come from; remove it or export anew") from error


def _loadings(given: Source | Loadings | None, found: Study) -> Loadings | None:
    if given is None:
        return found.loadings
    if isinstance(given, Loadings):
        return given
    if isinstance(given, str) and given == "embedding":
        from evals.values.embedding import embedding_loadings  # noqa: PLC0415 - loads when wanted

        if found.items.is_empty():
            raise UserError("--loadings embedding reads the items' words, which a table of decisions does not hold: give run folders")
        return embedding_loadings(dict(found.items.select("item", "words").iter_rows()))
    if isinstance(given, str | Path) and _is_corpus(str(given)):
        from environments.corpus.feed import open_corpus  # noqa: PLC0415 - LanceDB loads when wanted
        from evals.labels.corpus_loadings import loadings_of  # noqa: PLC0415

        return loadings_of(open_corpus(str(given)))
    return read_loadings(given)


def _with_enough_gold(labels: Loadings, found: Study) -> tuple[Loadings, list[str]]:
    """A corpus's labels without its gold sample where that holds too few of the study's items to correct anything, and a sentence then;
    and one where people have coded only a part of it."""
    from evals.labels.gold_weights import PARTLY  # noqa: PLC0415 - only corpora have a gold sample that is drawn

    if labels.gold is None:
        return labels, []
    source, partly, told = labels.source.partition(PARTLY)
    coded = {item for item, row in zip(labels.items, labels.gold, strict=True) if not np.isnan(row).any()}
    mine = len(coded & set(found.decisions["item"].unique().to_list()))
    if mine < FEWEST_GOLD:
        few = f"The gold sample holds {mine} of these items: too few to correct the labels (300 are advised, {FEWEST_GOLD} needed)."
        return replace(labels, source=source, gold=None, inclusion=None), [few]
    return labels, [f"People have coded {told}, as if which of these are coded were chance: code the rest."] if partly else []


def _is_corpus(given: str) -> bool:
    """A local corpus, or the URL of one: tables at a URL end like tables."""
    if is_url(given):
        return Path(given).suffix.lower() not in TABLES
    return (Path(given).expanduser() / "videos.lance").is_dir()


def _with(found: Study, loadings: Loadings | None, targets: Mapping[str, Mapping[str, float]] | None) -> Study:
    merged = {**found.targets, **(targets or {})}
    return Study(found.decisions, loadings, merged, found.provenance, found.items, found.problems)
