"""The command line: the verbs of `./atelier`."""
