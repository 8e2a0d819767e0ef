"""A small folder of facts and checks for the tests of the loader and the lint."""

from pathlib import Path

FACTS = """/*
table: shop_door
title: Doors
streams: [shop.door, shop.lock]
required: [is_open]
*/
SELECT r.tenant_id, r.body->>'open' AS is_open FROM raw.record_asof AS r
LEFT JOIN raw.record_asof AS l ON l.stream = 'shop.lock' WHERE r.stream = 'shop.door'
"""

CHECK = """/*
id: SHOP-DOOR-001
title: Doors are shut
severity: high
resource_type: shop.door
population: shop_door
streams: [shop.door]
unknown_when: The list of doors was not read.
criteria: {soc2: [CC6.1]}
remediation: Shut the door.
*/
SELECT tenant_id, resource_id, CASE WHEN is_open THEN 'FAIL' ELSE 'PASS' END AS status, 'shut or open' AS reason
FROM facts.shop_door
"""


def write(root: Path, *, facts: str = FACTS, check: str = CHECK, name: str = "SHOP-DOOR-001.sql") -> Path:
    """Lay out one fact table and one check below `root`; returns `root`."""
    (root / "facts").mkdir(parents=True, exist_ok=True)
    (root / "facts" / "shop_door.sql").write_text(facts, encoding="utf-8")
    (root / "checks" / "shop").mkdir(parents=True, exist_ok=True)
    (root / "checks" / "shop" / name).write_text(check, encoding="utf-8")
    return root
