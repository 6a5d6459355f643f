"""The published page over HTTP: its settings for the console, and what its visitors do."""
