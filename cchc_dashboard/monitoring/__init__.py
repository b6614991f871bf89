"""Monitoring of the running server: logs, request logging, metrics, health, e-mails about errors."""
