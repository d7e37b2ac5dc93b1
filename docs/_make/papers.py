"""The page of whom to cite, for each release, from the list that reports end with: `make man`."""

from __future__ import annotations

import sys

from galaxycurate.core import cite
from galaxycurate.core.releases import RELEASES

TOP = """# Acknowledgements, release by release

Data that galaxycurate makes come from the Sloan Digital Sky Survey, and labels from the volunteers
of Galaxy Zoo. A paper that uses them cites the survey, the data release, and Galaxy Zoo. Every
report ends with these words for the releases that it used; this page is written from the same list.
The full acknowledgement of each phase of the survey is on its own page, which is named.

"""


def page() -> str:
    """Markdown: Galaxy Zoo, then each release with its paper and its words."""
    parts = [TOP, "## Always\n"]
    credit = cite.credit([])
    parts += [f"- {what}: {paper}" for what, paper in credit.papers if "DR" not in what]
    parts.append("\nThe papers of other catalogues: `galaxycurate catalogs describe NAME`.\n")
    for release in ("dr7", *RELEASES):
        credit = cite.credit([release])
        paper = next(paper for what, paper in credit.papers if release.upper() in what)
        parts += [f"\n## {release.upper()}\n", f"{paper}.\n", f"> {credit.acknowledgement}\n",
                  f"The full text: [{credit.page}](https://{credit.page})\n"]  # fmt: skip
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(page())
