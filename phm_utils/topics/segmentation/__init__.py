"""Segments of the population by need, and their use of care: 02_segmentation."""
