"""Galaxy Zoo tables of the simulated sky: what volunteers would have clicked, given the truth."""

from __future__ import annotations

import numpy as np
import pandas as pd

from galaxycurate.sandbox.simulated import dr7
from galaxycurate.sandbox.simulated.catalog import PRIMARY
from galaxycurate.sandbox.simulated.content import (
    AMBIGUOUS,
    EDGE_ON,
    ELLIPTICAL,
    MERGER,
    SPIRAL,
    ZOO_BRIGHT,
    ZOO_FAINT,
    ZOO_KINDS,
)

_ANSWERS = ("el", "cw", "acw", "edge", "dk", "mg")
_OPINION = {  # chance of each answer for a bright galaxy, and how alike galaxies of a kind are
    ELLIPTICAL: ((0.955, 0.004, 0.004, 0.017, 0.012, 0.008), 120),
    SPIRAL: ((0.022, 0.925, 0.012, 0.020, 0.014, 0.007), 90),
    EDGE_ON: ((0.028, 0.006, 0.006, 0.935, 0.018, 0.007), 110),
    AMBIGUOUS: ((0.52, 0.10, 0.10, 0.15, 0.10, 0.03), 7),
    MERGER: ((0.09, 0.10, 0.10, 0.04, 0.07, 0.60), 15),
}
_BLURRED = np.array([0.60, 0.03, 0.03, 0.10, 0.22, 0.02])  # what is guessed where nothing is seen
_CONFUSION = 0.07  # share of guesses at the faint limit; none at the bright one
_CLEAN = 0.8  # a flag needs this debiased fraction (Lintott et al. 2011; Willett et al. 2013)
_MIN_VOTES, _MAX_VOTES = 20, 60
ZOO2_LIMIT = 17.0
"""Galaxy Zoo 2 holds galaxies of r < 17 (Willett et al. 2013, section 2.1)."""

_T01, _T02, _T04 = "t01_smooth_or_features_", "t02_edgeon_", "t04_spiral_"
_ODD = ("a19_ring", "a20_lens_or_arc", "a21_disturbed", "a22_irregular", "a23_other", "a24_merger",
        "a38_dust_lane")  # fmt: skip


def zoo_sample(truth: pd.DataFrame, objects: pd.DataFrame) -> pd.DataFrame:
    """The galaxies that volunteers were shown: primary detections of the bright kinds.

    Parameters
    ----------
    truth : pandas.DataFrame
        See `content.populate`.
    objects : pandas.DataFrame
        PhotoObjAll of the whole survey.

    Returns
    -------
    pandas.DataFrame
        Truth, joined with ``objid``, ``dr7objid``, ``specobjid`` and the measured position.
    """
    primary = objects.loc[objects["mode"] == PRIMARY, ["thingId", "objID", "ra", "dec"]]
    known = truth[truth["kind"].isin(ZOO_KINDS)].drop(columns=["ra", "dec"])
    sample = known.merge(primary, on="thingId").rename(columns={"objID": "objid"})
    sample["dr7objid"] = dr7.ids_of(sample["objid"].to_numpy())
    number = np.arange(len(sample), dtype=np.int64)
    plate, fiber, day = 2900 + number // 640, number % 640 + 1, 3800
    sample["specobjid"] = plate << 50 | fiber << 38 | day << 24  # as SDSS packs its spectra
    return sample


def zoo1(sample: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Table zooSpec: Galaxy Zoo 1, with the columns of CAS.

    Parameters
    ----------
    sample : pandas.DataFrame
        See `zoo_sample`.
    seed : int

    Returns
    -------
    pandas.DataFrame
    """
    rng = np.random.default_rng([seed, 1])
    blur = _blur(sample)
    chance = _opinions(sample, blur, rng)
    n_votes = np.clip(rng.poisson(38, len(sample)), _MIN_VOTES, _MAX_VOTES)
    fraction = rng.multinomial(n_votes, chance) / n_votes[:, None]
    votes = {f"p_{answer}": fraction[:, k] for k, answer in enumerate(_ANSWERS)}
    p_cs = votes["p_cw"] + votes["p_acw"] + votes["p_edge"]
    # faint spirals pass for ellipticals: the correction moves votes back
    moved = np.minimum(votes["p_el"], 0.6 * blur * (p_cs + 0.1))
    p_el, p_cs_debiased = votes["p_el"] - moved, p_cs + moved
    clean_el, clean_cs = p_el > _CLEAN, p_cs_debiased > _CLEAN
    return pd.DataFrame({
        **_identity(sample, "objid"), "nvote": n_votes, **votes, "p_cs": p_cs,
        "p_el_debiased": p_el, "p_cs_debiased": p_cs_debiased,
        "spiral": clean_cs.astype(int), "elliptical": clean_el.astype(int),
        "uncertain": (~clean_el & ~clean_cs).astype(int),
    })  # fmt: skip


def zoo2(sample: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Table zoo2MainSpecz: Galaxy Zoo 2, questions 1 to 4 and 6 to 9, for galaxies of r < 17.

    Parameters
    ----------
    sample : pandas.DataFrame
        See `zoo_sample`.
    seed : int

    Returns
    -------
    pandas.DataFrame
    """
    sample = sample[sample["mag_r"] < ZOO2_LIMIT].reset_index(drop=True)
    rng = np.random.default_rng([seed, 2])
    blur = _blur(sample)
    smooth, el, cw, acw, edge = _as_tree(_opinions(sample, blur, rng))
    n_votes = np.clip(rng.poisson(42, len(sample)), _MIN_VOTES, _MAX_VOTES)
    artifact = np.full(len(sample), 0.01)
    first = rng.multinomial(n_votes, _normal([smooth, el, artifact]))
    second = rng.multinomial(first[:, 1], _normal([edge, cw + acw]))
    arms = np.where(sample["kind"] == AMBIGUOUS, 0.55, 0.97)
    fourth = rng.multinomial(second[:, 1], _normal([arms, 1 - arms]))
    shift = 0.6 * blur
    details = _details(sample, n_votes, first, second, rng)
    columns = {
        **_identity(sample, "dr8objid"), "sample": "original",
        "total_classifications": n_votes,
        "total_votes": sum(votes.sum(axis=1) for votes in (first, second, fourth))
        + sum(votes.sum(axis=1) for _, votes in details.values()),
        **_answers(_T01, ("a01_smooth", "a02_features_or_disk", "a03_star_or_artifact"),
                   first, [-shift, shift, 0 * shift]),
        **_answers(_T02, ("a04_yes", "a05_no"), second, [0 * shift, 0 * shift]),
        **_answers(_T04, ("a08_spiral", "a09_no_spiral"), fourth, [shift, -shift]),
    }  # fmt: skip
    for task, (names, counts) in details.items():
        columns |= _answers(task, names, counts, [0 * shift] * len(names))
    return pd.DataFrame(columns)


def _details(sample: pd.DataFrame, n_votes, first, second, rng: np.random.Generator) -> dict:
    """Answers and votes of the questions about details, by task: bar, odd, roundness, bulge."""
    n, merging = len(sample), sample["kind"].to_numpy() == MERGER
    bar = np.where(rng.random(n) < 0.35, 0.9, 0.06)
    odd = np.where(merging, 0.88, 0.04)
    strange = rng.dirichlet([0.3, 0.1, 0.4, 0.4, 0.3, 0.3, 0.1], n)
    strange[merging] = rng.dirichlet([0.05, 0.05, 1, 0.3, 0.1, 9, 0.05], merging.sum())
    sixth = rng.multinomial(n_votes, _normal([odd, 1 - odd]))
    return {
        "t03_bar_": (
            ("a06_bar", "a07_no_bar"), rng.multinomial(second[:, 1], _normal([bar, 1 - bar]))
        ),
        "t06_odd_": (("a14_yes", "a15_no"), sixth),
        "t07_rounded_": (
            ("a16_completely_round", "a17_in_between", "a18_cigar_shaped"),
            rng.multinomial(first[:, 0], rng.dirichlet([0.5, 0.5, 0.2], n)),
        ),
        "t08_odd_feature_": (_ODD, rng.multinomial(sixth[:, 0], strange)),
        "t09_bulge_shape_": (
            ("a25_rounded", "a26_boxy", "a27_no_bulge"),
            rng.multinomial(second[:, 0], rng.dirichlet([0.6, 0.1, 0.4], n)),
        ),
    }  # fmt: skip


def _blur(sample: pd.DataFrame) -> np.ndarray:
    """How much of the votes is guessed: it grows towards the faint end."""
    depth = (sample["mag_r"].to_numpy() - ZOO_BRIGHT) / (ZOO_FAINT - ZOO_BRIGHT)
    return _CONFUSION * np.clip(depth, 0, 1.2) ** 2


def _opinions(sample: pd.DataFrame, blur: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Chance of each answer for each galaxy, shape (n, 6)."""
    chance = np.empty((len(sample), len(_ANSWERS)))
    rows = zip(sample["kind"], sample["handed"], strict=True)
    for k, (kind, handed) in enumerate(rows):
        mean, likeness = _OPINION[kind]
        if kind == SPIRAL and handed < 0:  # the arms open the other way
            mean = (mean[0], mean[2], mean[1], *mean[3:])
        chance[k] = rng.dirichlet(np.array(mean) * likeness)
    return (1 - blur[:, None]) * chance + blur[:, None] * _BLURRED


def _as_tree(chance: np.ndarray) -> tuple[np.ndarray, ...]:
    """The same opinions in the words of Galaxy Zoo 2: smooth, features, two windings, edge-on."""
    el, cw, acw, edge, dk, mg = chance.T
    features = cw + acw + edge + 0.5 * dk + 0.8 * mg
    return el + 0.5 * dk + 0.2 * mg, features, cw + 0.01, acw + 0.01, edge


def _normal(chances: list[np.ndarray]) -> np.ndarray:
    table = np.stack(chances, axis=-1)
    return table / table.sum(axis=-1, keepdims=True)


def _answers(task: str, names, counts: np.ndarray, shift: list[np.ndarray]) -> dict:
    """The six columns of each answer; nobody asked: fractions of 0."""
    asked = np.maximum(counts.sum(axis=1), 1)
    columns: dict[str, np.ndarray] = {}
    for k, name in enumerate(names):
        fraction = counts[:, k] / asked
        debiased = np.where(counts.sum(axis=1) > 0, np.clip(fraction + shift[k], 0, 1), 0.0)
        columns |= {
            f"{task}{name}_count": counts[:, k],
            f"{task}{name}_weight": counts[:, k].astype(float),
            f"{task}{name}_fraction": fraction,
            f"{task}{name}_weighted_fraction": fraction,
            f"{task}{name}_debiased": debiased,
            f"{task}{name}_flag": (debiased > _CLEAN).astype(int),
        }
    return columns


def _identity(sample: pd.DataFrame, objid: str) -> dict:
    """Ids and position; the zoo tables keep positions in 32 bits."""
    return {
        "specobjid": sample["specobjid"].to_numpy(), objid: sample["objid"].to_numpy(),
        "dr7objid": sample["dr7objid"].to_numpy(),
        "ra": sample["ra"].to_numpy(np.float32), "dec": sample["dec"].to_numpy(np.float32),
        "rastring": [_sexagesimal(ra / 15, 2) for ra in sample["ra"]],
        "decstring": ["-+"[dec >= 0] + _sexagesimal(abs(dec), 1) for dec in sample["dec"]],
    }  # fmt: skip


def _sexagesimal(value: float, digits: int) -> str:
    units = round(value * 3600 * 10**digits)
    seconds, part = divmod(units, 10**digits)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{part:0{digits}d}"
