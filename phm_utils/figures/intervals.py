"""Values with their intervals: caterpillar, forest, scatter with trend, funnel."""

from collections.abc import Sequence

import matplotlib.transforms as transforms
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from phm_utils.figures import style
from phm_utils.figures.chart import chart
from phm_utils.figures.extremes import extremes

References = float | dict[str, float] | None


@chart
def caterpillar(
    frame: pd.DataFrame,
    value: str,
    lower: str,
    upper: str,
    label: str,
    reference: References = None,
    highlight: Sequence[str] | None = None,
    *,
    unit: str = "",
    percent: bool = False,
    sort: bool = True,
) -> Figure:
    """One row per item: a point with its interval, highest at the top.

    frame: one row per `label`; a missing `value` is suppressed and drawn as *.
    reference: a value, or up to three named ones, drawn as vertical lines.
    highlight: labels drawn as filled diamonds, their names in bold.
    sort: False keeps the frame's order, first row at the top.
    """
    frame = frame.sort_values(value, ascending=False, na_position="last") if sort else frame
    frame, drawn = extremes(frame, label, value, highlight or ())
    with style.house():
        fig, ax = style.canvas(style.rows_height(len(frame), 1.1))
        style.note(fig, drawn)
        _ranges(ax, frame, lower, upper)
        _points(ax, frame, value, label, set(highlight or ()))
        _references(ax, reference, percent)
        _row_labels(ax, frame[label], set(highlight or ()))
        style.value_axis(ax, "x", unit, percent)
        _stars_for_rows(fig, ax, frame[value])
    return fig


@chart
def forest(
    frame: pd.DataFrame,
    value: str,
    lower: str,
    upper: str,
    label: str,
    *,
    null: float = 1.0,
    log: bool = True,
    unit: str = "Rate ratio (log scale)",
    highlight: Sequence[str] | None = None,
) -> Figure:
    """Effects with their intervals in the frame's order, the value written at the right.

    null: where there is no effect: 1 for ratios (log axis), 0 for differences.
    """
    with style.house():
        fig, ax = style.canvas(style.rows_height(len(frame), 1.1))
        _ranges(ax, frame, lower, upper)
        _points(ax, frame, value, label, set(highlight or ()))
        if log:
            ax.set_xscale("log")
            ax.xaxis.set_minor_formatter("")
            ax.set_xticks(_log_ticks(frame, lower, upper, null))
        ax.axvline(null, color=style.INK, linewidth=1)
        ax.margins(x=0.06)
        _row_labels(ax, frame[label], set(highlight or ()))
        style.value_axis(ax, "x", unit)
        right = transforms.blended_transform_factory(ax.transAxes, ax.transData)
        columns = [style.as_floats(frame[c]) for c in (value, lower, upper)]
        for row, (v, low, high) in enumerate(zip(*columns, strict=True)):
            limits = "no limits" if np.isnan(low) else f"{low:.2f} to {high:.2f}"
            text = style.SUPPRESSED if np.isnan(v) else f"{v:.2f} ({limits})"
            ax.text(1.02, row, text, transform=right, va="center", fontsize=9)
    return fig


@chart
def scatter(
    frame: pd.DataFrame,
    x: str,
    y: str,
    *,
    lower: str | None = None,
    upper: str | None = None,
    highlight: str | None = None,
    labels: str | None = None,
    trend: pd.DataFrame | None = None,
    reference: References = None,
    x_unit: str = "",
    y_unit: str = "",
    percent_x: bool = False,
    percent: bool = False,
) -> Figure:
    """One point per row, with intervals where given.

    highlight: a column of booleans: those are drawn in front, filled and,
        with `labels`, named. The others are grey.
    trend: a line to draw through, columns `x` and `y`.
    """
    marked = frame[highlight].astype(bool).to_numpy() if highlight else np.ones(len(frame), bool)
    with style.house():
        fig, ax = style.canvas(4.2)
        for front in (False, True):
            part = frame[marked == front]
            colour = style.BLUE if front else style.GREY
            if lower and upper and len(part):
                ax.vlines(part[x], part[lower], part[upper], color=colour, linewidth=1.2, alpha=1 if front else 0.45)
            if len(part):
                sns.scatterplot(part, x=x, y=y, ax=ax, color=colour, s=42 if front else 22, linewidth=0, zorder=3)
        if trend is not None:
            ax.plot(trend["x"], trend["y"], color=style.VERMILION, linewidth=2, linestyle=style.DASHES[1])
        if labels:
            _name_points(ax, frame[marked], x, y, labels)
        for name, level in _named(reference).items():
            ax.axhline(level, color=style.INK, linewidth=1, linestyle=style.DASHES[2])
            ax.annotate(name, (1, level), xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=9)
        style.value_axis(ax, "x", x_unit, percent_x)
        style.value_axis(ax, "y", y_unit, percent)
    return fig


@chart
def funnel(
    frame: pd.DataFrame,
    size: str,
    value: str,
    limits: pd.DataFrame,
    *,
    target: float,
    highlight: str | None = None,
    labels: str | None = None,
    size_unit: str = "",
    unit: str = "",
    percent: bool = False,
) -> Figure:
    """Values against size, with control limits; points outside the outer limits are diamonds.

    frame: with a boolean column `outside` for points beyond the outer limits.
    limits: columns `size`, `lower`, `upper` (95%), `lower_998`, `upper_998`.
    highlight: a column of booleans: those in colour, the others grey.
    labels: a column of names, written next to highlighted points that are outside.
    """
    out = frame["outside"].astype(bool)
    front = frame[highlight].astype(bool) if highlight else pd.Series(True, index=frame.index)
    with style.house():
        fig, ax = style.canvas(4.2)
        for level, dash, name in (("", style.DASHES[1], "95% limits"), ("_998", style.DASHES[0], "99.8% limits")):
            for side in ("lower", "upper"):
                edge, text = limits[f"{side}{level}"], name if side == "lower" else None
                ax.plot(limits["size"], edge, color=style.MUTED, linewidth=1, linestyle=dash, label=text)
        ax.axhline(target, color=style.INK, linewidth=1)
        for rows, colour, marker, area in (
            (~out & ~front, style.GREY, "o", 20),
            (out & ~front, style.GREY, "D", 30),
            (~out & front, style.BLUE, "o", 44),
            (out & front, style.VERMILION, "D", 50),
        ):
            if rows.any():
                sns.scatterplot(
                    frame[rows], x=size, y=value, ax=ax, color=colour, s=area, marker=marker, linewidth=0, zorder=3
                )
        if labels:
            _name_points(ax, frame[out & front], size, value, labels)
        style.legend_above(ax)
        style.value_axis(ax, "x", size_unit)
        style.value_axis(ax, "y", unit, percent)
    return fig


def _ranges(ax: Axes, frame: pd.DataFrame, lower: str, upper: str) -> None:
    low, high = style.as_floats(frame[lower]), style.as_floats(frame[upper])
    ax.hlines(np.arange(len(frame)), low, high, color=style.GREY, linewidth=2)


def _points(ax: Axes, frame: pd.DataFrame, value: str, label: str, highlight: set[str]) -> None:
    drawn = pd.DataFrame({"x": style.as_floats(frame[value]), "y": np.arange(len(frame))})
    drawn["kind"] = np.where(frame[label].isin(highlight), "highlight", "other")
    drawn = drawn.dropna()
    if drawn.empty:
        return  # every value withheld: only the rows' names are left to draw
    sns.scatterplot(
        drawn,
        x="x",
        y="y",
        hue="kind",
        style="kind",
        ax=ax,
        hue_order=["other", "highlight"],
        style_order=["other", "highlight"],
        palette=[style.BLUE, style.VERMILION],
        markers=["o", "D"],
        s=46,
        linewidth=0,
        legend=False,
        zorder=3,
    )


def _row_labels(ax: Axes, labels: pd.Series, highlight: set[str]) -> None:
    ax.set_yticks(range(len(labels)), [str(v) for v in labels])
    for text, name in zip(ax.get_yticklabels(), labels, strict=True):
        text.set_fontweight("bold" if name in highlight else "normal")
    ax.set_ylim(len(labels) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.set_ylabel("")


def _named(reference: References) -> dict[str, float]:
    named = reference if isinstance(reference, dict) else {} if reference is None else {"Reference": reference}
    return {name: float(level) for name, level in named.items() if not pd.isna(level)}


def _references(ax: Axes, reference: References, percent: bool) -> None:
    for i, (name, level) in enumerate(_named(reference).items()):
        text = f"{name} {style.number(level, percent)}"
        ax.axvline(level, color=style.INK, linewidth=1.2, linestyle=style.DASHES[i % 3], zorder=1, label=text)
    style.legend_above(ax, 3)


def _stars_for_rows(fig: Figure, ax: Axes, values: pd.Series) -> None:
    edge = transforms.blended_transform_factory(ax.transAxes, ax.transData)
    absent = np.flatnonzero(np.isnan(style.as_floats(values))).tolist()
    for row in absent:
        ax.text(0.01, row, style.SUPPRESSED, transform=edge, va="center", fontsize=12)
    if len(absent):
        style.note(fig, style.SUPPRESSED_NOTE)


def _name_points(ax: Axes, frame: pd.DataFrame, x: str, y: str, labels: str) -> None:
    for _, row in frame.iterrows():
        ax.annotate(str(row[labels]), (row[x], row[y]), xytext=(5, 4), textcoords="offset points", fontsize=8.5)


def _log_ticks(frame: pd.DataFrame, lower: str, upper: str, null: float) -> list[float]:
    low = np.nanmin([*style.as_floats(frame[lower]), null])
    high = np.nanmax([*style.as_floats(frame[upper]), null])
    steps = [0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20, 50]
    return [s for s in steps if low * 0.8 <= s <= high * 1.25]
