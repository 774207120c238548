"""What we look at: films, who is on them, what belongs together, and how it is split."""
