"""The renderer, a program without Django that answers drawing jobs on standard input.

No web process loads it.
"""
