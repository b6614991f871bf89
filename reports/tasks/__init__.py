"""Tasks that reviews set: who answers for them, and what became of them."""
