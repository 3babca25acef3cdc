"""Small studies with planted preferences, and analyses of them, for the tests of the report."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from evals.value_spectrum.scoring import score
from evals.values.decisions import read_decisions
from evals.values.decompose import Decomposition, decompose
from evals.values.findings import Analysis, Control
from evals.values.loadings import Loadings
from evals.values.steering import persona_findings
from personas.schwartz import ANGLES, NAMES, VALUES


def simulate(
    *, models: tuple[str, ...] = ("m",), personas: int = 4, items: int = 120, cells: int = 2, missing: float = 0.03, seed: int = 1
):
    """(decisions, loadings, targets): each model plays "default" and `personas` personas, each of which prefers one value."""
    dice = np.random.default_rng(seed)
    x = dice.choice([-1, 0, 1.0], (items, 10), p=[0.07, 0.75, 0.18])
    names = [
        "default",
        *(
            f"{'high' if k < 10 else 'low'}-{NAMES[VALUES[k % 10]].lower()}" if k < 20 else f"full-profile-{k - 19:02}"
            for k in range(personas)
        ),
    ]
    targets = {name: {VALUES[k % 10]: 1.0 if k < 10 else -1.0} for k, name in enumerate(names[1:20])}
    theta = np.zeros((len(names), 10))
    for k in range(1, len(names)):
        theta[k] = [np.cos(np.deg2rad(ANGLES[v] - ANGLES[VALUES[(k - 1) % 10]])) for v in VALUES] if k <= 20 else dice.normal(0, 0.5, 10)
        theta[k] *= -0.8 if 10 < k <= 20 else 0.8
    base = dice.normal(0, 0.3, 10)
    ids = [f"clip-{k:04}" for k in range(items)]
    frames = []
    for number, model in enumerate(models):
        strength = 1 - 0.25 * number
        level = 2.4 + (strength * theta + base) @ x.T + dice.normal(0, 0.5, items) + dice.normal(0, 0.4, (len(names), items))
        y = np.clip(level[:, :, None] + dice.normal(0, 0.8, (len(names), items, cells)), 0, 5).round()
        a, i, r = (index.ravel() for index in np.indices(y.shape))
        state = np.where(dice.random(y.size) < missing * (1 + 2 * (x[i, 9] > 0)), "refused", "answered")
        state = np.where(dice.random(y.size) < missing / 6, "unparsable", state)
        frame = pl.DataFrame(
            {
                "respondent": [f"{model} · {names[k]}" for k in a],
                "model": model,
                "persona": [names[k] for k in a],
                "item": [ids[k] for k in i],
                "cell": r,
                "position": dice.permuted(np.tile(np.arange(items * cells, dtype=float), (len(names), 1)), axis=1).ravel(),
                "channel": "rating",
                "y": y.ravel(),
                "state": state,
            }
        )
        frames += [frame, frame.with_columns(channel=pl.lit("like"), y=(pl.col("y") >= 3).cast(pl.Float64))]
    rows = pl.concat(frames).with_columns(y=pl.when(pl.col("state") == "answered").then(pl.col("y")))
    return read_decisions(rows), Loadings(tuple(ids), VALUES, x, source="catalogue design"), targets


def analysis(**options) -> Analysis:
    """An Analysis as `evals.values.analysis` makes it, with hand-made controls and sentences."""
    decisions, loadings, targets = simulate(**options)
    rating, like = decompose(decisions, loadings), decompose(decisions, loadings, channel="like")
    shown = (
        decisions.filter(pl.col("channel") == "rating")
        .group_by("respondent", "model", "persona")
        .agg(
            *[(pl.col("state") == state).sum().alias(state) for state in ("answered", "refused", "unparsable", "failed")],
            pl.len().alias("shown"),
        )
        .sort("model", "persona")
    )
    table = pl.DataFrame({"value": list(VALUES), "share": np.linspace(0, 0.06, 10)})
    return Analysis(
        title="Value-consistent preferences under this elicitation",
        decompositions={"rating": rating, "like": like},
        spectrum=score(decisions, loadings),
        personas=persona_findings(rating, targets, level=0.95, seed=0),
        controls=(
            Control(
                "shuffled labels",
                "Is the profile null when labels are dealt out at random?",
                "In 200 shuffles 4.5% of the estimates were significant.",
                True,
                {"share": 0.045, "shuffles": 200},
            ),
            Control(
                "order of options",
                "Does the order of the answer options move the ratings?",
                "Reversing it moved the mean by 0.61 points (95% 0.48 to 0.74).",
                False,
                {"shift": 0.61},
            ),
            Control(
                "refusals by value",
                "Are some values refused more often?",
                "Universalism clips were refused most.",
                None,
                {"p": 0.004, "n": 120},
                table,
            ),
            Control(
                "value-free clips",
                "Are clips without a value rated alike under all personas?",
                "There are no such clips in this pool.",
                None,
            ),
        ),
        structure={"enough": False, "sentence": "5 respondents are too few to test the circle: 50 are needed.", "notes": []},
        shown=shown,
        provenance={
            "source": ["runs/"],
            "totals": {
                "cost_usd": "1.2345",
                "tokens": {"input": 1234567, "output": 45678},
                "answers": {"answered": 400, "refused": 20, "unparsable": 3, "failed": 0},
            },
            "sessions": [
                {
                    "session": f"{who.replace(' · ', '-')}-001",
                    "respondent": who,
                    "model": who.split(" · ")[0],
                    "seed": 7,
                    "status": "complete",
                    "protocol": "feed",
                    "spec_hash": "3f" * 32,
                    "versions": {"axiofeed": "0.1.0", "python": "3.11.9"},
                    "model_versions": ["m-2026-10-01"],
                }
                for who in rating.panel.respondents
            ],
            "loadings": "catalogue design",
            "items": 120,
        },
        conclusions=(
            "3 of 4 personas with a target moved their model's decisions along it (steering gain above zero, 95% interval).",
            "No common preference of the default persona can be told from zero after Holm's correction.",
        ),
        caveats=(
            "These are value-consistent preferences under this elicitation, not values that a model holds.",
            "Common, absolute and priority preferences are not identified by the design: appeal that goes with a value looks the same.",
            "Control not passed: order of options. Reversing it moved the mean by 0.61 points (95% 0.48 to 0.74).",
        ),
        command="python -m evals.values runs/ --contrast default --out report/",
    )


def hostile(found: Analysis, nasty: str) -> Analysis:
    """`found` with every text replaced or preceded by `nasty`."""

    def worse(decomposition: Decomposition) -> Decomposition:
        profiles = decomposition.profiles.with_columns(
            pl.concat_str(pl.lit(nasty), pl.col("respondent")).alias("respondent"), method=pl.lit(nasty), identified_by=pl.lit(nasty)
        )
        panel = decomposition.panel
        renamed = replace(
            panel,
            respondents=tuple(nasty + name for name in panel.respondents),
            models=tuple(nasty + name for name in panel.models),
            personas=tuple(name if name == "default" else nasty + name for name in panel.personas),
        )
        return replace(
            decomposition, profiles=profiles, panel=renamed, steered=tuple(nasty + name for name in decomposition.steered), notes=(nasty,)
        )

    assert found.spectrum is not None
    return replace(
        found,
        title=nasty,
        decompositions={nasty + name: worse(each) for name, each in found.decompositions.items()},
        spectrum=found.spectrum.with_columns(pl.concat_str(pl.lit(nasty), pl.col("respondent")).alias("respondent")),
        personas=tuple(
            replace(
                one,
                respondent=nasty + one.respondent,
                persona=nasty + one.persona,
                model=nasty + one.model,
                verdict=nasty,
                off_target=(nasty,),
                target={**one.target, nasty: 1.0},
            )
            for one in found.personas
        ),
        controls=tuple(
            replace(one, name=nasty, question=nasty, finding=nasty, figures={nasty: nasty}, table=pl.DataFrame({nasty: [nasty]}))
            for one in found.controls
        ),
        structure={nasty: nasty, "sentence": nasty},
        shown=found.shown.with_columns(pl.concat_str(pl.lit(nasty), pl.col("respondent")).alias("respondent")),
        provenance={
            nasty: nasty,
            "source": [nasty],
            "sessions": [{nasty: nasty, "session": nasty, "model": nasty, "model_versions": [nasty]}],
        },
        conclusions=(nasty, nasty),
        caveats=(nasty,),
        command=nasty,
    )
