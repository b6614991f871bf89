"""The renderer, a program without Django: `serving` answers jobs, `drawing` draws one, `tags` and `archive` finish what
WeasyPrint writes. Nothing of it is loaded into a web process.
"""
