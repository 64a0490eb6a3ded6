"""Finds the sources of distorted, cut and re-timed copies of videos and sounds."""
