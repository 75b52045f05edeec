"""What the portal knows to do beside CRM records: activities, calls, files, requisites, merging, events, robots.

Each file is one subject's rules; the methods that clients call translate to it.
"""
