-- Receipts of a reading that was done again over the answers of an earlier one, without asking the vendor. What is read
-- again is no fresher than it was. Portable: DuckDB and Postgres run this file.

ALTER TABLE raw.receipt ADD COLUMN replay_of VARCHAR;
