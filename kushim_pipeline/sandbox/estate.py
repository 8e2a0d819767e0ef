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
    """An instance with a root volume. `missing_patches`: of the baseline; None for one that SSM does not manage."""

    vpc: str = "main"
    group: str = "web"
    session_tokens: bool = True
    encrypted: bool = True
    missing_patches: int | None = 0


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
    alarm: bool = True


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


class LoadBalancer(Model):
    """An application load balancer with listeners for HTTP and HTTPS."""

    public: bool = True
    redirects: bool = True
    modern_tls: bool = True
    firewall: bool = True


class Api(Model):
    """A REST API with a stage."""

    public: bool = True
    firewall: bool = True


class Distribution(Model):
    """A CloudFront distribution."""

    firewall: bool = True
    plain_http: bool = False


class Certificate(Model):
    """A certificate. `days`: how long it is valid still."""

    days: int = 200
    used: bool = True


class Secret(Model):
    """A stored secret. `rotated`: how many days ago, None for never since it was made long ago."""

    rotated: int | None = 20


class ImageRepository(Model):
    """A repository of container images."""

    immutable: bool = True
    scanned: bool = True


class Table(Model):
    """A DynamoDB table. `recovery`: whether it can be restored to a point in time."""

    environment: Environment | None = "production"
    recovery: bool = True


class ScalingGroup(Model):
    """An Auto Scaling group. `room`: whether it may grow."""

    environment: Environment | None = "production"
    alarm: bool = True
    room: bool = True


class Finding(Model):
    """What a service that looks for dangers found. `age`: how many days ago; `closed`: somebody dealt with it."""

    severity: Literal["critical", "high", "low"] = "high"
    age: int = 3
    closed: bool = False


class Backups(Model):
    """AWS Backup in a region. What it protects is every production database, table and bucket there, save
    `unprotected`; each has had a job a day for `days`, of which those of `failed` failed (name -> how many days ago).
    `restored`: how many days ago a restore was last tested, None for never."""

    unprotected: tuple[str, ...] = ()
    days: int = 5
    failed: dict[str, int] = Field(default_factory=dict)
    restored: int | None = 20


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
    threats: dict[str, Finding] = Field(default_factory=dict)
    """What GuardDuty found."""
    access_analyzer: bool = True
    outside_access: dict[str, Finding] = Field(default_factory=dict)
    """What the analyzer found, by the name of a bucket or role."""
    security_hub: Literal["standard", "no_standard", "off"] = "standard"
    inspector: bool = True
    unscanned: tuple[str, ...] = ()
    """Instances that Inspector does not manage to scan."""
    weaknesses: dict[str, Finding] = Field(default_factory=dict)
    """What Inspector found."""
    backups: Backups = Backups()
    root_used: dict[str, int] = Field(default_factory=dict)
    """Calls of the root user -> how many days ago."""
    logging_changed: dict[str, int] = Field(default_factory=dict)
    """Calls that stop or weaken a trail -> how many days ago."""
    encrypts_volumes: bool = True
    load_balancers: dict[str, LoadBalancer] = Field(default_factory=dict)
    apis: dict[str, Api] = Field(default_factory=dict)
    certificates: dict[str, Certificate] = Field(default_factory=dict)
    secrets: dict[str, Secret] = Field(default_factory=dict)
    functions: dict[str, Literal["private", "public"]] = Field(default_factory=dict)
    image_repositories: dict[str, ImageRepository] = Field(default_factory=dict)
    tables: dict[str, Table] = Field(default_factory=dict)
    scaling_groups: dict[str, ScalingGroup] = Field(default_factory=dict)
    databases_ask_for_tls: bool = True


class Member(Model):
    """An account of an organisation, in a unit of this name."""

    account_id: str = Field(pattern=r"^[0-9]{12}$")
    unit: str = "Workloads"
    tags: dict[str, str] = Field(default_factory=dict)


class Membership(Model):
    """An organisation. `lists_accounts`: whether the account manages it, or may list its accounts as a delegate.

    `root_access`: what it does centrally with the root users of its accounts; nothing where IAM has no trusted access.
    """

    management: str = Field(pattern=r"^[0-9]{12}$")
    members: dict[str, Member] = Field(default_factory=dict)
    lists_accounts: bool = True
    root_access: tuple[Literal["RootCredentialsManagement", "RootSessions"], ...] = (
        "RootCredentialsManagement",
        "RootSessions",
    )


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
    organization: Membership | None = None
    distributions: dict[str, Distribution] = Field(default_factory=dict)
    alerts: bool = True
    """Whether somebody hears of it when the root user acts, a trail is changed or a policy is."""
    regions: dict[str, Region] = Field(min_length=1)

    @property
    def role_arn(self) -> str:
        """The role that Kushim assumes."""
        return f"arn:aws:iam::{self.account_id}:role/kushim-read"
