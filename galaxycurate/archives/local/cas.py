"""The views and functions of the Catalog Archive Server, as DuckDB statements.

After `Views.sql`, `spNearby.sql`, `spPhoto.sql` and `ConstantSupport.sql` of sciserver/sqlloader;
`dbo` is the schema they live in.
"""

from __future__ import annotations

VIEWS: dict[str, dict[str, tuple[int, ...]]] = {
    "PhotoObj": {"mode": (1, 2)},
    "PhotoPrimary": {"mode": (1,)},
    "PhotoSecondary": {"mode": (2,)},
    "PhotoFamily": {"mode": (3,)},
    "Galaxy": {"mode": (1,), "type": (3,)},
    "Star": {"mode": (1,), "type": (6,)},
    "Sky": {"mode": (1,), "type": (8,)},
    "Unknown": {"mode": (1,), "type": (0,)},
}
"""Views of PhotoObjAll, by what their rows have in common."""

PHOTO_TYPES = (
    "UNKNOWN", "COSMIC_RAY", "DEFECT", "GALAXY", "GHOST", "KNOWNOBJ", "STAR", "TRAIL", "SKY",
    "NOTATYPE",
)  # fmt: skip
PHOTO_MODES = (None, "PRIMARY", "SECONDARY", "FAMILY", "OUTSIDE", "HOLE")

BITS = {  # objID, see core.ids
    "skyVersion": (59, 15),
    "rerun": (48, 2047),
    "run": (32, 65535),
    "camcol": (29, 7),
    "field": (16, 4095),
    "obj": (0, 65535),
}
_PACKED = (
    "(CASE WHEN rerun < 300 THEN 1 ELSE 2 END::BIGINT << 59) | (rerun::BIGINT << 48) | "
    "(run::BIGINT << 32) | (camcol::BIGINT << 29) | (field::BIGINT << 16)"
)
_SOFTENING = {"u": 1.4e-10, "g": 0.9e-10, "r": 1.2e-10, "i": 1.8e-10, "z": 7.4e-10}
"""b of the asinh magnitudes (Lupton, Gunn & Szalay 1999; Stoughton et al. 2002, table 21)."""


def _asinh_magnitude(flux: str, band: str) -> str:
    """Of a flux in nanomaggies; -9999, as CAS has it, where the flux has no weight."""
    b = _SOFTENING[band]
    return (
        f"CASE WHEN {flux}Ivar_{band} > 0 THEN -2.5 / ln(10) * "
        f"(asinh({flux}_{band} * {1e-9 / 2 / b!r}::DOUBLE) + ln({b!r}::DOUBLE)) ELSE -9999 END"
    )


_UNIT_VECTOR = {
    "cx": ("ra dec", "cos(radians(dec)) * cos(radians(ra))"),
    "cy": ("ra dec", "cos(radians(dec)) * sin(radians(ra))"),
    "cz": ("dec", "sin(radians(dec))"),
}
_DERIVED: dict[str, dict[str, tuple[str, str]]] = {  # column: (columns it needs, expression)
    "photoobjall": {
        "objID": ("run rerun camcol field obj", f"{_PACKED} | obj"),
        **{name: ("objID", f"(objID >> {at}) & {mask}") for name, (at, mask) in BITS.items()},
        "fieldID": ("objID", "objID & ~65535::BIGINT"),
        # RESOLVE_STATUS of the sweeps: SURVEY_PRIMARY; SURVEY_BEST, SURVEY_SECONDARY; the rest
        "mode": (
            "resolveStatus",
            "CASE WHEN resolveStatus & 256 > 0 THEN 1 WHEN resolveStatus & 1536 > 0 THEN 2 "
            "ELSE 4 END",
        ),
        **{
            f"{kind}Mag_{band}": (
                f"{kind}Flux_{band} {kind}FluxIvar_{band}",
                _asinh_magnitude(f"{kind}Flux", band),
            )
            for kind in ("psf", "fiber", "fiber2", "petro", "deV", "exp", "model", "cModel")
            for band in "ugriz"
        },
        **{band: (f"modelMag_{band}", f"modelMag_{band}") for band in "ugriz"},
        **_UNIT_VECTOR,
    },
    "field": {
        "fieldID": ("run rerun camcol field", _PACKED),
        **{
            name: ("fieldID", f"(fieldID >> {at}) & {mask}")
            for name, (at, mask) in BITS.items()
            if name != "obj"
        },
        **_UNIT_VECTOR,
    },
}


def condition(view: str) -> str:
    """What a row of PhotoObjAll must meet to be in a view, in SQL."""
    return " AND ".join(
        f"{column} IN ({', '.join(map(str, values))})" for column, values in VIEWS[view].items()
    )


FIELD_OF_OBJECTS = {
    "fieldid": "fieldID",
    "run": "any_value(run)",
    "rerun": "any_value(rerun)",
    "camcol": "any_value(camcol)",
    "field": "any_value(field)",
    "ra": "(degrees(atan2(avg(sin(radians(ra))), avg(cos(radians(ra))))) + 360) % 360",
    "dec": "avg(dec)",
}
"""What objects tell of their field: expression by column of Field."""


def derived(table: str, columns: list[str]) -> dict[str, str]:
    """What a table of CAS has and this one lacks, but implies.

    Parameters
    ----------
    table : str
        Its name in CAS.
    columns : list of str
        The columns it has here.

    Returns
    -------
    dict of str to str
        SQL expression by column, each of the table's columns and of those before it: parts of the
        objID, magnitudes r = modelMag_r, unit vectors.
    """
    have = {column.lower() for column in columns}
    found = {}
    for name, (needs, expression) in _DERIVED.get(table.lower(), {}).items():
        if name.lower() not in have and all(need.lower() in have for need in needs.split()):
            found[name] = expression
            have.add(name.lower())
    return found


def functions() -> list[str]:
    """Scalar functions: parts of an objID, names of types and modes, angular distance."""
    parts = [
        f"CREATE MACRO dbo.f{name[0].upper()}{name[1:]}(id) AS (id >> {at}) & {mask}"
        for name, (at, mask) in BITS.items()
    ]
    return [
        *parts,
        *_names("fPhotoType", PHOTO_TYPES),
        *_names("fPhotoMode", PHOTO_MODES),
        "CREATE MACRO dbo.fObjidFromSDSS(sky, run, rerun, camcol, field, obj) AS "
        "(sky::BIGINT << 59) | (rerun::BIGINT << 48) | (run::BIGINT << 32) | "
        "(camcol::BIGINT << 29) | (field::BIGINT << 16) | obj::BIGINT",
        "CREATE MACRO dbo.fSDSS(id) AS concat_ws('-', "
        + ", ".join(f"(id >> {BITS[name][0]}) & {BITS[name][1]}" for name in _SDSS)
        + ")",
        "CREATE MACRO dbo.fDistanceArcMinEq(ra1, dec1, ra2, dec2) AS "
        + _arcmin(*(_vector(f"ra{n}", f"dec{n}") for n in (1, 2))),
        "CREATE MACRO main.str(x, width := 10, decimals := 0) AS "
        "lpad(printf('%.' || decimals || 'f', x::DOUBLE), width, ' ')",
    ]


_SDSS = ("skyVersion", "run", "rerun", "camcol", "field", "obj")


def _names(function: str, names: tuple[str | None, ...]) -> list[str]:
    """The two functions between a number and its name."""
    known = [(n, name) for n, name in enumerate(names) if name]
    there = " ".join(f"WHEN {n} THEN '{name}'" for n, name in known)
    back = " ".join(f"WHEN '{name}' THEN {n}" for n, name in known)
    return [
        f"CREATE MACRO dbo.{function}N(value) AS CASE value {there} END",
        f"CREATE MACRO dbo.{function}(name) AS CASE upper(name) {back} END",
    ]


def _vector(ra: str, dec: str) -> tuple[str, str, str]:
    cos = f"cos(radians({dec}))"
    return f"{cos} * cos(radians({ra}))", f"{cos} * sin(radians({ra}))", f"sin(radians({dec}))"


def _arcmin(one: tuple[str, str, str], other: tuple[str, str, str]) -> str:
    """Distance by the chord: exact for small angles, at the poles and across RA 0."""
    squares = " + ".join(f"({a} - {b}) ** 2" for a, b in zip(one, other, strict=True))
    return f"degrees(2 * asin(least(1, sqrt({squares}) / 2))) * 60"


def searches(columns: list[str]) -> list[str]:
    """Table functions: objects near a position, or in a rectangle.

    Parameters
    ----------
    columns : list of str
        Columns of PhotoObjAll, the derived ones among them.

    Returns
    -------
    list of str
        None where the table lacks what the search needs.
    """
    have = {column.lower() for column in columns}
    if not {"objid", "ra", "dec", "type", "mode"} <= have:
        return []
    htm = "htmID" if "htmid" in have else "NULL::BIGINT AS htmID"
    found = f"objID, run, camcol, field, rerun, type, cx, cy, cz, {htm}"
    near = _near(found)
    return [
        f"CREATE MACRO dbo.fGetNearbyObjAllEq(ra0, dec0, radius) AS TABLE {near('true')}",
        f"CREATE MACRO dbo.fGetNearbyObjEq(ra0, dec0, radius) AS TABLE {near('mode = 1')}",
        f"CREATE MACRO dbo.fGetNearestObjEq(ra0, dec0, radius) AS TABLE {near('mode = 1')} LIMIT 1",
        "CREATE MACRO dbo.fGetObjFromRectEq(ra1, dec1, ra2, dec2) AS TABLE "
        f"SELECT {found} FROM PhotoObjAll WHERE mode = 1 AND dec BETWEEN dec1 AND dec2 AND "
        "CASE WHEN ra1 <= ra2 THEN ra BETWEEN ra1 AND ra2 ELSE ra >= ra1 OR ra <= ra2 END",
    ]


def _near(found: str):
    distance = _arcmin(("cx", "cy", "cz"), _vector("ra0", "dec0"))

    def near(condition: str) -> str:
        band = "dec BETWEEN dec0 - radius / 60.0 - 1e-9 AND dec0 + radius / 60.0 + 1e-9"
        return (
            f"SELECT * FROM (SELECT {found}, {distance} AS distance FROM PhotoObjAll "
            f"WHERE {condition} AND {band}) WHERE distance < radius ORDER BY distance"
        )

    return near
