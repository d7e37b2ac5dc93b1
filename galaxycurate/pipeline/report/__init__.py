"""What a report tells: facts gathered from manifests, ledger and images."""
