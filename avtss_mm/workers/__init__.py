"""Worker processes that can be killed one by one, and the shared memory that returns samples."""
