"""Faults from outside: kill -9, a full disk, a second writer, a database that goes away."""
