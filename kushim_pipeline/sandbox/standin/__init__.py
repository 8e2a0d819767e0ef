"""What every stand-in of a vendor shares: the HTTP server, its ledger and budgets, pages, and faults to order."""
