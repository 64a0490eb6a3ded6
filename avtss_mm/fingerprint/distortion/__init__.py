"""Distorted copies of videos, made on purpose: the suite AVTSS-FP v1."""
