"""A contact centre and a portal, both ways: what a load has to know beforehand (`known`), and what changed in the
portal since (`way_back`). May import what `workflow` may.
"""
