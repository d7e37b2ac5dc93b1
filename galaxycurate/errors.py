"""Every error a user can meet, in one tree.

::

    GalaxyCurateError                 1  failed
    ├── UsageError                    2  wrong words: nothing was touched
    │   ├── SettingError                 a value outside its range, an unknown setting
    │   └── InputError                   a file that is missing, empty, or not what it says
    │       ├── IdentityError            ids that are absent or went through a float
    │       └── LayoutError              a table without the columns the command needs
    ├── ServiceError                  1  a server did not answer as SDSS does
    │   ├── Unreachable                  no connection, time-out
    │   ├── QueryRefused                 SkyServer's `error_message`, a syntax error
    │   ├── AnswerTooLarge               more rows, or longer, than the server gives at once
    │   ├── JobFailed                    a CasJobs job that failed or was canceled
    │   └── Throttled                    60 queries a minute were exceeded
    ├── LoginNeeded                   4  no user, a wrong password, a token that has expired
    ├── StorageError                  1  disk full, folder not writable, ledger locked
    └── SomeFailed                    3  the work is done but for the objects that are named

An error says what happened (its text), why, and what to type next (`hint`).
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process tells its caller."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    SOME_FAILED = 3
    LOGIN_NEEDED = 4
    INTERRUPTED = 130


class GalaxyCurateError(Exception):
    """The root: text, a hint of what to type next, an exit code."""

    exit_code = ExitCode.FAILED

    def __init__(self, message: str, *, hint: str | None = None):
        super().__init__(message)
        self.hint = hint
        if hint:  # a traceback shows it, too
            self.add_note(f"hint: {hint}")


class UsageError(GalaxyCurateError):
    """The request itself is wrong; nothing was touched."""

    exit_code = ExitCode.USAGE


class SettingError(UsageError):
    """A setting or parameter is unknown or outside its range."""


class InputError(UsageError):
    """A file or folder of the user is missing, empty or not what it says."""


class IdentityError(InputError):
    """Ids are absent, unreadable, or were rounded through a float."""


class LayoutError(InputError):
    """A table lacks columns that the command needs."""


class ServiceError(GalaxyCurateError):
    """A server did not answer as SDSS does."""


class Unreachable(ServiceError):
    """No connection, or no answer in time."""


class QueryRefused(ServiceError):
    """The SQL was refused; the text is the server's first line."""


class AnswerTooLarge(ServiceError):
    """The answer has more rows, or takes longer, than the server gives at once."""


class JobFailed(ServiceError):
    """A CasJobs job ended otherwise than finished."""


class Throttled(ServiceError):
    """The server's limit of queries a minute was exceeded."""


class LoginNeeded(GalaxyCurateError):
    """Nobody is logged in, or not any more."""

    exit_code = ExitCode.LOGIN_NEEDED


class StorageError(GalaxyCurateError):
    """The disk did not take or give what it should; ``summary`` is what was done until then, of a
    command that tells so.
    """

    summary: object = None


class SomeFailed(GalaxyCurateError):
    """The work is done but for some objects."""

    exit_code = ExitCode.SOME_FAILED


def first_line(thing: object) -> str:
    """The first line of an error or of a reply, for a message of one line.

    Parameters
    ----------
    thing : object
        Whose text may be long, or empty.

    Returns
    -------
    str
        At most 200 characters; an error without text gives its type.
    """
    lines = str(thing).strip().splitlines()
    if lines:
        return lines[0].rstrip()[:200]
    return type(thing).__name__ if isinstance(thing, BaseException) else "no text"
