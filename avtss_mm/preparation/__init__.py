"""Makes manifests from data sets in their official form; not needed once these exist."""
