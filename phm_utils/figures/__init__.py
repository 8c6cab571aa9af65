"""Drawing: house style, charts, maps, and the one way in which a figure reaches a page."""

from phm_utils.figures.show import show, show_table

__all__ = ["show", "show_table"]
