"""Population Health Management workbook: a small package under parameterised notebooks."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("phm-utils")
except PackageNotFoundError:  # read straight from a folder, never installed
    __version__ = "0+unknown"
