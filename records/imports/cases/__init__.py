"""Exports of single dossiers out of one-stop systems: sifted at the door, mapped by a person, read as a job."""
