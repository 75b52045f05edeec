"""The only door to a portal's network: auth, pacing, retries, paging, batch.

May import `toolkit.settings` and `toolkit.errors`, nothing above. Start reading at `portal.py`; a request
then passes `encoding` (values to wire), `sending` (once, or again), `governor` (may it leave), `door` (the
network) and `answers` (what the reply proves). `methods.py` is the table of what the toolkit knows about
each REST method, `walk.py` reads lists. Files travel apart: `downloads` from signed links, `attachments` into
records; neither is ever held in memory.
"""

from toolkit.client.attachments import FileOnDisk
from toolkit.client.clock import Clock, SimulatedClock, SystemClock
from toolkit.client.cost import CostModel, Estimate
from toolkit.client.downloads import Download
from toolkit.client.governor import Governor, Hold, SharedGovernor
from toolkit.client.ledger import Limits
from toolkit.client.masking import mask
from toolkit.client.methods import METHODS, Method, Paging, method
from toolkit.client.outcomes import Answer, Command, Outcome, RequestNote, Timing
from toolkit.client.portal import Portal
from toolkit.client.tokens import FileTokens, KeyringTokens, MemoryTokens, Tokens, TokenStore

__all__ = [
    "METHODS",
    "Answer",
    "Clock",
    "Command",
    "CostModel",
    "Download",
    "Estimate",
    "FileOnDisk",
    "FileTokens",
    "Governor",
    "Hold",
    "KeyringTokens",
    "Limits",
    "MemoryTokens",
    "Method",
    "Outcome",
    "Paging",
    "Portal",
    "RequestNote",
    "SharedGovernor",
    "SimulatedClock",
    "SystemClock",
    "Timing",
    "TokenStore",
    "Tokens",
    "mask",
    "method",
]
