"""Pages out of templates: everything that varies is escaped, and said in the reader's language."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from toolkit.sheets.labels import counted
from toolkit.sheets.refusals import Language
from toolkit.web.desk import Desk
from toolkit.web.guards import Visitor
from toolkit.web.kinds import KINDS
from toolkit.web.words import Speech, language_of

__all__ = ["Renderer"]

_LANGUAGE = "b24kit_language"


class Renderer:
    """Makes pages.

    Args:
        desk: whose settings say which portal and which language.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def language(self, request: Request) -> Language:
        """The reader's: by the link just followed, by the one followed before, by their browser."""
        for chosen in (request.query_params.get("lang"), request.cookies.get(_LANGUAGE)):
            if chosen in ("ru", "en"):
                return "ru" if chosen == "ru" else "en"
        return language_of(request.headers.get("accept-language", ""), self._desk.settings.language)

    def page(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        visitor: Visitor | None = None,
        **facts: Any,
    ) -> Response:
        """A page.

        Args:
            request: whose reader it is for.
            template: name, without its suffix.
            status: of the answer.
            visitor: who has entered.
            facts: what the template needs.
        """
        language = self.language(request)
        speech = Speech(language)
        other = "en" if language == "ru" else "ru"
        html = self._templates.get_template(f"{template}.html.j2").render(
            t=speech,
            language=language,
            other=other,
            other_url=f"{request.url.path}?lang={other}" if request.method == "GET" else f"/?lang={other}",
            host=self._desk.host,
            visitor=visitor,
            csrf=visitor.csrf if visitor else "",
            counted=counted,
            kinds=KINDS,
            **facts,
        )
        response = HTMLResponse(html, status)
        if request.query_params.get("lang") == language:
            response.set_cookie(_LANGUAGE, language, max_age=31_536_000, samesite="strict", httponly=True)
        return response

    def said(
        self, request: Request, key: str, status: int, visitor: Visitor | None = None, **headers: str
    ) -> Response:
        """A page with one thing to say; `key` and `key_lead` of the words."""
        speech = Speech(self.language(request))
        response = self.page(
            request, "said", status=status, visitor=visitor, heading=speech(key), lead=speech(f"{key}_lead")
        )
        response.headers.update(headers)
        return response
