"""Safety rules for all accounts: idle time, passwords, and from where administration is done."""
