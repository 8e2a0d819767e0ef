-- How much of the internet an address range admits, for DuckDB (its inet extension needs a download).
-- ../postgres/polyfill_net.sql gives the same for Postgres.

-- How many of the addresses [first, first + size) lie in the block [block, block + block_size).
CREATE OR REPLACE MACRO ip_overlap(first, size, block, block_size) AS
    greatest(0, least(first + size, CAST(block AS BIGINT) + block_size) - greatest(first, CAST(block AS BIGINT)));

-- Those of `size` IPv4 addresses from `first` on that the internet can use: outside RFC 1918 (10/8, 172.16/12,
-- 192.168/16), shared space (100.64/10, RFC 6598), loopback (127/8) and link-local (169.254/16).
CREATE OR REPLACE MACRO ip4_public(first, size) AS
    size
    - ip_overlap(first, size, 167772160, 16777216)
    - ip_overlap(first, size, 2886729728, 1048576)
    - ip_overlap(first, size, 3232235520, 65536)
    - ip_overlap(first, size, 1681915904, 4194304)
    - ip_overlap(first, size, 2130706432, 16777216)
    - ip_overlap(first, size, 2851995648, 65536);

-- The same for IPv6, counted in blocks of /16 by the leading 16 bits: outside unique local fc00::/7 (RFC 4193) and
-- link-local fe80::/10.
CREATE OR REPLACE MACRO ip6_public(first, size) AS
    size - ip_overlap(first, size, 64512, 512) - ip_overlap(first, size, 65152, 64);

CREATE OR REPLACE MACRO ip4_number(address) AS
    try_cast(split_part(address, '.', 1) AS BIGINT) * 16777216
    + try_cast(split_part(address, '.', 2) AS BIGINT) * 65536
    + try_cast(split_part(address, '.', 3) AS BIGINT) * 256
    + try_cast(split_part(address, '.', 4) AS BIGINT);

CREATE OR REPLACE MACRO ip6_lead(address) AS
    try_cast('0x' || CASE split_part(address, ':', 1) WHEN '' THEN '0' ELSE split_part(address, ':', 1) END AS BIGINT);

CREATE OR REPLACE MACRO ip_floor(number, size) AS number - number % size;

-- 2 ^ bits as a whole number; only asked for up to 32.
CREATE OR REPLACE MACRO ip_power(bits) AS CAST(power(2, greatest(0, least(bits, 32))) AS BIGINT);

CREATE OR REPLACE MACRO ip_prefix(cidr) AS try_cast(split_part(cidr, '/', 2) AS BIGINT);

-- 4 or 6 for a well-formed range in CIDR form, else NULL.
CREATE OR REPLACE MACRO ip_family(cidr) AS
    CASE
        WHEN regexp_full_match(
            cidr,
            '(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])'
            || '([.](25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])){3}/(3[0-2]|[12]?[0-9])'
        ) THEN 4
        WHEN regexp_full_match(
            cidr,
            '([0-9a-fA-F]{1,4}(:[0-9a-fA-F]{1,4}){7}'
            || '|([0-9a-fA-F]{1,4}(:[0-9a-fA-F]{1,4}){0,6})?::([0-9a-fA-F]{1,4}(:[0-9a-fA-F]{1,4}){0,6})?)'
            || '/(12[0-8]|1[01][0-9]|[1-9]?[0-9])'
        ) THEN 6
    END;

-- The first address and the size of an IPv4 range; of an IPv6 range in blocks of /16, at least one.
CREATE OR REPLACE MACRO ip4_block(cidr) AS
    {
        'first': ip_floor(ip4_number(split_part(cidr, '/', 1)), ip_power(32 - ip_prefix(cidr))),
        'size': ip_power(32 - ip_prefix(cidr))
    };
CREATE OR REPLACE MACRO ip6_block(cidr) AS
    {
        'first': ip_floor(ip6_lead(cidr), ip_power(16 - ip_prefix(cidr))),
        'size': ip_power(16 - ip_prefix(cidr))
    };

-- How many addresses of the internet the range admits; 0 for a private range, NULL for what is no range. The lambda has
-- the range taken apart once instead of once for every private block.
CREATE OR REPLACE MACRO ip_public_addresses(cidr) AS
    CASE ip_family(cidr)
        WHEN 4 THEN
            list_transform([ip4_block(cidr)], lambda block: CAST(ip4_public(block.first, block.size) AS DOUBLE))[1]
        WHEN 6 THEN
            list_transform([ip6_block(cidr)], lambda block: ip6_public(block.first, block.size))[1]
            * power(2, least(112, 128 - ip_prefix(cidr)))
    END;
