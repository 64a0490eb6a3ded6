"""Command line, configs, reports, seeding and software versions."""
