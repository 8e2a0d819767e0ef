"""Who may read what as a person: grants that end by themselves, sessions that are logged, and what each role sees."""
