"""E-mails that remind clerks and reviewers of months that are not sent, by timer or by a reviewer."""
