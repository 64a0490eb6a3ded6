"""How well copies are found: figures, tables and pictures; baselines without learning."""
