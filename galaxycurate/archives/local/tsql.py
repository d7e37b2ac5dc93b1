"""T-SQL as SkyServer takes it, in DuckDB's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from galaxycurate.errors import QueryRefused

if TYPE_CHECKING:
    from sqlglot import exp

Schema = dict[str, dict[str, str]]


def to_duckdb(sql: str, *, schema: Schema | None = None) -> str:
    """Translate one SELECT from T-SQL to DuckDB.

    Parameters
    ----------
    sql : str
        One SELECT statement; comments are dropped.
    schema : dict, optional
        SQL types of the columns, ``{table: {column: type}}``. With it the arithmetic is T-SQL's:
        integers divide to integers, ``+`` joins text, a cast to an integer cuts the fraction off.

    Returns
    -------
    str

    Raises
    ------
    QueryRefused
        A syntax error, or anything but one SELECT.
    """
    tree = _parsed(sql)
    _typed(tree, schema)
    return _rewritten(tree).sql(dialect="duckdb", comments=False, copy=False)


def columns_used(sql: str) -> dict[str, list[str]]:
    """Which columns of which tables a statement reads.

    Parameters
    ----------
    sql : str
        One SELECT statement in T-SQL, whose columns name their table.

    Returns
    -------
    dict of str to list of str
        Columns by table, in the order of the statement.
    """
    from sqlglot import exp
    from sqlglot.optimizer.scope import traverse_scope

    used: dict[str, list[str]] = {}
    for scope in traverse_scope(_parsed(sql)):
        for alias, source in scope.sources.items():
            if isinstance(source, exp.Table):
                columns = used.setdefault(source.name, [])
                names = [c.name for c in scope.columns if c.table.lower() == alias.lower()]
                columns += [n for n in dict.fromkeys(names) if n not in columns]
    return used


def _parsed(sql: str) -> exp.Query:
    import sqlglot
    from sqlglot import errors

    try:
        statements = [tree for tree in sqlglot.parse(sql, read="tsql") if tree is not None]
    except errors.ParseError as error:
        raise _syntax_error(error) from None
    except errors.TokenError:
        raise QueryRefused("Unclosed quotation mark or bracket in the SQL.") from None
    return _only_select(statements)


def _only_select(statements: list) -> exp.Query:
    from sqlglot import exp

    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise QueryRefused(
            "The SQL must be one SELECT statement.",
            hint="leave out DECLARE, SET and INTO here: sql/*.sql binds its values by itself",
        )
    if statements[0].find(exp.Into):
        raise QueryRefused("SELECT ... INTO needs MyDB, which is a part of CasJobs.")
    return statements[0]


def _typed(tree: exp.Query, schema: Schema | None) -> None:
    """Annotate what can be known; names that are unknown are left to DuckDB to report."""
    from sqlglot.errors import SqlglotError
    from sqlglot.optimizer.annotate_types import annotate_types
    from sqlglot.optimizer.scope import traverse_scope

    known = {
        table.lower(): {column.lower(): kind for column, kind in columns.items()}
        for table, columns in (schema or {}).items()
    }
    try:
        for scope in traverse_scope(tree):
            _type_columns(scope, known)
        annotate_types(tree, dialect="tsql", overwrite_types=False)
    except SqlglotError:
        return


def _type_columns(scope, known: Schema) -> None:
    from sqlglot import exp

    tables = {
        alias.lower(): known.get(source.name.lower(), {})
        for alias, source in scope.sources.items()
        if isinstance(source, exp.Table)
    }
    for column in scope.columns:
        name = column.name.lower()
        near = [tables.get(column.table.lower(), {})] if column.table else list(tables.values())
        kinds = {cols[name] for cols in near if name in cols}
        if len(kinds) == 1:
            column.type = exp.DataType.build(kinds.pop(), dialect="duckdb")


def _rewritten(tree: exp.Query) -> exp.Query:
    from sqlglot import exp

    whole = {*exp.DataType.INTEGER_TYPES}
    broken = {*exp.DataType.REAL_TYPES}
    node: Any
    for node in list(tree.find_all(exp.Table, exp.Div, exp.Add, exp.Cast)):
        if isinstance(node, exp.Table):
            if isinstance(node.this, exp.Identifier):  # BESTDR17..Field and dbo.Field are Field
                node.set("db", None)
                node.set("catalog", None)
        elif isinstance(node, exp.Cast):
            if node.to.this in whole and node.this.is_type(*broken):
                node.set("this", exp.Anonymous(this="trunc", expressions=[node.this]))
        elif isinstance(node, exp.Div):
            if node.left.is_type(*whole) and node.right.is_type(*whole):
                node.replace(exp.IntDiv(this=node.this, expression=node.expression))
        elif node.left.is_type(*exp.DataType.TEXT_TYPES) or node.right.is_type(
            *exp.DataType.TEXT_TYPES
        ):
            node.replace(exp.DPipe(this=node.this, expression=node.expression))
    return tree


def _syntax_error(error) -> QueryRefused:
    """SQL Server's own words, so that a person who knows it knows what to do."""
    first = error.errors[0] if error.errors else {}
    near = str(first.get("highlight") or "").strip() or "the end"
    column = first.get("col")
    where = f" (character {column})" if column else ""
    return QueryRefused(f"Incorrect syntax near '{near}'{where}.")
