"""Union-find with path halving; imported by those who need it, for numba takes its time."""

from __future__ import annotations

from numba import int64, njit, types, void

_ROWS = types.Array(int64, 1, "A", readonly=True)


@njit(void(int64[:], _ROWS, _ROWS), cache=True, nogil=True)
def join(parent, first, second):
    """Link rows; of two roots, the lower becomes that of both."""
    for k in range(first.size):
        a, b = first[k], second[k]
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        while parent[b] != b:
            parent[b] = parent[parent[b]]
            b = parent[b]
        if a < b:
            parent[b] = a
        else:
            parent[a] = b


@njit("void(int64[:])", cache=True, nogil=True)
def number(parent):
    """Replace parents by the numbers of their groups, in the order of the groups' first rows."""
    for row in range(parent.size):  # parents come before their children
        parent[row] = parent[parent[row]]
    count = 0
    for row in range(parent.size):
        if parent[row] == row:
            parent[row] = count
            count += 1
        else:
            parent[row] = parent[parent[row]]
