"""What is seen of the running server: its log, the log line of each request, metrics, health, e-mails about
faults.
"""
