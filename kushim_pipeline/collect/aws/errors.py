"""What a failed call to AWS means: denied, not collected or incomplete. The one place where that is decided.

Codes: the "Common Errors" page of the Query APIs, the EC2 and S3 error code references, and each call's own reference.
"""

import re

from kushim_pipeline.evidence.receipt import Reason

DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AccountProblem",
        "AllAccessDisabled",
        "AuthFailure",
        "AuthorizationError",
        "AuthorizationErrorException",
        "Blocked",
        "Client.UnauthorizedOperation",
        "ExpiredToken",
        "ExpiredTokenException",
        "Forbidden",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidPayer",
        "InvalidSignatureException",
        "InvalidToken",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "NotAuthorized",
        "NotSignedUp",
        "OptInRequired",
        "PendingVerification",
        "RegionDisabledException",
        "SignatureDoesNotMatch",
        "SubscriptionRequiredException",
        "TokenRefreshRequired",
        "UnauthorizedAccess",
        "UnauthorizedException",
        "UnauthorizedOperation",
        "UnrecognizedClientException",
    }
)
THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottledException",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
# Our clock is wrong, which AWS answers with 403: nobody denied anything.
CLOCK = frozenset({"RequestExpired", "RequestTimeTooSkewed", "RequestInTheFuture"})
# The resource was there when it was listed.
GONE = frozenset(
    {
        "DBClusterSnapshotNotFoundFault",
        "DBSnapshotNotFound",
        "DBSnapshotNotFoundFault",
        "InvalidPrefixListID.NotFound",
        "InvalidPrefixListId.NotFound",
        "InvalidSnapshot.NotFound",
        "LoadBalancerNotFound",
        "NoSuchBucket",
        "NotFoundException",
        "ResourceNotFoundException",
        "TableNotFoundException",
        "TrailNotFoundException",
        "WAFNonexistentItemException",
    }
)

_URL_QUERY = re.compile(r"(https?://[^\s\"'?]+)\?[^\s\"']*")
_KEY_ID = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{8,}")
_HEADER = re.compile(r"(?i)\b(authorization|x-amz-security-token)\b\s*[:=].*")
_SIGNED = re.compile(r"(?i)\b(credential|signature|signedheaders|x-amz-[a-z-]+|sessiontoken|securitytoken)=[^\s&,;]+")
_LONGEST = 300


class ReadFailed(Exception):
    """A call that gave no usable answer: why, as a Reason, and in words for people (masked, one line)."""

    def __init__(self, reason: Reason, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.code = code


class Garbled(ValueError):
    """An answer with a good status that is not what the call answers: an HTML page, a cut body, another call's."""


class StorageFailed(Exception):
    """Evidence could not be kept (`__cause__` says why): it is the machine's failure, and nothing more is read."""


def from_answer(code: str, status: int, message: str, permission: str) -> ReadFailed:
    """What an error that AWS itself answered means.

    In: the error's code, the HTTP status, AWS's message, and the IAM action of the call. Out: denied for a refusal,
    incomplete for a resource that is gone, else not collected. A 401 or 403 of unknown code is a refusal too.
    """
    said = f"({code}) {scrub(message)}".rstrip()
    if code in CLOCK:
        return ReadFailed(
            Reason.NOT_COLLECTED, f"AWS says that this machine's clock is wrong {said}; set it", code=code
        )
    if code in THROTTLED or status == 429:
        return ReadFailed(Reason.NOT_COLLECTED, f"AWS throttled the call, all retries included {said}", code=code)
    if code in DENIED or status in (401, 403):
        return ReadFailed(
            Reason.DENIED,
            f"AWS denied {permission} {said}; allow it to Kushim's role (docs/aws-policy.json)",
            code=code,
        )
    if code in GONE:
        return ReadFailed(Reason.INCOMPLETE, f"it vanished between the listing and this call {said}", code=code)
    if status >= 500:
        return ReadFailed(
            Reason.NOT_COLLECTED, f"AWS failed with HTTP {status}, all retries included {said}", code=code
        )
    return ReadFailed(Reason.NOT_COLLECTED, f"AWS refused the call with HTTP {status} {said}", code=code)


def from_client(error: Exception) -> ReadFailed:
    """What an exception of the client itself means: no way to the endpoint, no credentials, an unreadable answer."""
    from botocore import exceptions as client
    from botocore.parsers import ResponseParserError

    text = scrub(f"{type(error).__name__}: {error}")
    if isinstance(error, Garbled):
        return ReadFailed(Reason.INCOMPLETE, scrub(str(error)))
    if isinstance(error, ResponseParserError):
        return ReadFailed(Reason.INCOMPLETE, "the answer is cut off or is not what AWS sends: it cannot be parsed")
    if isinstance(
        error,
        client.NoCredentialsError
        | client.PartialCredentialsError
        | client.CredentialRetrievalError
        | client.ProfileNotFound
        | client.TokenRetrievalError,
    ):
        return ReadFailed(
            Reason.DENIED,
            f"there are no usable credentials for this connection ({text}); set access_key_id and "
            "secret_access_key, or give the process an AWS profile or role",
        )
    if isinstance(error, client.HTTPClientError | client.ConnectionError):
        return ReadFailed(Reason.NOT_COLLECTED, f"the endpoint could not be reached or did not answer ({text})")
    if isinstance(error, client.BotoCoreError):
        return ReadFailed(Reason.NOT_COLLECTED, text)
    return ReadFailed(Reason.INCOMPLETE, f"the answer cannot be parsed ({text})")


def scrub(text: str) -> str:
    """One short line without what must not be kept: query strings, key ids, authorization headers, signatures.

    Everything after the first line goes: AWS answers SignatureDoesNotMatch with the whole canonical request.
    """
    line = next((line for line in text.splitlines() if line.strip()), "").strip()
    line = _HEADER.sub(r"\1 ***", line)
    line = _URL_QUERY.sub(r"\1?***", line)
    line = _SIGNED.sub(r"\1=***", line)
    line = _KEY_ID.sub("***", line)
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
