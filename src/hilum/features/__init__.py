"""Views of films, their features, and the store that keeps them."""
