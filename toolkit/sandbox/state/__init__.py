"""What the portal remembers: tables, fields, CRM records and their rules; loading, saving, restoring them.

Start reading at `store` (the tables), then `records` (the rules every door shares) and `filters`.
"""
