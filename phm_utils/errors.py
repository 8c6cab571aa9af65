"""The errors of a run."""


class InputError(Exception):
    """An input cannot be used: a file, a parameter, a folder.

    The message states the fault, its place and the next step. It may quote area
    codes, but no cell of a person's row.
    The command line prints it without a traceback and exits with 2.
    """


class StepFailed(Exception):
    """A step of a run broke after the inputs were accepted (exit code 1)."""


class DiskFull(StepFailed):
    """A disk is full, or a quota used up. See `full_disk`."""
