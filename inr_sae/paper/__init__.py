"""The published numbers, and the claims checked against them."""
