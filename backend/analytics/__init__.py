"""Numbers over runs, kept by the hour: how many, how fast, how dear, how liked."""
