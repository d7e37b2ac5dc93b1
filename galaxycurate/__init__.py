"""Turn SDSS and Galaxy Zoo into image datasets you can trust.

>>> import galaxycurate as gc
>>> manifest, search = gc.negatives(gc.settings(limit=500), score=0.2)
>>> gc.keep(manifest, "manifests/negatives.parquet")
"""

from importlib import import_module

__version__ = "0.1.0"

_VERBS = {  # the library's names, each imported when it is first used
    "settings": ("galaxycurate.store.settings", "load_keywords"),
    "Manifest": ("galaxycurate.store.manifest", "Manifest"),
    "keep": ("galaxycurate.store.keeping", "keep"),
    "negatives": ("galaxycurate.pipeline.negatives", "negatives"),
    "positives": ("galaxycurate.pipeline.positives", "positives"),
    "adopt": ("galaxycurate.pipeline.adopt.adopt", "adopt"),
    "Collection": ("galaxycurate.pipeline.adopt.collection", "Collection"),
    "ByColumn": ("galaxycurate.pipeline.adopt.labelling", "ByColumn"),
    "ByVotes": ("galaxycurate.pipeline.adopt.labelling", "ByVotes"),
    "crosswalk": ("galaxycurate.pipeline.crosswalk.crosswalk", "crosswalk"),
    "download": ("galaxycurate.pipeline.download.download", "download"),
    "audit": ("galaxycurate.pipeline.audit.audit", "audit"),
    "dedupe": ("galaxycurate.pipeline.dedupe.dedupe", "dedupe"),
    "split": ("galaxycurate.pipeline.split.split", "split"),
    "Manner": ("galaxycurate.pipeline.split.split", "Manner"),
    "check": ("galaxycurate.pipeline.split.check", "check"),
    "Review": ("galaxycurate.pipeline.review.session", "Session"),
    "Wanted": ("galaxycurate.pipeline.review.wanted", "Wanted"),
    "apply": ("galaxycurate.pipeline.applied", "apply"),
    "export": ("galaxycurate.pipeline.export.export", "export"),
    "Request": ("galaxycurate.pipeline.export.export", "Request"),
    "report": ("galaxycurate.pipeline.report.gather", "gather"),
    "status": ("galaxycurate.pipeline.status", "status"),
}
__all__ = sorted(_VERBS)


def __getattr__(name: str):
    if name not in _VERBS:
        raise AttributeError(f"module 'galaxycurate' has no attribute {name!r}")
    module, attribute = _VERBS[name]
    return getattr(import_module(module), attribute)
