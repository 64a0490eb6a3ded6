"""Makes distorted copies of videos: the suite AVTSS-FP v1."""
