"""Data quality: one profile query a layer, and a bounded number of Great Expectations expectations over its rows."""
