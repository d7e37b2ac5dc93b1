"""A service that draws a cutout for each GET."""

from __future__ import annotations

from collections.abc import Mapping

from galaxycurate.core.encode import WRITERS
from galaxycurate.core.outcome import Reason, Status
from galaxycurate.imagery.check import Checked, checked_bytes, examine, look
from galaxycurate.imagery.job import Job
from galaxycurate.imagery.providers.provider import (
    REFUSALS,
    Answer,
    Ask,
    Judgement,
    Next,
    Provider,
)


class PictureService(Provider):
    """One GET, one picture."""

    formats = frozenset({"jpg", "png", "npz"})

    async def bring(self, job: Job, ask: Ask) -> Answer:
        """Ask once."""
        url = self.url(job)
        reply = await ask(url)
        return Answer(self.judge(reply.status, reply.phrase, reply.headers), url, reply, reply.body)

    def finish(self, job: Job, answer: Answer) -> tuple[bytes, Checked]:
        """Check the body; a JPEG stays as it came, and for another format any image will do."""
        body = answer.reply.body
        if job.format == "jpg":
            return body, examine(body, job.size_px, is_jpeg=True)
        checked, rgb = look(body, job.size_px)
        if checked.flaw is None and rgb is not None:
            body = WRITERS[job.format](rgb)
            checked = checked_bytes(body, checked)
        return body, checked

    def judge(self, status: int, phrase: str, headers: Mapping[str, str]) -> Judgement:
        """What a reply means, before its body is looked at; a 200 is not trusted.

        Parameters
        ----------
        status : int
            HTTP status.
        phrase : str
            The reason phrase, which SkyServer uses to explain.
        headers : mapping
            With ``Content-Type`` where sent.

        Returns
        -------
        Judgement
        """
        said = f"http {status} {phrase}".strip()
        if status == 200:
            return Judgement(Next.CHECK)
        if status == 404 and headers.get("Content-Type", "").lower().startswith("image/"):
            return Judgement(Next.SETTLE, Status.REJECTED, Reason.OUTSIDE, said)
        if status in REFUSALS:
            return Judgement(Next.WAIT, reason=Reason.BUSY, detail=said)
        if status >= 500 or status in (408, 425):
            return Judgement(Next.RETRY, reason=Reason.BUSY, detail=said)
        if status == 400:
            return Judgement(Next.SETTLE, Status.REJECTED, Reason.REFUSED, said)
        return Judgement(Next.SETTLE, Status.FAILED, Reason.REFUSED, said)
