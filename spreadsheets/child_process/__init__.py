"""Reads uploads in a child process with bounded memory and time."""
