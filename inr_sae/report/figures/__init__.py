"""Figures: pure functions of rows and arrays that return a matplotlib Figure."""
