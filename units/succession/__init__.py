"""Successors of closed units: their positions in the tree, and whose reports make up whose history."""
