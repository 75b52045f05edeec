"""A sandbox as a running program: filled and served, found and told what to do, shown on a page.

Start reading at `hosting`.
"""
