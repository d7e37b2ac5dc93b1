"""A person looks at pictures and decides: which ones wait, what is known of them, what was said."""
