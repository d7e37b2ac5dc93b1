"""The views and functions of the Catalog Archive Server, as DuckDB statements.

After `Views.sql`, `spNearby.sql`, `spPhoto.sql` and `ConstantSupport.sql` of sciserver/sqlloader;
`dbo` is the schema they live in.
"""

from __future__ import annotations

VIEWS = {
    "PhotoObj": ("PhotoObjAll", "mode IN (1, 2)"),
    "PhotoPrimary": ("PhotoObjAll", "mode = 1"),
    "PhotoSecondary": ("PhotoObjAll", "mode = 2"),
    "PhotoFamily": ("PhotoObjAll", "mode = 3"),
    "Galaxy": ("PhotoObjAll", "mode = 1 AND type = 3"),
    "Star": ("PhotoObjAll", "mode = 1 AND type = 6"),
}

PHOTO_TYPES = (
    "UNKNOWN", "COSMIC_RAY", "DEFECT", "GALAXY", "GHOST", "KNOWNOBJ", "STAR", "TRAIL", "SKY",
    "NOTATYPE",
)  # fmt: skip

_BITS = {  # objID, see core.ids
    "skyVersion": (59, 15),
    "rerun": (48, 2047),
    "run": (32, 65535),
    "camcol": (29, 7),
    "field": (16, 4095),
    "obj": (0, 65535),
}
_DERIVED = {  # column: (columns it needs, expression)
    **{band: (f"modelMag_{band}", f"modelMag_{band}") for band in "ugriz"},
    **{name: ("objID", f"(objID >> {at}) & {mask}") for name, (at, mask) in _BITS.items()},
    "fieldID": ("objID", "objID & ~65535::BIGINT"),
    "cx": ("ra dec", "cos(radians(dec)) * cos(radians(ra))"),
    "cy": ("ra dec", "cos(radians(dec)) * sin(radians(ra))"),
    "cz": ("dec", "sin(radians(dec))"),
}


def derived(columns: list[str]) -> dict[str, str]:
    """What PhotoObjAll of CAS has and this table lacks, but implies.

    Parameters
    ----------
    columns : list of str
        The table's columns.

    Returns
    -------
    dict of str to str
        SQL expression by column: magnitudes r = modelMag_r, parts of the objID, unit vectors.
    """
    have = {column.lower() for column in columns}
    return {
        name: expression
        for name, (needs, expression) in _DERIVED.items()
        if name.lower() not in have and all(need.lower() in have for need in needs.split())
    }


def functions() -> list[str]:
    """Scalar functions: parts of an objID, and the names of the photometric types."""
    cases = " ".join(f"WHEN {n} THEN '{name}'" for n, name in enumerate(PHOTO_TYPES))
    back = " ".join(f"WHEN '{name}' THEN {n}" for n, name in enumerate(PHOTO_TYPES))
    parts = [
        f"CREATE MACRO dbo.f{name[0].upper()}{name[1:]}(id) AS (id >> {at}) & {mask}"
        for name, (at, mask) in _BITS.items()
    ]
    return [
        *parts,
        f"CREATE MACRO dbo.fPhotoTypeN(value) AS CASE value {cases} END",
        f"CREATE MACRO dbo.fPhotoType(name) AS CASE upper(name) {back} END",
        "CREATE MACRO dbo.fObjidFromSDSS(sky, run, rerun, camcol, field, obj) AS "
        "(sky::BIGINT << 59) | (rerun::BIGINT << 48) | (run::BIGINT << 32) | "
        "(camcol::BIGINT << 29) | (field::BIGINT << 16) | obj::BIGINT",
        "CREATE MACRO main.str(x, width := 10, decimals := 0) AS "
        "lpad(printf('%.' || decimals || 'f', x::DOUBLE), width, ' ')",
    ]


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
    """Distance [arcmin] by the chord: exact for small angles, at the poles and across RA 0."""
    chord = (
        "sqrt((cx - cos(radians(dec0)) * cos(radians(ra0))) ** 2"
        " + (cy - cos(radians(dec0)) * sin(radians(ra0))) ** 2 + (cz - sin(radians(dec0))) ** 2)"
    )
    distance = f"degrees(2 * asin(least(1, {chord} / 2))) * 60"

    def near(condition: str) -> str:
        band = "dec BETWEEN dec0 - radius / 60.0 - 1e-9 AND dec0 + radius / 60.0 + 1e-9"
        return (
            f"SELECT * FROM (SELECT {found}, {distance} AS distance FROM PhotoObjAll "
            f"WHERE {condition} AND {band}) WHERE distance < radius ORDER BY distance"
        )

    return near
