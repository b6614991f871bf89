"""Questions of this room over more than one model."""
