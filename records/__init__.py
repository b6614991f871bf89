"""What units report: the catalogue, monthly submissions, approval, imports and the computed figures."""
