"""A small firm whose portal is reached as an application: what only an application may call works there."""

from __future__ import annotations

from pathlib import Path

from tests.runs.conftest import World, make_world
from toolkit.client import Portal
from toolkit.client.tokens import FileTokens, Tokens
from toolkit.sandbox import InProcessTransport
from toolkit.settings import Settings

__all__ = ["application_settings", "application_world"]

_ENDPOINT = "https://sandbox.local/rest/"


def application_settings(world: World, folder: Path) -> Settings:
    """Settings of a new application of the world's portal, its tokens in a file of that folder."""
    client_id, secret = world.sandbox.access.add_app()
    code = world.sandbox.access.authorize(client_id, 1)
    told = world.sandbox.access.exchange(
        {
            "grant_type": "authorization_code",
            "client_id": client_id,
            "client_secret": secret,
            "code": code,
        },
        _ENDPOINT,
    )
    file = folder / "tokens.json"
    FileTokens(file).save(Tokens(told["access_token"], told["refresh_token"], _ENDPOINT))
    return Settings.load(
        env_file=None,
        portal="sandbox.local",
        client_id=client_id,
        client_secret=secret,
        auth_server="https://sandbox.local/oauth/token/",
        token_store="file",
        token_file=file,
        state_dir=folder / "state",
        snapshots=folder / "snapshots",
        plan="box",
        language="en",
    )


def application_world(root: Path, contacts: int = 2, deals: int = 2) -> World:
    """As `make_world`, reached as an application."""
    world = make_world(root, contacts, deals)
    settings = application_settings(world, root)
    world.portal = Portal.connect(settings, clock=world.clock, transport=InProcessTransport(world.sandbox))
    return world
