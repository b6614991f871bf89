"""Users, passwords, second factor, single sign-on, sessions. Imports neither units nor roles."""
