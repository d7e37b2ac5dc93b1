"""What else shines in a cutout: sources found in its pixels or listed in a catalogue."""
