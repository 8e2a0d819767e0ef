"""What can be wrong with secrets and their keys. No message holds a value, a key or a database's URL."""


class VaultError(RuntimeError):
    """Something about secrets or keys is not as it must be; the text says what to do."""


class WeakKey(VaultError):
    """A key-encryption key that somebody could guess, or that others on this machine can read."""


class KeyMissing(VaultError):
    """The key that something was encrypted with is not here."""


class KeyUnavailable(VaultError):
    """The service that holds the key-encryption key did not answer, or refused."""


class KeyShredded(VaultError):
    """The tenant's keys were destroyed on purpose: what they had encrypted cannot be read by anybody."""


class SealBroken(VaultError):
    """Encrypted bytes were changed, or stand where they do not belong."""


class VaultUnreachable(VaultError):
    """The database that holds the encrypted secrets cannot be used."""
