"""Pretrained networks as compiled functions: uint8 films in, features out."""
