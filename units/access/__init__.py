"""Access control: what a role may do within a unit's subtree."""
