"""What people look at: the figures and the one-file HTML report of a comparison."""
