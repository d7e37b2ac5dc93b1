"""Knowledge of what may go wrong between images: overlap, duplicates, groups, splits, empty sky."""
