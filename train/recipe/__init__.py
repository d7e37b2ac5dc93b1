"""What decides a result: settings and presets."""
