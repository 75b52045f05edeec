"""What a sandbox portal is filled with: nothing but its dictionaries, or a whole firm.

`factory.install` furnishes an empty portal (first administrator, dictionaries, pipelines). The other
files each tell one firm's story, of any size, the same for the same seed number.
"""
