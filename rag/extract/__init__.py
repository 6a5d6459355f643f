"""From a file to its pages of text; a format is one module that offers a `Format`."""
