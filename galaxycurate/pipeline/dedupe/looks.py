"""Whether classes look different for no astronomical reason: other providers, scales or sizes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from galaxycurate.core.outcome import Outcome

ALIKE = 0.9
"""Two classes look alike when they share so much of their looks, in all that decides the pixels."""

Look = tuple[str, str, str]


def unlike_looks(outcomes: Iterable[Outcome]) -> str:
    """What a network could learn instead of the sky.

    Parameters
    ----------
    outcomes : iterable of Outcome
        Of kept pictures.

    Returns
    -------
    str
        ``positives are 128 px, 0.4"/px by legacy sdss; ...``; empty where all classes look alike.
    """
    looks: dict[str, Counter[Look]] = {}
    for outcome in outcomes:
        looks.setdefault(outcome.label, Counter())[_look(outcome)] += 1
    shares = [{look: n / seen.total() for look, n in seen.items()} for seen in looks.values()]
    if all(_shared(shares[0], other) >= ALIKE for other in shares[1:]):
        return ""
    said = [f"{label} are {_words(looks[label])}" for label in sorted(looks)]
    return f"{'; '.join(said)}: a network could learn that instead of the sky"


def _look(outcome: Outcome) -> Look:
    """Who drew it, pixels, scale; one scaled to its galaxy counts by how it was scaled."""
    _, _, words = outcome.request.partition(" ra=")
    petro = next((word for word in words.split() if word.startswith("petro=")), "")
    scale = petro or (f'{outcome.pixscale:.4g}"/px' if outcome.pixscale else "")
    size = f"{outcome.size_px} px" if outcome.size_px else ""
    return drawn_by(outcome), size, scale


def drawn_by(outcome: Outcome) -> str:
    """Who drew a picture: a provider and how it was asked, or ``imported``."""
    called, there, _ = outcome.request.partition(" ra=")
    return called if there else "imported"


def _shared(one: Mapping[Look, float], other: Mapping[Look, float]) -> float:
    return sum(min(share, other.get(look, 0.0)) for look, share in one.items())


def _words(looks: Counter[Look]) -> str:
    (called, size, scale), n = looks.most_common(1)[0]
    drawn = ", ".join(filter(None, (size, scale)))
    share = "" if n == looks.total() else f" ({n / looks.total():.0%})"
    return f"{drawn} by {called}{share}".strip()
