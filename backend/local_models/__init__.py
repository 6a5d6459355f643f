"""Models on this machine: added, pulled, loaded, unloaded, removed, tried out."""
