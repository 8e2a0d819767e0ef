-- How much of the internet an address range admits, for Postgres. ../duckdb/polyfill_net.sql gives the same for DuckDB.

-- How many of the addresses [start, start + size) lie in the block [block, block + block_size).
CREATE OR REPLACE FUNCTION ip_overlap(start bigint, size bigint, block bigint, block_size bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT greatest(0, least(start + size, block + block_size) - greatest(start, block))';

-- Those of `size` IPv4 addresses from `start` on that the internet can use: outside RFC 1918 (10/8, 172.16/12,
-- 192.168/16), shared space (100.64/10, RFC 6598), loopback (127/8) and link-local (169.254/16).
CREATE OR REPLACE FUNCTION ip4_public(start bigint, size bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS '
    SELECT size
        - ip_overlap(start, size, 167772160, 16777216)
        - ip_overlap(start, size, 2886729728, 1048576)
        - ip_overlap(start, size, 3232235520, 65536)
        - ip_overlap(start, size, 1681915904, 4194304)
        - ip_overlap(start, size, 2130706432, 16777216)
        - ip_overlap(start, size, 2851995648, 65536)
';

-- The same for IPv6, counted in blocks of /16 by the leading 16 bits: outside unique local fc00::/7 (RFC 4193) and
-- link-local fe80::/10.
CREATE OR REPLACE FUNCTION ip6_public(start bigint, size bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT size - ip_overlap(start, size, 64512, 512) - ip_overlap(start, size, 65152, 64)';

CREATE OR REPLACE FUNCTION ip4_number(address text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS '
    SELECT as_integer(split_part(address, ''.'', 1)) * 16777216
        + as_integer(split_part(address, ''.'', 2)) * 65536
        + as_integer(split_part(address, ''.'', 3)) * 256
        + as_integer(split_part(address, ''.'', 4))
';

CREATE OR REPLACE FUNCTION ip6_lead(address text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS '
    SELECT CASE
        WHEN split_part(address, '':'', 1) ~ ''^[0-9a-fA-F]{0,4}$''
        THEN CAST(CAST(''x'' || lpad(split_part(address, '':'', 1), 4, ''0'') AS bit(16)) AS integer)
    END
';

CREATE OR REPLACE FUNCTION ip_floor(number bigint, size bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT number - number % size';

-- 2 ^ bits as a whole number; only asked for up to 32.
CREATE OR REPLACE FUNCTION ip_power(bits bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT CAST(power(2, greatest(0, least(bits, 32))) AS bigint)';

CREATE OR REPLACE FUNCTION ip_prefix(cidr text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS 'SELECT as_integer(split_part(cidr, ''/'', 2))';

-- 4 or 6 for a well-formed range in CIDR form, else NULL.
CREATE OR REPLACE FUNCTION ip_family(cidr text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS '
    SELECT CASE
        WHEN cidr ~ (''^(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])''
            || ''([.](25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])){3}/(3[0-2]|[12]?[0-9])$'') THEN 4
        WHEN cidr ~ (''^([0-9a-fA-F]{1,4}(:[0-9a-fA-F]{1,4}){7}''
            || ''|([0-9a-fA-F]{1,4}(:[0-9a-fA-F]{1,4}){0,6})?::([0-9a-fA-F]{1,4}(:[0-9a-fA-F]{1,4}){0,6})?)''
            || ''/(12[0-8]|1[01][0-9]|[1-9]?[0-9])$'') THEN 6
    END
';

-- How many addresses of the internet the range admits; 0 for a private range, NULL for what is no range. In steps, since
-- one expression would read the range's text a dozen times over.
CREATE OR REPLACE FUNCTION ip_public_addresses(cidr text) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS '
DECLARE
    family CONSTANT integer := ip_family(cidr);
    prefix bigint;
    size bigint;
BEGIN
    IF family IS NULL THEN
        RETURN NULL;
    END IF;
    prefix := ip_prefix(cidr);
    IF family = 4 THEN
        size := ip_power(32 - prefix);
        RETURN ip4_public(ip_floor(ip4_number(split_part(cidr, ''/'', 1)), size), size);
    ELSIF prefix <= 16 THEN
        size := ip_power(16 - prefix);
        RETURN ip6_public(ip_floor(ip6_lead(cidr), size), size) * power(CAST(2 AS double precision), 112);
    END IF;
    RETURN ip6_public(ip6_lead(cidr), 1) * power(CAST(2 AS double precision), 128 - prefix);
END
';
