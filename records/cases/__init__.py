"""Exports of single dossiers from one-stop systems: filtered, mapped by a person, read as a job, counted."""
