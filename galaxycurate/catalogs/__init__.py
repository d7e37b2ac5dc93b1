"""Knowledge of Galaxy Zoo's tables: which columns hold votes, and what label votes give."""
