"""The tools that come with Atelier, one file each."""
