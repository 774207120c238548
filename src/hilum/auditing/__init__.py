"""Can this cohort carry the claim? What is wrong with the films, and what predicts without them."""
