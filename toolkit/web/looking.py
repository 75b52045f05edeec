"""Uploading, the verdict by cell, the copies, the history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any
from urllib.parse import quote

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from toolkit.sheets.labels import counted, verdict
from toolkit.web.bounds import Busy
from toolkit.web.desk import Desk
from toolkit.web.guards import Sessions, Visitor
from toolkit.web.history import Step, Upload
from toolkit.web.jobs import Trouble
from toolkit.web.receiving import receive
from toolkit.web.rendering import Renderer

__all__ = ["Looking", "entered", "state_of"]

_AT_ONCE_S = 4.0
_ON_A_PAGE = 30
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def entered(
    sessions: Sessions, answer: Callable[[Request, Visitor], Response]
) -> Callable[[Request], Response]:
    """An address only for those who have entered; others are led to the door."""

    def guarded(request: Request) -> Response:
        visitor = sessions.visitor(request)
        if visitor is None:
            return RedirectResponse("/login", 303)
        return answer(request, visitor)

    return guarded


class Looking:
    """What everybody who has entered may do: upload, look, download.

    Args:
        desk, render, sessions: of the page.
    """

    def __init__(self, desk: Desk, render: Renderer, sessions: Sessions) -> None:
        self._desk, self._render, self._sessions = desk, render, sessions

    def routes(self) -> list[Route]:
        """Its addresses."""
        return [
            Route("/", self._entered(self._home)),
            Route("/uploads", self._receive, methods=["POST"]),
            Route("/uploads/{id}", self._entered(self._upload)),
            Route("/uploads/{id}/state", self._entered(self._state)),
            Route("/uploads/{id}/checked.xlsx", self._entered(self._annotated)),
            Route("/uploads/{id}/corrected.xlsx", self._entered(self._corrected)),
            Route("/template.xlsx", self._entered(self._template)),
        ]

    def _entered(self, answer: Callable[[Request, Visitor], Response]) -> Callable[[Request], Response]:
        return entered(self._sessions, answer)

    # -- uploading -----------------------------------------------------------------------------------

    def _home(self, request: Request, visitor: Visitor) -> Response:
        before = request.query_params.get("before", "")
        found = self._desk.history.uploads(_ON_A_PAGE + 1, int(before) if before.isdigit() else None)
        shown = found[:_ON_A_PAGE]
        return self._render.page(
            request,
            "home",
            visitor=visitor,
            uploads=shown,
            steps=self._desk.history.steps_of([each.id for each in shown]),
            older=shown[-1].number if len(found) > _ON_A_PAGE else None,
            limits=self._desk.rules.limits,
            words_of=self._words_of,
        )

    async def _receive(self, request: Request) -> Response:
        visitor = await run_in_threadpool(self._sessions.visitor, request)
        if visitor is None:
            return RedirectResponse("/login", 303)
        language = self._render.language(request)
        try:
            arrival = await receive(request, self._desk, visitor.person.name, visitor.csrf, language)
        except Busy:
            return self._render.said(request, "busy", 503, visitor, **{"Retry-After": "60"})
        if arrival.outcome in ("arrived", "refused") and arrival.upload is not None:
            await run_in_threadpool(self._desk.wait_for, arrival.upload.id, _AT_ONCE_S)
            return RedirectResponse(f"/uploads/{arrival.upload.id}", 303)
        statuses = {"forged": 403, "no_file": 400, "broken": 400}
        return self._render.said(request, arrival.outcome, statuses[arrival.outcome], visitor)

    # -- the verdict ---------------------------------------------------------------------------------

    def _upload(self, request: Request, visitor: Visitor) -> Response:
        upload = self._of(request)
        language = self._render.language(request)
        steps = self._desk.history.steps(upload.id)
        facts: dict[str, Any] = {}
        if upload.state == "checked":
            found = self._desk.verdict(upload)
            facts = {
                "found": found,
                "headline": verdict(upload.errors, upload.warnings, language),
                "day": date.fromisoformat(found["on"]).strftime("%d.%m.%Y") if found else "",
            }
        return self._render.page(
            request,
            "upload",
            visitor=visitor,
            upload=upload,
            steps=steps,
            state=state_of(upload, steps),
            limits=self._desk.rules.limits,
            **facts,
        )

    def _state(self, request: Request, _: Visitor) -> Response:
        upload = self._of(request)
        return JSONResponse({"state": state_of(upload, self._desk.history.steps(upload.id))})

    def _of(self, request: Request) -> Upload:
        found = self._desk.history.upload(request.path_params["id"])
        if found is None:
            raise HTTPException(404)
        return found

    def _words_of(self, upload: Upload, language: str) -> str:
        """An upload's verdict in a line of the history."""
        if upload.state != "checked":
            return ""
        lang = "en" if language == "en" else "ru"
        parts = [
            counted(number, what, lang)  # type: ignore[arg-type]  # one of two words, as above
            for number, what in ((upload.errors, "errors"), (upload.warnings, "warnings"))
            if number
        ]
        return ", ".join(parts)

    # -- files ---------------------------------------------------------------------------------------

    def _annotated(self, request: Request, visitor: Visitor) -> Response:
        return self._copy(request, visitor, corrected=False)

    def _corrected(self, request: Request, visitor: Visitor) -> Response:
        return self._copy(request, visitor, corrected=True)

    def _copy(self, request: Request, visitor: Visitor, *, corrected: bool) -> Response:
        upload = self._of(request)
        if upload.state != "checked" or not upload.kept:
            raise HTTPException(404)
        made = self._desk.copy(upload, corrected=corrected)
        if isinstance(made, Trouble):
            return self._render.said(request, "wrong", 500, visitor)
        stem = upload.name.rpartition(".")[0] or upload.name
        russian, english = ("исправлено", "corrected") if corrected else ("с пометками", "checked")
        name = f"{stem} ({russian if self._render.language(request) == 'ru' else english}).xlsx"
        return FileResponse(made, media_type=_XLSX, headers=_as_file(name))

    def _template(self, request: Request, visitor: Visitor) -> Response:
        language = self._render.language(request)
        made = self._desk.template(language)
        if isinstance(made, Trouble):
            return self._render.said(request, "wrong", 500, visitor)
        name = "Маршруты.xlsx" if language == "ru" else "Routing.xlsx"
        return FileResponse(
            made, media_type=_XLSX, headers=_as_file(name), background=BackgroundTask(made.unlink)
        )


def state_of(upload: Upload, steps: Sequence[Step]) -> str:
    """What a waiting page asks for: when it changes, there is something new to show."""
    return " ".join([upload.state, *(f"{each.id}:{each.state}" for each in steps)])


def _as_file(name: str) -> dict[str, str]:
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
