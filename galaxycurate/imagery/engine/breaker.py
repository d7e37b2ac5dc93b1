"""When to stop asking: a server that is not there, or fails everything in the same way."""

from __future__ import annotations

from galaxycurate.errors import Unreachable

SILENT = 10
"""Silences in a row, before any answer came, that mean nobody is there."""

ALIKE = 50
"""Failures in a row of one kind that mean the server is broken, not the requests."""

MIXED = 200
"""Failures in a row of whatever kind that mean so, too."""

PAUSES = 10
"""Pauses in a row that were asked for, without one picture in between."""

LONGEST_PAUSE_S = 600.0
"""A server that asks for more is not waited for."""


class Breaker:
    """Counts failures in a row; raises when they are the server's and not the picture's.

    Parameters
    ----------
    server : str
        For messages.
    concurrency : int
        As many requests can fail together in one hiccup of the network.

    Attributes
    ----------
    answered : bool
        Somebody is there.
    """

    def __init__(self, server: str, concurrency: int = 1):
        self._server, self._alike = server, max(ALIKE, 2 * concurrency)
        self._mixed = max(MIXED, 4 * concurrency)
        self.answered = False
        self._kind, self._in_a_row, self._of_any_kind, self._pauses = "", 0, 0, 0
        self._is_silent = False

    def heard(self) -> None:
        """A whole reply came, whatever it is worth: who was silent before is there."""
        if self._is_silent or not self.answered:
            self._in_a_row, self._is_silent = 0, False
        self.answered = True

    def good(self) -> None:
        """The server gave what it has for a position: a picture, or that there is none."""
        self.answered, self._in_a_row, self._of_any_kind, self._pauses = True, 0, 0, 0

    def bad(self, kind: str, said: str) -> None:
        """An answer came, but no use of it.

        Parameters
        ----------
        kind, said : str
            What failures are compared by, and what the message tells.

        Raises
        ------
        Unreachable
            Too many in a row of this kind.
        """
        self.heard()
        self._count(kind, said)

    def silence(self, how: str) -> None:
        """No answer came.

        Raises
        ------
        Unreachable
            Nobody ever answered, or too many in a row.
        """
        self._count(how, how)
        self._is_silent = True
        if self._in_a_row >= SILENT:
            self.ended()

    def gone(self, for_s: float, how: str) -> None:
        """It answered once, and has been silent since.

        Raises
        ------
        Unreachable
            Always.
        """
        raise Unreachable(f"{self._server} has not answered for {for_s / 60:.0f} minutes: {how}")

    def pause(self, left_s: float, said: str, *, is_new: bool = True) -> None:
        """The server asked for a pause, or for more of the one that is.

        Parameters
        ----------
        left_s : float
            Until its end [s].
        said : str
            In which words.
        is_new : bool
            Whether it is another one than the last.

        Raises
        ------
        Unreachable
            It is longer than we wait, or only pauses come.
        """
        self.answered = True
        self._pauses += is_new
        if left_s > LONGEST_PAUSE_S:
            raise Unreachable(
                f"{self._server} asks to come back in {left_s / 60:.0f} minutes ({said})"
            )
        if self._pauses >= PAUSES:
            raise Unreachable(f"{self._server} asked for {PAUSES} pauses in a row ({said})")

    def ended(self) -> None:
        """All is settled.

        Raises
        ------
        Unreachable
            Something was asked, and nobody ever answered.
        """
        if self._in_a_row and not self.answered:
            raise Unreachable(f"{self._server} does not answer: {self._kind}")

    def _count(self, kind: str, said: str) -> None:
        alike = kind == self._kind or not self.answered
        self._in_a_row = self._in_a_row + 1 if alike else 1
        self._of_any_kind += 1
        self._kind = kind
        if self._in_a_row >= self._alike or self._of_any_kind >= self._mixed:
            n = max(self._in_a_row, self._of_any_kind)
            raise Unreachable(f"{self._server} failed {n} times in a row: {said}")
