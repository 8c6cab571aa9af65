"""How the population divides by need, and which part of it uses most care: 02_segmentation."""
