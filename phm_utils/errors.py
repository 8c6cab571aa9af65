"""The two ways in which a run can end badly."""


class InputError(Exception):
    """Something the user gave cannot be used: a file, a parameter, a place.

    The message says what broke which rule, where, and the next step. Area
    codes may appear in it, people never: no cell of a person's row is quoted.
    The command line prints it without a traceback and exits with 2.
    """


class StepFailed(Exception):
    """A step of a run broke after the inputs were accepted (exit code 1)."""
