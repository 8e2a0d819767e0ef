"""Frameworks, controls, checks and fact tables, and the policy that checks read: the loader and the lint."""
