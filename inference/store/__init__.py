"""The models on this machine's disk: added from files, pulled from a hub, described, removed."""
