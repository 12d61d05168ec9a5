"""Forecasts of returns by machine learning, made walk-forward and held against doing nothing.

A forecaster never sees what it is judged by: features end at the moment of the decision, and what it learns from had
come to pass by then, with a purge and an embargo between the two.
"""
