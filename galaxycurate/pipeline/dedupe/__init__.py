"""dedupe: which images show the same thing, and what is thought of them."""
