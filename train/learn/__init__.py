"""The training itself: tasks, optimiser, epochs, checkpoints."""
