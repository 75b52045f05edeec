"""The admin's page: upload a routing spreadsheet, see its problems by cell, simulate, publish, take back.

    serving    one process that listens        tokens     who may enter, and what for
    site       all addresses                   guards     headers, sessions, forms that are really ours
    entering, looking, publishing              what the addresses answer
    receiving  an upload, as it arrives        history    what was uploaded and done, in SQLite
    bounds     what the page bears             keeping    where the files of uploads lie
    desk       what happens to an upload       jobs       the steps themselves, in processes of their own
    workers    those processes                 words, kinds, rendering   what the page says, and pages of it

A thin skin over `toolkit.workflow` and `toolkit.sheets`; nothing here decides anything about rules or
records. Nothing on the page is loaded from the internet. Start reading at `desk`.
"""

from __future__ import annotations

from toolkit.web.desk import Desk
from toolkit.web.serving import serve_page
from toolkit.web.site import make_site
from toolkit.web.tokens import Person, Tokens

__all__ = ["Desk", "Person", "Tokens", "make_site", "serve_page"]
