"""What an account of the sandbox's AWS holds, as the manifest says it. Defaults are sound: what is written is planted.

Names are the manifest's own. `names.py` says which resource a name is.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Environment = Literal["production", "development"]
Cidr = Annotated[str, Field(pattern=r"^[0-9a-f.:]+/[0-9]+$")]


class Model(BaseModel):
    """What all parts of the manifest have in common: frozen, and a word that nobody knows is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Root(Model):
    """The root user. moto cannot say either, so the gate does (see answers.py)."""

    mfa: bool = True
    access_keys: int = 0


class AccessKey(Model):
    """An access key. `used`: how many days ago, None for never."""

    active: bool = True
    age: int = 20
    used: int | None = 1


class User(Model):
    """An IAM user. `password_used`: how many days ago, None for never."""

    groups: tuple[str, ...] = ()
    password: bool = False
    mfa: bool = False
    password_used: int | None = 2
    keys: tuple[AccessKey, ...] = Field(default=(), max_length=2)
    attached: tuple[str, ...] = ()
    inline: bool = False


class PasswordPolicy(Model):
    """The account's password policy."""

    length: int = 16
    reuse: int = 24


class Bucket(Model):
    """A bucket. `policy`: what it refuses or allows; `retention` and `lifecycle`: in days."""

    region: str = "us-east-1"
    environment: Environment | None = "production"
    classification: str | None = "internal"
    key: str | None = None
    versioning: bool = True
    object_lock: bool = False
    retention: int | None = None
    lifecycle: int | None = None
    block_public: bool = True
    public_acl: bool = False
    policy: Literal["tls_only", "public", "none"] = "tls_only"


class Trail(Model):
    """A trail. `key` is a KMS key of its region."""

    region: str = "us-east-1"
    bucket: str
    multi_region: bool = True
    validation: bool = True
    key: str | None = None
    logging: bool = True


class Vpc(Model):
    """A network with two subnets. `internet`: it has a way out."""

    cidr: Cidr = "10.10.0.0/16"
    environment: Environment | None = "production"
    flow_log: bool = True
    internet: bool = False
    stripped_default_group: bool = True


class Rule(Model):
    """An ingress rule: ports (`22`, `80-90` or `all`) from ranges, a security group or a prefix list of the region."""

    ports: str = Field(pattern=r"^(all|[0-9]{1,5}(-[0-9]{1,5})?)$")
    ranges: tuple[Cidr, ...] = ()
    group: str | None = None
    prefix_list: str | None = None


class SecurityGroup(Model):
    """A security group."""

    vpc: str = "main"
    allows: tuple[Rule, ...] = ()


class Instance(Model):
    """An instance with a root volume."""

    vpc: str = "main"
    group: str = "web"
    session_tokens: bool = True
    encrypted: bool = True


class Volume(Model):
    """A volume by itself."""

    encrypted: bool = True


class Snapshot(Model):
    """A snapshot of a volume."""

    volume: str
    public: bool = False


class Image(Model):
    """A machine image of an instance."""

    instance: str
    public: bool = False


class Database(Model):
    """A database instance."""

    vpc: str = "main"
    group: str = "db"
    environment: Environment | None = "production"
    encrypted: bool = True
    multi_az: bool = True
    public: bool = False
    backup_days: int = 14


class DatabaseSnapshot(Model):
    """A manual snapshot of a database."""

    database: str
    public: bool = False


class Key(Model):
    """A customer-managed KMS key. `everybody`: its policy names the principal `*`."""

    rotation: bool = True
    everybody: bool = False
    pending_deletion: bool = False


class LogGroup(Model):
    """A log group. `retention` in days, None for ever."""

    environment: Environment | None = "production"
    retention: int | None = 400


class Region(Model):
    """What stands in one region."""

    default_vpc: bool = False
    """Whether AWS's default VPC is still there as AWS made it."""
    vpcs: dict[str, Vpc] = Field(default_factory=dict)
    prefix_lists: dict[str, tuple[Cidr, ...]] = Field(default_factory=dict)
    groups: dict[str, SecurityGroup] = Field(default_factory=dict)
    instances: dict[str, Instance] = Field(default_factory=dict)
    volumes: dict[str, Volume] = Field(default_factory=dict)
    snapshots: dict[str, Snapshot] = Field(default_factory=dict)
    images: dict[str, Image] = Field(default_factory=dict)
    databases: dict[str, Database] = Field(default_factory=dict)
    database_snapshots: dict[str, DatabaseSnapshot] = Field(default_factory=dict)
    keys: dict[str, Key] = Field(default_factory=dict)
    log_groups: dict[str, LogGroup] = Field(default_factory=dict)
    config: Literal["everything", "selection", "stopped", "none"] = "everything"
    guardduty: bool = True
    encrypts_volumes: bool = True


class Account(Model):
    """An AWS account of a tenant. Its alias in the manifest begins the names of its resources."""

    account_id: str = Field(pattern=r"^[0-9]{12}$")
    root: Root = Root()
    password_policy: PasswordPolicy | None = PasswordPolicy()
    block_public_access: bool = True
    users: dict[str, User] = Field(default_factory=dict)
    groups: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Group -> policies attached to it."""
    policies: dict[str, Literal["read", "everything"]] = Field(default_factory=dict)
    buckets: dict[str, Bucket] = Field(default_factory=dict)
    trails: dict[str, Trail] = Field(default_factory=dict)
    regions: dict[str, Region] = Field(min_length=1)

    @property
    def role_arn(self) -> str:
        """The role that Kushim assumes."""
        return f"arn:aws:iam::{self.account_id}:role/kushim-read"
