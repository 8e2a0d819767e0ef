"""The key-encryption key in AWS KMS: it never leaves there, and CloudTrail has every use.

The encryption context (a map that KMS authenticates and logs, API reference of Encrypt) says tenant and purpose, so a
key policy can limit by it, e.g. `kms:EncryptionContext:tenant`. Region, credentials and endpoint are boto3's own.
"""

import threading
from typing import Any

from kushim_pipeline.vault.envelope import unbind
from kushim_pipeline.vault.errors import KeyUnavailable, SealBroken, WeakKey
from kushim_pipeline.vault.keys import Wrapped

_CONTEXT = ("kushim", "tenant", "purpose", "data_key")


class AwsKmsKeys:
    """The provider `awskms:KEY`; KEY is a key's id, ARN or alias (`alias/kushim`)."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._client: Any = None
        self._arn = ""
        self._lock = threading.Lock()

    @property
    def key_id(self) -> str:
        with self._lock:
            if not self._arn:
                found = self._call("describe_key", KeyId=self._key)["KeyMetadata"]
                if found.get("KeySpec") != "SYMMETRIC_DEFAULT":
                    raise WeakKey("the AWS KMS key of KUSHIM_KEYS is not a symmetric key for encryption")
                if found["KeyState"] != "Enabled":
                    raise KeyUnavailable(f"the AWS KMS key of KUSHIM_KEYS is {found['KeyState']}, not Enabled")
                self._arn = found["Arn"]
        return f"awskms:{self._arn}"

    def accepts(self, key_id: str) -> bool:
        return key_id.startswith("awskms:") and key_id == self.key_id

    def wrap(self, data_key: bytes, aad: bytes) -> Wrapped:
        key_id = self.key_id
        answer = self._call("encrypt", KeyId=self._arn, Plaintext=data_key, EncryptionContext=_context(aad))
        return Wrapped(key_id, answer["CiphertextBlob"])

    def unwrap(self, wrapped: Wrapped, aad: bytes) -> bytes:
        # KeyId is given so that KMS refuses what another key has encrypted (API reference of Decrypt).
        answer = self._call(
            "decrypt",
            KeyId=wrapped.key_id.removeprefix("awskms:"),
            CiphertextBlob=wrapped.blob,
            EncryptionContext=_context(aad),
        )
        return bytes(answer["Plaintext"])

    def renew(self) -> str | None:
        return None

    def check(self) -> None:
        """Ask KMS about the key: one call."""
        _ = self.key_id

    def _call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        import botocore.exceptions

        try:
            if self._client is None:
                self._client = _client(self._key)
            answer: dict[str, Any] = getattr(self._client, operation)(**parameters)
        except botocore.exceptions.ClientError as error:
            code = error.response.get("Error", {}).get("Code", "an error")
            if code in ("InvalidCiphertextException", "IncorrectKeyException"):
                raise SealBroken(
                    "AWS KMS refuses a wrapped data key: it was changed, or it belongs to another tenant or purpose"
                ) from None
            raise KeyUnavailable(
                f"AWS KMS answered {code} to {operation} with the key of KUSHIM_KEYS; "
                "let the role have kms:DescribeKey, kms:Encrypt and kms:Decrypt on it"
            ) from None
        except (botocore.exceptions.BotoCoreError, ValueError) as error:
            raise KeyUnavailable(f"AWS KMS could not be asked ({type(error).__name__}); see docs/secrets.md") from None
        return answer


def _client(key: str) -> Any:
    import boto3
    from botocore.config import Config

    parts = key.split(":")
    region = parts[3] if len(parts) > 5 and parts[0] == "arn" else None
    retries = Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 4})
    return boto3.session.Session().client("kms", region_name=region, config=retries)


def _context(aad: bytes) -> dict[str, str]:
    return dict(zip(_CONTEXT, unbind(aad), strict=True))
