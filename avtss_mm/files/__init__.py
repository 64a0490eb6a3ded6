"""Files that are complete whenever they exist: atomic writes, caches, logs of finished work."""
