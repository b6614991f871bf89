"""The second factor: an authenticator app and recovery codes."""
