"""Generates a whole country for measuring and for trying the product at its largest (`manage.py
generate_country`).
"""
