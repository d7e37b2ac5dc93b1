"""THE list of columns: name, dtype, unit, UCD, meaning. Every format writer reads it.

Columns that the survey has keep its spelling; the others are ours.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """One column of a manifest.

    ``dtype`` is a numpy name, or ``str``; ids are ``int64``, 0 where unknown, never float.
    """

    name: str
    dtype: str
    unit: str
    ucd: str
    meaning: str


_LIST = (
    # what and where
    ("name", "str", "", "meta.id;meta.main", "file name of the cutout, without ending"),
    ("label", "str", "", "meta.code.class", "class, as the votes or the selection give it"),
    ("label_source", "str", "", "meta.note", "where the label comes from"),
    ("scheme", "str", "", "meta.id", "label scheme that made the label of the votes"),
    ("catalog", "str", "", "meta.id", "catalogue of the votes"),
    ("ra", "float64", "deg", "pos.eq.ra;meta.main", "right ascension of the centre, ICRS"),
    ("dec", "float64", "deg", "pos.eq.dec;meta.main", "declination of the centre, ICRS"),
    ("pixscale", "float64", "arcsec/pixel", "instr.scale", "pixel scale of the cutout"),
    ("size_px", "int32", "pixel", "phys.size", "side of the square cutout"),
    ("source_file", "str", "", "meta.file", "the imported file that the cutout was adopted from"),
    # identity
    ("objID", "int64", "", "meta.id", "object, DR8 and later"),
    ("dr7objid", "int64", "", "meta.id", "object, DR7"),
    ("parentID", "int64", "", "meta.id.parent", "blend that the object was cut out of, DR8 on"),
    ("fieldID", "int64", "", "meta.id;obs.field", "field"),
    ("run", "int32", "", "obs.sequence", "drift scan"),
    ("rerun", "int32", "", "meta.version", "reduction of the run"),
    ("camcol", "int32", "", "instr.det", "camera column, 1 to 6"),
    ("field", "int32", "", "obs.field", "field number in the run"),
    # votes
    ("n_votes", "int32", "", "meta.number", "volunteers who answered the deciding question"),
    ("vote_fraction", "float32", "", "stat.probability", "fraction of the votes for the label"),
    # photometry and field quality
    ("type", "int32", "", "src.class", "PhotoType: 3 galaxy, 6 star"),
    ("r", "float32", "mag", "phot.mag;em.opt.R", "model magnitude in r"),
    ("petroRad_r", "float32", "arcsec", "phys.angSize", "Petrosian radius in r"),
    ("redshift", "float64", "", "src.redshift", "spectroscopic redshift"),
    ("score", "float32", "", "meta.code.qual", "quality of the field, 0 to 1"),
    ("photoStatus", "int32", "", "meta.code.status", "of the field: 0 OK, else it failed"),
    ("quality", "int32", "", "meta.code.qual", "of the field: 1 bad, 2 acceptable, 3 good"),
    ("nTotal", "int32", "", "meta.number", "objects detected in the field"),
    ("nGalaxy", "int32", "", "meta.number", "childless galaxies detected in the field"),
    ("limit_mag_r", "float32", "mag", "phot.mag;stat.max", "faintest galaxy that was looked for"),
    ("clear_arcsec", "float32", "arcsec", "pos.angDistance",
     "from the edge of the cutout to the nearest such galaxy's disc"),
    # curation
    ("group", "int64", "", "meta.id.parent", "cutouts that a split must not tear apart"),
    ("split", "str", "", "meta.dataset", "train, val or test"),
)  # fmt: skip

SOFT = "soft_"
"""Begins the columns of soft labels, one a class: `soft_<class>`."""


class _Columns(dict[str, Column]):
    """The list by name, and the family of soft labels, whose classes are the scheme's."""

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or str(name).startswith(SOFT)

    def __missing__(self, name: str) -> Column:
        if not name.startswith(SOFT):
            raise KeyError(name)
        meaning = f"fraction of the votes: {name.removeprefix(SOFT)}"
        return Column(name, "float32", "", "stat.probability", meaning)


COLUMNS = _Columns({row[0]: Column(*row) for row in _LIST})
"""Column by name, in the order of a manifest; soft labels come last."""

REQUIRED = ("name", "label", "ra", "dec", "pixscale", "size_px")
"""What each row of a manifest says, whatever else it says."""

IDS = ("objID", "dr7objid", "parentID", "fieldID")
"""64-bit ids: text wherever a reader might make floats of them."""
