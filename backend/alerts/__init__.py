"""Rules that watch a metric, and the messages that say when it left its bounds and came back."""
