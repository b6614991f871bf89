"""Exports of single dossiers from one-stop systems: filtered, mapped by a user, read as a job, counted."""
