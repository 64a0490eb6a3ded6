"""From a data set as it is handed out to manifests; not needed once these exist."""
