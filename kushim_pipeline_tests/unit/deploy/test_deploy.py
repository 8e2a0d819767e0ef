"""What is in deploy/ fits together: commands exist, variables are read, nothing is open and nothing is secret."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from dagster._config import validate_config
from dagster._core.instance.config import dagster_instance_config_schema

ROOT = Path(__file__).resolve().parents[3]
DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if service["image"].startswith("kushim:")]
# Variables of images that are not ours.
_THEIRS = {"POSTGRES_USER", "POSTGRES_PASSWORD_FILE", "POSTGRES_INITDB_ARGS"}


def files(pattern: str = "*") -> list[Path]:
    return sorted(path for path in DEPLOY.glob(pattern) if path.is_file())


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item, path)
    else:
        yield path, value


@pytest.mark.parametrize("path", files("*.yaml"), ids=lambda path: path.name)
def test_every_yaml_file_parses(path: Path) -> None:
    assert isinstance(yaml.safe_load(path.read_text()), dict)


@pytest.mark.parametrize("path", files("*.sh"), ids=lambda path: path.name)
def test_every_script_parses(path: Path) -> None:
    shell = path.read_text().partition("\n")[0].removeprefix("#!").rpartition("/")[2]
    subprocess.run([shell, "-n", str(path)], check=True)


def command_lines() -> list[list[str]]:
    """The commands of our services and of their health checks."""
    found = []
    for name in OURS:
        for words in (SERVICES[name]["command"], SERVICES[name].get("healthcheck", {}).get("test", [])[1:]):
            words = words[2:] if words[:2] == ["/bin/sh", "/opt/kushim/deploy/entrypoint.sh"] else words
            if words[:2] == ["sh", "-c"]:
                found += [shlex.split(part) for part in words[2].split("&&")]
            elif words and words[0] != "python":
                found.append(words)
    return found


@pytest.mark.parametrize("words", command_lines(), ids=lambda words: " ".join(words[:3]))
def test_every_command_and_option_exists(words: list[str]) -> None:
    """Parsed by the command itself, with its real options, and never run."""
    program, *arguments = [word.replace("/opt/kushim", str(ROOT)) for word in words]
    command: click.Command = _programs()[program]
    context = click.Context(command, info_name=program)
    while isinstance(command, click.Group):
        name = arguments.pop(0)
        found = command.get_command(context, name)
        assert found is not None, f"{' '.join(words)}: there is no {name}"
        command, context = found, click.Context(found, context, info_name=name)
    command.make_context(program, arguments)


def _programs() -> dict[str, click.Command]:
    from dagster._cli import create_dagster_cli
    from dagster._daemon.cli import create_dagster_daemon_cli
    from dagster_webserver.cli import dagster_webserver

    from kushim_pipeline.cli import cli

    return {
        "kushim": cli,
        "dagster": create_dagster_cli(),
        "dagster-daemon": create_dagster_daemon_cli(),
        "dagster-webserver": dagster_webserver,
    }


def test_every_variable_that_is_set_is_one_that_something_reads() -> None:
    code = "\n".join(path.read_text() for path in (ROOT / "kushim_pipeline").rglob("*.py"))
    read = set(re.findall(r"KUSHIM_[A-Z_]+", code)) | _read_by_the_instance()
    for name, service in SERVICES.items():
        for variable in set(service.get("environment", {})) - {"<<"} - _THEIRS:
            assert variable.removesuffix("_FILE") in read, f"{name}: nothing reads {variable}"
    helm = yaml.safe_load((DEPLOY / "helm-values.yaml").read_text())
    (code_server,) = helm["dagster-user-deployments"]["deployments"]
    assert {variable["name"] for variable in code_server["env"]} <= read
    image = re.findall(r"\b((?:KUSHIM|DAGSTER)_[A-Z_]+)=", (DEPLOY / "Dockerfile").read_text())
    assert set(image) <= read | {"DAGSTER_HOME"}


def _read_by_the_instance() -> set[str]:
    text = (DEPLOY / "dagster.postgres.yaml").read_text()
    return set(re.findall(r"\{env: ([A-Z_]+)\}", text))


@pytest.mark.parametrize("name", OURS)
def test_a_service_has_every_variable_of_the_instance(name: str) -> None:
    service = SERVICES[name]
    given = {variable.removesuffix("_FILE") for variable in service["environment"]}
    assert _read_by_the_instance() <= given
    mounts = [mount.split(":") for mount in service["volumes"]]
    assert any(mount[:2] == ["./dagster.postgres.yaml", "/var/lib/kushim/dagster/dagster.yaml"] for mount in mounts)


def test_a_secret_comes_from_a_file_and_every_file_is_one_of_the_service() -> None:
    reads = (DEPLOY / "entrypoint.sh").read_text()
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            assert not re.search(r"PASSWORD$|SECRET|TOKEN|WAREHOUSE_URL$", variable), f"{name}: {variable} is no file"
            if variable.endswith("_FILE"):
                assert value.removeprefix("/run/secrets/") in service["secrets"], f"{name}: {value}"
                assert variable in _THEIRS or variable.removesuffix("_FILE") in reads
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
    made = (DEPLOY / "make-secrets.sh").read_text()
    for name, secret in COMPOSE["secrets"].items():
        assert secret["file"].startswith("${KUSHIM_SECRETS:?"), "compose refuses to start without it"
        assert secret["file"].endswith(f"/{name}")
        assert re.search(rf"\b{re.escape(name)}\b", made), f"make-secrets.sh makes no {name}"
    for path in re.findall(r"/run/secrets/([a-z_]+)", (DEPLOY / "postgres-init.sh").read_text()):
        assert path in SERVICES["postgres"]["secrets"]


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_no_file_holds_a_secret_or_a_default_password(path: Path) -> None:
    if path.name == "requirements.txt":
        return
    text = path.read_text()
    assert not re.search(r"://[^\s:/@%$]+:[^\s@%$]+@", text), "a URL with a password"
    assert not re.search(r"(?i)\$\{[A-Z_]*(?:PASSWORD|SECRET|TOKEN)[A-Z_]*:?-[^}]+\}", text), "a default for a secret"
    assert not re.search(r"\b(?:ghp_|xox[a-z]-|AKIA)[A-Za-z0-9]", text)
    for key, value in leaves(yaml.safe_load(text)) if path.suffix == ".yaml" else ():
        if re.search(r"(?i)(?:^|[._])[a-z]*password$", key):
            assert value in ("", None) or key.endswith("password.env"), f"{key} is a literal"


def test_only_the_proxy_has_a_port_and_that_on_loopback() -> None:
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"proxy"}
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["proxy"]["ports"])
    tls = yaml.safe_load((DEPLOY / "compose.tls.yaml").read_text())["services"]
    assert list(tls) == ["proxy"]
    assert all(port.endswith(":8443") for port in tls["proxy"]["ports"]), "what others reach is TLS"
    assert not any(service.get("network_mode") or service.get("privileged") for service in SERVICES.values())
    assert not [value for _, value in leaves(COMPOSE) if "docker.sock" in str(value)]


def test_every_door_of_the_proxy_has_a_login() -> None:
    text = (DEPLOY / "doors.conf").read_text()
    text = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    doors = re.findall(r"location ([^{]+)\{([^}]*)\}", text)
    assert [name.strip() for name, _ in doors] == ["= /healthz", "/", "/operate"]
    for name, body in doors[1:]:
        assert re.search(r"auth_basic \"", body), name
        assert "auth_basic_user_file /run/secrets/" in body, name
    assert "--read-only" in SERVICES["webserver-read-only"]["command"]
    hosts = re.findall(r"set \$\w+ ([a-z-]+);", text)
    assert hosts == ["webserver-read-only", "webserver"]


def test_every_image_has_a_tag_of_its_own() -> None:
    images = [service["image"] for service in SERVICES.values()]
    images += re.findall(r"^FROM (\S+)", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    for image in images:
        name, _, tag = image.partition(":")
        assert re.search(r"[0-9]+\.[0-9]+", tag), f"{name} has no version"
    helm = yaml.safe_load((DEPLOY / "helm-values.yaml").read_text())
    tags = {key: value for key, value in leaves(helm) if key.endswith("image.tag")}
    assert tags
    assert set(tags.values()) == {SERVICES["code"]["image"].partition(":")[2]}


@pytest.mark.parametrize("name", [*OURS, "proxy"])
def test_our_services_are_nobody_special(name: str) -> None:
    service = SERVICES[name]
    assert service["user"].partition(":")[0] not in ("", "0", "root")
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    docker = (DEPLOY / "Dockerfile").read_text()
    assert re.search(r"^USER 10001:10001$", docker, re.MULTILINE)


def test_only_the_code_server_sees_evidence_and_keys() -> None:
    for name, service in SERVICES.items():
        sources = {mount.partition(":")[0] for mount in service.get("volumes", [])}
        assert bool(sources & {"data", "keys"}) == (name == "code"), name


def test_every_long_lived_service_has_a_health_check() -> None:
    for name, service in SERVICES.items():
        assert ("healthcheck" in service) == (name != "migrate"), name
        for other, wanted in service.get("depends_on", {}).items():
            condition = wanted["condition"]
            assert condition == ("service_completed_successfully" if other == "migrate" else "service_healthy")


def test_the_chart_gets_the_same_instance() -> None:
    """The chart writes telemetry, storage and launcher itself; everything else must be as in dagster.yaml."""
    helm = yaml.safe_load((DEPLOY / "helm-values.yaml").read_text())
    embedded = yaml.safe_load((ROOT / "dagster.yaml").read_text())
    assert helm["additionalInstanceConfig"] == {key: value for key, value in embedded.items() if key != "telemetry"}
    assert helm["telemetry"] == embedded["telemetry"]
    daemon = helm["dagsterDaemon"]
    for part in ("runCoordinator", "runMonitoring", "runRetries"):
        assert daemon[part] == {"enabled": False}, "or the chart writes the same key a second time"
    for part in ("sensors", "schedules"):
        assert daemon[part] == {"useThreads": False}
    assert helm["postgresql"]["postgresqlScheme"] == "postgresql+psycopg2"
    assert not helm["postgresql"]["enabled"]
    assert validate_config(dagster_instance_config_schema(), helm["additionalInstanceConfig"]).success


def launchers() -> list[dict[str, Any]]:
    """The launchers that dagster.postgres.yaml shows as comments."""
    text = (DEPLOY / "dagster.postgres.yaml").read_text()
    blocks = re.findall(r"^# (?:run_launcher|compute_logs):\n(?:# .*\n)+", text, re.MULTILINE)
    return [yaml.safe_load("".join(line[2:] + "\n" for line in block.splitlines())) for block in blocks]


def test_the_choices_in_comments_are_configuration_too() -> None:
    found = launchers()
    assert [next(iter(block.values()))["class"] for block in found] == [
        "NoOpComputeLogManager", "DockerRunLauncher", "K8sRunLauncher",
    ]  # fmt: skip
    for block in found:
        assert validate_config(dagster_instance_config_schema(), block).success
    docker = next(block["run_launcher"]["config"] for block in found if "network" in str(block))
    code = {variable.removesuffix("_FILE") for variable in SERVICES["code"]["environment"]}
    assert code - {"KUSHIM_BATCH_TENANTS"} <= set(docker["env_vars"])


def test_the_images_packages_are_pinned_and_agree_with_the_tests_packages() -> None:
    def pins(path: Path) -> dict[str, str]:
        return dict(re.findall(r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==([^ ;\\]+)", path.read_text(), re.MULTILINE))

    ours, theirs = pins(ROOT / "requirements.txt"), pins(DEPLOY / "requirements.txt")
    assert {name: version for name, version in theirs.items() if name in ours and ours[name] != version} == {}
    wanted = [line for line in (DEPLOY / "requirements.in").read_text().split() if line.startswith("dagster-")]
    assert wanted == ["dagster-docker", "dagster-k8s", "dagster-celery[redis]"]
    assert {name.partition("[")[0] for name in wanted} <= set(theirs)
    assert "pytest" not in theirs
    text = (DEPLOY / "requirements.txt").read_text()
    assert len(re.findall(r"==", text)) <= len(re.findall(r"--hash=sha256:", text))
    assert "://" not in text
