"""Everything that implements Engine."""
