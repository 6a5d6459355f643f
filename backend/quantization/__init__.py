"""Models in smaller types: jobs, reports, and what they install."""
