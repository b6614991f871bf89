"""Pure arithmetic on numbers and months; standard library only, no text is generated here."""
