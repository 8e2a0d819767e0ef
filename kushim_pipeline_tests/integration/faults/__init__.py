"""Faults within one room, at every moment that there is."""
