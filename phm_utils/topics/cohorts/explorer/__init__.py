"""The cohort explorer of JupyterLab: criteria as widgets, counts at once, rule files, and protected exports."""
