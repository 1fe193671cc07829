"""Exact thresholds: one dimension, and maps that preserve or reverse an order."""
