"""The derived sums of editions and groups: written here only, and compared with a recount."""
