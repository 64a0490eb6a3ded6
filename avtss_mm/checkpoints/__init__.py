"""Weights in files: plain writing, safe reading, layouts of other projects, export."""
