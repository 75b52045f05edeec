"""The method families: one file each, every function with the page it follows.

A file here declares the tables it owns, reads parameters from the `Call`, and returns what belongs
under `result` (or a `Page`). Files may use every module one floor up (`records`, `filters`, `values`,
`php`, ...), and each other only for what another family really owns.
"""
