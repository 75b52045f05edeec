"""What goes over the wire: requests as PHP reads them, answers as PHP writes them, values in both dialects.

Start reading at `request` (one HTTP request taken apart), then `php`, `values` and `dialect`.
"""
