"""The benches: each measures ours and a peer in the same run and holds the result against a gate."""
