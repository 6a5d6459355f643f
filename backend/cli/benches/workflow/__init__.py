"""`bench workflow`: what the workflow engine costs beside the work of its nodes."""
