"""The one door of rights: what a role may do within a unit's subtree."""
