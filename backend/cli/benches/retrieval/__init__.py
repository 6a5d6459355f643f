"""`bench retrieval`: how good searches are, and how fast, against references and a peer."""
