"""Processes that may be killed one by one; where work is fanned out."""
