"""The benchmark of copy detection: metrics, tables, figures, and baselines without learning."""
