"""What can go wrong on the way to a CRM, split by what the reader of the message has to do."""

from __future__ import annotations


class RuleError(ValueError):
    """A rule file or a sync table does not fit what delivery expects: edit the file that the message names."""


class SyncError(ValueError):
    """The CRM, the way to it, or the state of an earlier delivery does not allow the work to go on.

    Parameters
    ----------
    message : str
        What was seen, what is expected, what to do. Holds no token and no personal data.
    code : str, default ''
        The CRM's own error code (`REQUEST_LIMIT_EXCEEDED`), or ours in the same spelling.
    """

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class TransientError(SyncError):
    """Gone by itself after a while: a lost connection, a busy server, a lock. Retries read this class."""


class TerminalError(SyncError):
    """Stays until somebody changes something: wrong credentials, no permission, no calls left today."""
