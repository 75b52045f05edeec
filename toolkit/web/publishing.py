"""Simulation, publication and take-back: plan, look, type the number, certificate."""

from __future__ import annotations

import re
from base64 import b64encode
from datetime import date
from hashlib import sha256

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from toolkit.web.desk import Desk
from toolkit.web.entering import small_form
from toolkit.web.guards import POLICY, Sessions, Visitor, genuine
from toolkit.web.history import Step, Upload
from toolkit.web.looking import entered, state_of
from toolkit.web.rendering import Renderer

__all__ = ["Publishing"]

_STYLE = re.compile("<style>(.*?)</style>", re.DOTALL)
_OWN_STYLES = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none';"
    " sandbox"
)


class Publishing:
    """What is done with an upload that has no errors.

    Args:
        desk, render, sessions: of the page.
    """

    def __init__(self, desk: Desk, render: Renderer, sessions: Sessions) -> None:
        self._desk, self._render, self._sessions = desk, render, sessions

    def routes(self) -> list[Route]:
        """Its addresses."""
        return [
            Route("/uploads/{id}/simulate", self._simulate, methods=["POST"]),
            Route("/uploads/{id}/provide", self._provide, methods=["POST"]),
            Route("/uploads/{id}/publish", self._publish, methods=["POST"]),
            Route("/steps/{step:int}", entered(self._sessions, self._show)),
            Route("/steps/{step:int}/agree", self._agree, methods=["POST"]),
            Route("/steps/{step:int}/resume", self._resume, methods=["POST"]),
            Route("/steps/{step:int}/drop", self._drop, methods=["POST"]),
            Route("/steps/{step:int}/take-back", self._take_back, methods=["POST"]),
            Route("/steps/{step:int}/report", entered(self._sessions, self._report)),
        ]

    # -- buttons -------------------------------------------------------------------------------------

    async def _pressed(self, request: Request, *, publishing: bool = True) -> tuple[Visitor, dict[str, str]]:
        """Who pressed a button, and what the form says; an error page for whoever may not."""
        form = await small_form(request)
        visitor = await run_in_threadpool(self._sessions.visitor, request)
        if visitor is None:
            raise HTTPException(401)
        if not genuine(visitor, form.get("csrf")):
            raise HTTPException(409)
        if publishing and not visitor.person.may_publish:
            raise HTTPException(403)
        return visitor, form

    async def _simulate(self, request: Request) -> Response:
        visitor, _ = await self._pressed(request, publishing=False)
        upload = self._publishable(request)
        step = await run_in_threadpool(self._desk.simulate, upload, visitor.person.name)
        return RedirectResponse(f"/steps/{step.id}", 303)

    async def _publish(self, request: Request) -> Response:
        visitor, form = await self._pressed(request)
        upload = self._publishable(request)
        try:
            effective = (
                date.fromisoformat(form.get("effective_from", "")) if form.get("effective_from") else None
            )
        except ValueError:
            effective = None
        step = await run_in_threadpool(self._desk.publish, upload, visitor.person.name, effective)
        return RedirectResponse(f"/steps/{step.id}", 303)

    async def _provide(self, request: Request) -> Response:
        visitor, _ = await self._pressed(request)
        upload = self._publishable(request)
        step = await run_in_threadpool(self._desk.provide, upload, visitor.person.name)
        return RedirectResponse(f"/steps/{step.id}", 303)

    async def _agree(self, request: Request) -> Response:
        visitor, form = await self._pressed(request)
        step, upload = self._of(request)
        given = "".join(form.get("count", "").split())
        number = int(given) if given.isascii() and given.isdigit() and len(given) < 12 else -1
        good = await run_in_threadpool(self._desk.agree, step, visitor.person.name, number)
        if good or number == step.count:
            return RedirectResponse(f"/steps/{step.id}", 303)
        return await run_in_threadpool(self._page, request, visitor, step, upload, form.get("count", "")[:20])

    async def _resume(self, request: Request) -> Response:
        await self._pressed(request)
        step, _ = self._of(request)
        await run_in_threadpool(self._desk.resume, step)
        return RedirectResponse(f"/steps/{step.id}", 303)

    async def _drop(self, request: Request) -> Response:
        await self._pressed(request)
        step, upload = self._of(request)
        await run_in_threadpool(self._desk.drop, step)
        return RedirectResponse(f"/uploads/{upload.id}", 303)

    async def _take_back(self, request: Request) -> Response:
        visitor, _ = await self._pressed(request)
        step, _ = self._of(request)
        if not can_be_taken_back(step, self._desk.history.steps(step.upload)):
            raise HTTPException(404)
        back = await run_in_threadpool(self._desk.take_back, step, visitor.person.name)
        return RedirectResponse(f"/steps/{back.id}", 303)

    # -- pages ---------------------------------------------------------------------------------------

    def _show(self, request: Request, visitor: Visitor) -> Response:
        step, upload = self._of(request)
        return self._page(request, visitor, step, upload)

    def _page(
        self, request: Request, visitor: Visitor, step: Step, upload: Upload, typed: str | None = None
    ) -> Response:
        steps = self._desk.history.steps(upload.id)
        simulation = (
            self._desk.simulation(upload, self._render.language(request)) if step.kind == "simulate" else ""
        )
        response = self._render.page(
            request,
            "simulation" if step.kind == "simulate" else "step",
            status=200 if typed is None else 400,
            visitor=visitor,
            step=step,
            upload=upload,
            state=state_of(upload, steps),
            typed=typed,
            can_be_taken_back=can_be_taken_back(step, steps),
            has_report=self._desk.report(step) is not None,
            simulation=simulation,
        )
        if simulation:  # its picture carries its own styles: these, and no others, are let through
            styles = "".join(f" 'sha256-{_digest(each)}'" for each in _STYLE.findall(simulation))
            response.headers["Content-Security-Policy"] = POLICY.replace(
                "style-src 'self'", f"style-src 'self'{styles}"
            )
        return response

    def _report(self, request: Request, visitor: Visitor) -> Response:
        step, _ = self._of(request)
        found = self._desk.report(step)
        if found is None:
            raise HTTPException(404)
        return FileResponse(found, media_type="text/html", headers={"Content-Security-Policy": _OWN_STYLES})

    def _of(self, request: Request) -> tuple[Step, Upload]:
        step = self._desk.history.step(request.path_params["step"])
        upload = self._desk.history.upload(step.upload) if step else None
        if step is None or upload is None:
            raise HTTPException(404)
        return step, upload

    def _publishable(self, request: Request) -> Upload:
        upload = self._desk.history.upload(request.path_params["id"])
        if upload is None or not upload.publishable:
            raise HTTPException(404)
        return upload


def _digest(style: str) -> str:
    return b64encode(sha256(style.encode()).digest()).decode()


def can_be_taken_back(step: Step, steps: list[Step]) -> bool:
    """Whether a publication was written and nobody took it back since."""
    back = any(
        each.of == step.id and each.state in ("working", "writing", "paused", "done") for each in steps
    )
    return step.kind == "publish" and step.state == "done" and step.count > 0 and not back
