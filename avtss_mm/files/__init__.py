"""Files that are whole whenever they can be seen: written at once, kept, gone on with."""
