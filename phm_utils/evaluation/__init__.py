"""Did a programme change what it set out to change? Target trials, gates, effects and returns."""

from phm_utils.evaluation.evaluate import evaluate

__all__ = ["evaluate"]
