"""Images: from files in a tree to batches on the device."""
