"""The second layout: WebDataset shards."""
