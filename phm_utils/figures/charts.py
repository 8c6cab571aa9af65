"""Charts of the house: each takes a tidy frame and returns a Figure for `show`.

A missing value is a suppressed one: it is drawn as * and never as zero.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from phm_utils.figures import style
from phm_utils.figures.chart import chart
from phm_utils.figures.extremes import extremes, unusual_rows
from phm_utils.figures.flows import flow_grid
from phm_utils.figures.grid import grid
from phm_utils.figures.intervals import caterpillar, forest, funnel, scatter
from phm_utils.figures.stacked import stacked_bars
from phm_utils.figures.strips import ratio_strips
from phm_utils.figures.upset import upset

__all__ = [
    "bars",
    "caterpillar",
    "flow_grid",
    "forest",
    "funnel",
    "grid",
    "grouped_bars",
    "heatmap",
    "lines",
    "pyramid",
    "ratio_strips",
    "scatter",
    "stacked_bars",
    "upset",
]


@chart
def bars(
    frame: pd.DataFrame,
    value: str,
    label: str,
    *,
    unit: str = "",
    percent: bool = False,
    highlight: Sequence[str] | None = None,
    reference: float | dict[str, float] | None = None,
    sort: bool = False,
    compare: str | None = None,
) -> Figure:
    """One horizontal bar per row with its number at the end, in the frame's order.

    highlight: labels in the second colour, their names in bold.
    reference: one value, or up to three named ones, as vertical lines.
    compare: a column of the ICS's figures, drawn as a second bar where the frame has it.
    """
    if compare in frame:
        parts = {"This PCN": value, "Whole ICS": compare}
        rows = [pd.DataFrame({label: frame[label], value: frame[c], "_of": name}) for name, c in parts.items()]
        return grouped_bars(pd.concat(rows), value, label, "_of", unit=unit, percent=percent)
    frame = frame.sort_values(value, ascending=False, na_position="last") if sort else frame
    frame, rows_drawn = extremes(frame, label, value, highlight or ())
    chosen, values = set(highlight or ()), style.as_floats(frame[value])
    names = [str(v) for v in frame[label]]
    with style.house():
        fig, ax = style.canvas(style.rows_height(len(frame)))
        style.note(fig, rows_drawn)
        drawn = pd.DataFrame({"x": np.nan_to_num(values), "y": names, "kind": [n in chosen for n in names]})
        sns.barplot(
            drawn, x="x", y="y", hue="kind", palette=[style.BLUE, style.VERMILION], hue_order=[False, True],
            dodge=False, saturation=1, legend=False, ax=ax, order=names,
        )  # fmt: skip
        for row, v in enumerate(values):
            text = style.SUPPRESSED if np.isnan(v) else style.number(v, percent)
            # On white, so that a reference line does not strike the number through.
            ax.annotate(
                text, (np.nan_to_num(v), row), xytext=(4, 0), textcoords="offset points", va="center",
                bbox={"facecolor": style.PAPER, "edgecolor": "none", "pad": 0.8},
            )  # fmt: skip
        for i, (name, level) in enumerate(_named(reference).items()):
            ax.axvline(
                level, color=style.INK, linewidth=1.2, linestyle=style.DASHES[i],
                label=f"{name} {style.number(level, percent)}",
            )  # fmt: skip
        style.legend_above(ax, 3)
        _finish_rows(fig, ax, names, chosen, unit, percent, values)
    return fig


@chart
def grouped_bars(
    frame: pd.DataFrame,
    value: str,
    label: str,
    group: str,
    *,
    unit: str = "",
    percent: bool = False,
    groups: Sequence[str] | None = None,
) -> Figure:
    """For each label one bar per group, distinguished by colour and hatch.

    frame: one row per label x group (at most five groups); labels in order of first appearance.
    """
    order = list(dict.fromkeys(str(v) for v in frame[label]))
    groups = [str(g) for g in groups] if groups else list(dict.fromkeys(str(g) for g in frame[group]))
    wide = frame.assign(_l=frame[label].astype(str), _g=frame[group].astype(str))
    wide = wide.set_index(["_l", "_g"])[value].astype("Float64").unstack("_g").reindex(index=order, columns=groups)
    with style.house():
        fig, ax = style.canvas(style.rows_height(len(order) * max(1, len(groups)) * 3 // 4, 1.1))
        long = wide.fillna(0).astype(float).reset_index().melt("_l", var_name="_g", value_name="_v")
        sns.barplot(
            long, x="_v", y="_l", hue="_g", order=order, hue_order=groups,
            palette=list(style.PALETTE[: len(groups)]), saturation=1, ax=ax, edgecolor=style.PAPER, linewidth=0.5,
        )  # fmt: skip
        absent = False
        for i, (name, container) in enumerate(zip(groups, ax.containers, strict=False)):
            for bar, v in zip(container, style.as_floats(wide[name]), strict=True):
                bar.set_hatch(style.HATCHES[i])
                text = style.SUPPRESSED if np.isnan(v) else style.number(v, percent)
                at = (np.nan_to_num(v), bar.get_y() + bar.get_height() / 2)
                ax.annotate(text, at, xytext=(4, 0), textcoords="offset points", va="center", fontsize=8.5)
                absent |= bool(np.isnan(v))
        style.legend_above(ax)
        _finish_rows(fig, ax, order, set(), unit, percent, np.array([np.nan if absent else 0.0]))
    return fig


@chart
def lines(
    frame: pd.DataFrame,
    x: str,
    y: str,
    group: str | None = None,
    *,
    lower: str | None = None,
    upper: str | None = None,
    unit: str = "",
    x_unit: str = "",
    percent: bool = False,
    events: dict[str, Any] | None = None,
    reference: dict[str, float] | None = None,
    zero: bool = True,
    ticks: int | None = None,
) -> Figure:
    """One line per group over an ordered `x` (dates or numbers), named at its end.

    A suppressed value breaks the line. lower, upper: a band around each line.
    events: named positions on `x`, drawn as vertical lines. reference: named
    levels of `y`, as horizontal ones. zero: start the scale at 0. ticks: of
    whole-number `x`, how far apart they stand.
    """
    groups = list(dict.fromkeys(frame[group])) if group else [y]
    with style.house():
        fig, ax = style.canvas(3.6)
        for i, name in enumerate(groups):
            part = (frame[frame[group] == name] if group else frame).sort_values(x)
            _line(ax, part, x, y, lower, upper, str(name), i)
        for name, at in (events or {}).items():
            ax.axvline(at, color=style.INK, linewidth=1, linestyle=style.DASHES[2])
            ax.annotate(name, (at, 1), xycoords=("data", "axes fraction"), xytext=(3, -10), textcoords="offset points")
        for name, level in (reference or {}).items():
            ax.axhline(level, color=style.INK, linewidth=1.2, linestyle=style.DASHES[2])
            ax.annotate(name, (0, level), xycoords=("axes fraction", "data"), xytext=(4, 3), textcoords="offset points")
        if zero:
            ax.set_ylim(bottom=0)
        if ticks:
            ax.set_xticks(range(int(frame[x].min()), int(frame[x].max()) + 1, ticks))
        if group:
            style.legend_above(ax, max(4, min(len(groups), 5)))
        style.value_axis(ax, "y", unit, percent)
        ax.set_xlabel(x_unit)
        if np.isnan(style.as_floats(frame[y])).any():
            style.note(fig, f"{style.SUPPRESSED_NOTE}; the line breaks there")
    return fig


@chart
def pyramid(
    frame: pd.DataFrame,
    band: str,
    side: str,
    value: str,
    *,
    outline: str | None = None,
    outline_name: str = "Whole ICS",
    unit: str = "People",
    percent: bool = False,
) -> Figure:
    """An age pyramid: the first of two sides to the left, the second to the right, oldest at the top.

    frame: one row per band x side, bands in order from the youngest.
    outline: a column on the same scale to compare with, drawn as a step line where the frame has it.
    """
    bands, sides = list(dict.fromkeys(frame[band])), list(dict.fromkeys(frame[side]))
    with style.house():
        fig, ax = style.canvas(style.rows_height(len(bands), 1.2))
        for i, (name, sign) in enumerate(zip(sides, (-1, 1), strict=True)):
            part = frame[frame[side] == name].set_index(band).reindex(bands)
            values = style.as_floats(part[value])
            sns.barplot(
                x=sign * np.nan_to_num(values), y=[str(b) for b in bands], color=style.PALETTE[i], saturation=1,
                ax=ax, label=str(name), hatch=style.HATCHES[i], edgecolor=style.PAPER, linewidth=0.5, legend=False,
            )  # fmt: skip
            for row in np.flatnonzero(np.isnan(values)).tolist():
                ax.text(0, row, f" {style.SUPPRESSED} ", ha="left" if sign > 0 else "right", va="center")
            if outline in frame:
                edge = np.repeat(sign * style.as_floats(part[outline]), 2)
                steps = np.repeat(np.arange(len(bands) + 1) - 0.5, 2)[1:-1]
                ax.plot(edge, steps, color=style.INK, linewidth=1.4, label=outline_name if sign > 0 else None)
        style.legend_above(ax)
        style.value_axis(ax, "x", unit, percent)
        ax.xaxis.set_major_formatter(lambda v, _: style.number(abs(v), percent))
        ax.set_ylabel("")
        ax.set_ylim(-0.5, len(bands) - 0.5)
        ax.axvline(0, color=style.INK, linewidth=0.8)
        if np.isnan(style.as_floats(frame[value])).any():
            style.note(fig, style.SUPPRESSED_NOTE)
    return fig


@chart
def heatmap(frame: pd.DataFrame, row: str, column: str, value: str, *, percent: bool = False, unit: str = "") -> Figure:
    """A grid of numbers, shaded from least to most, each written in its cell.

    frame: one row per row x column, both in order of first appearance.
    """
    rows, columns = list(dict.fromkeys(frame[row])), list(dict.fromkeys(frame[column]))
    grid = frame.set_index([row, column])[value].astype("Float64").unstack(column).reindex(index=rows, columns=columns)
    numbers, rows_drawn = unusual_rows(pd.DataFrame({c: style.as_floats(grid[c]) for c in columns}, index=rows))
    texts = numbers.map(lambda v: "" if np.isnan(v) else style.number(v, percent))
    with style.house():
        fig, ax = style.canvas(style.rows_height(len(numbers), 1.4))
        style.note(fig, rows_drawn)
        sns.heatmap(
            numbers, annot=texts, fmt="", ax=ax, cmap=sns.color_palette(list(style.SEQUENTIAL), as_cmap=True),
            linewidths=1, linecolor=style.PAPER, cbar=False, vmin=0, annot_kws={"fontsize": 9},
        )  # fmt: skip
        for r, c in np.argwhere(numbers.isna().to_numpy()):
            ax.text(c + 0.5, r + 0.5, style.SUPPRESSED, ha="center", va="center", fontsize=12)
        ax.set(xlabel=unit, ylabel="")
        ax.tick_params(length=0)
        ax.set_xticks(ax.get_xticks(), [str(c) for c in columns], rotation=0 if len(columns) <= 6 else 35, ha="center")
    return fig


def _line(
    ax: Axes, part: pd.DataFrame, x: str, y: str, lower: str | None, upper: str | None, name: str, i: int
) -> None:
    colour = style.PALETTE[i % len(style.PALETTE)]
    at, values = part[x].to_numpy(), style.as_floats(part[y])
    few = len(part) <= 30
    # Between suppressed values seaborn would join the line: draw each unbroken run apart.
    runs = np.cumsum(np.isnan(values))
    for number, run in enumerate(np.unique(runs[~np.isnan(values)])):
        keep = (runs == run) & ~np.isnan(values)
        sns.lineplot(
            x=at[keep], y=values[keep], ax=ax, color=colour, linewidth=2, label=name if number == 0 else None,
            marker=style.MARKERS[i % 5] if few else None, linestyle=style.DASHES[i % 5], errorbar=None, legend=False,
        )  # fmt: skip
    if lower and upper:
        ax.fill_between(at, style.as_floats(part[lower]), style.as_floats(part[upper]), color=colour, alpha=0.18, lw=0)
    if np.isnan(values).any():  # room for the stars beyond the last known value
        ax.xaxis.update_units(at)
        ax.update_datalim(np.column_stack([ax.convert_xunits(at), np.zeros(len(at))]), updatey=False)
        ax.autoscale_view(scaley=False)
    for place in at[np.isnan(values)]:
        ax.annotate(style.SUPPRESSED, (place, 0), xycoords=("data", "axes fraction"), ha="center", fontsize=12)


def _finish_rows(
    fig: Figure, ax: Axes, names: list[str], chosen: set[str], unit: str, percent: bool, values: np.ndarray
) -> None:
    style.value_axis(ax, "x", unit, percent)
    ax.set_yticks(range(len(names)), names)
    for text, name in zip(ax.get_yticklabels(), names, strict=True):
        text.set_fontweight("bold" if name in chosen else "normal")
    ax.tick_params(axis="y", length=0)
    ax.set_ylabel("")
    ax.set_xlim(right=ax.get_xlim()[1] * 1.08)  # room for the numbers at the ends of bars
    if np.isnan(values).any():
        style.note(fig, style.SUPPRESSED_NOTE)


def _named(reference: float | dict[str, float] | None) -> dict[str, float]:
    named = reference if isinstance(reference, dict) else {} if reference is None else {"Reference": reference}
    return {name: float(level) for name, level in named.items() if not pd.isna(level)}
