"""How much of the internet a range admits, against Python's own arithmetic."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from kushim_pipeline.warehouse import SQL_ROOT

PRIVATE = [
    ip_network(block)
    for block in (
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "fc00::/7", "fe80::/10",
    )
]  # fmt: skip


def counts(texts: Sequence[str | None]) -> list[float | None]:
    """What the engine says of each text."""
    with duckdb.connect() as connection:
        connection.execute(Path(SQL_ROOT, "schema", "duckdb", "polyfill_net.sql").read_text("utf-8"))
        rows = connection.execute(
            "SELECT ip_public_addresses(t.text) FROM (SELECT unnest(CAST(? AS VARCHAR[])) AS text) AS t", [list(texts)]
        ).fetchall()
    return [row[0] for row in rows]


def public(network: IPv4Network | IPv6Network) -> float:
    blocks = [block for block in PRIVATE if block.version == network.version]
    if any(network.subnet_of(block) for block in blocks):  # type: ignore[arg-type]
        return 0
    inside = (block.num_addresses for block in blocks if block.subnet_of(network))  # type: ignore[arg-type]
    return float(network.num_addresses - sum(inside))


RANGES = st.one_of(
    st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32)).map(lambda n: IPv4Network(n, strict=False)),
    st.tuples(st.integers(0, 2**128 - 1), st.integers(0, 128)).map(lambda n: IPv6Network(n, strict=False)),
    st.tuples(st.sampled_from([0x0A << 24, 0xAC10 << 16, 0x6440 << 16, 0xA9FE << 16]), st.integers(0, 32)).map(
        lambda n: IPv4Network(n, strict=False)
    ),
    st.tuples(st.sampled_from([0xFC << 120, 0xFD12 << 112, 0xFE80 << 112, 1]), st.integers(0, 128)).map(
        lambda n: IPv6Network(n, strict=False)
    ),
)


@settings(max_examples=30, deadline=None)
@given(networks=st.lists(RANGES, min_size=1, max_size=40))
def test_a_range_admits_what_lies_outside_the_private_blocks(networks: list[IPv4Network | IPv6Network]) -> None:
    assert counts([str(network) for network in networks]) == [public(network) for network in networks]


def test_half_of_the_internet_is_public() -> None:
    assert all(found is not None and found > 2**30 for found in counts(["0.0.0.0/1", "128.0.0.0/1", "::/1"]))


def test_what_is_no_range_is_unknown_not_harmless() -> None:
    texts = [
        None,
        "",
        "1.2.3.4",
        "1.2.3/8",
        "256.1.1.1/8",
        "1.2.3.4/33",
        "012.1.1.1/8",
        "::/129",
        "1::2::3/10",
        ":::/0",
    ]
    assert counts(texts) == [None] * len(texts)
