"""Weights in files: written plainly, read safely, named for other networks, exported."""
