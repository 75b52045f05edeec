"""Cards of one client made one card: how that is planned, carried out, judged, and taken apart again.

Start reading at `planning` (what a merge asks for), then `carrying`, `verdict` and `undoing`; `cells` knows
which cells of a card matter to a merge.
"""
