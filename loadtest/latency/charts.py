"""Charts of the open loop: latency by rate, and the whole distribution at each rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from loadtest.latency.outcome import Outcome


def draw(scales: Mapping[str, Sequence[Outcome]], folder: Path) -> list[str]:
    """Writes latency-rates.svg and latency-percentiles.svg; answers with their names."""
    figure, axes = _empty()
    for scale, outcomes in scales.items():
        for p, style in (("50.0", "-"), ("99.0", "--"), ("99.9", ":")):
            axes.plot(
                [o.rate for o in outcomes], [o.percentiles_ms[p] for o in outcomes], style, marker="o",
                label=f"{scale} profiles, p{float(p):g}",
            )  # fmt: skip
    axes.set(yscale="log", xlabel="postings a second", ylabel="ms", title="Posting to last offer received")
    names = [_saved(figure, axes, folder / "latency-rates.svg")]
    figure, axes = _empty()
    for scale, outcomes in scales.items():
        for o in outcomes:
            axes.plot(list(o.percentiles_ms), list(o.percentiles_ms.values()), marker=".", label=f"{scale}, {o.rate}/s")
    axes.set(yscale="log", xlabel="percentile", ylabel="ms", title="Posting to last offer received, by rate")
    return [*names, _saved(figure, axes, folder / "latency-percentiles.svg")]


def _empty() -> tuple[Figure, Axes]:
    figure = Figure(figsize=(8, 5))
    return figure, figure.subplots()


def _saved(figure: Figure, axes: Axes, path: Path) -> str:
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend(fontsize="small")
    figure.tight_layout()
    figure.savefig(path)
    return path.name
