"""OAuth: the token endpoint of an app, and questions about tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from crmsync.sandbox import SimResponse
from crmsync_hubspot.simulator.access import ALL_SCOPES, Access, Token
from crmsync_hubspot.simulator.answers import not_found, nothing, ok
from crmsync_hubspot.simulator.call import Call
from crmsync_hubspot.simulator.portal import Portal

LIFETIME_S = 1_800
USER_ID, APP_ID = 1, 1


class Denied(Exception):
    """An OAuth-shaped refusal: error, status, description."""

    def __init__(self, error: str, status: str, description: str) -> None:
        super().__init__(description)
        self.answer = ok(
            {"error": error, "error_description": description, "status": status, "message": description}, 400
        )


@dataclass(slots=True)
class App:
    """The one app that is registered."""

    client_id: str = "11111111-2222-4333-8444-555555555555"
    client_secret: str = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"
    redirect_uri: str = "http://localhost:8321/callback"
    codes: dict[str, tuple[str, ...]] = field(default_factory=dict)  # code -> scopes; each works once
    refresh_tokens: dict[str, tuple[str, ...]] = field(default_factory=dict)
    issued: int = 0


class OAuth:
    """Answers under `/oauth`."""

    def __init__(self, portal: Portal, access: Access, app: App) -> None:
        self._portal, self._access, self._app = portal, access, app

    def authorize(self, scopes: tuple[str, ...] = ALL_SCOPES) -> str:
        """What a person does in the browser: the code that comes back."""
        code = f"code-{self._next()}"
        self._app.codes[code] = scopes
        return code

    def answer(self, call: Call) -> SimResponse | None:
        try:
            match (call.request.method, call.area, *call.parts):
                case ("POST", "oauth", "token"):
                    return self._token(self._form(call))
                case ("POST", "oauth", "token", "introspect"):
                    return self._introspect(self._form(call))
                case ("POST", "oauth", "token", "revoke"):
                    return self._revoke(self._form(call))
                case ("GET", "oauth", "access-tokens", token):
                    return self._access_token(token)
                case ("GET" | "DELETE" as method, "oauth", "refresh-tokens", token):
                    return self._refresh_token(method, token)
                case ("POST", "private-apps", "get", "access-token-info"):
                    return self._private_app(call)
        except Denied as denied:
            return denied.answer
        return None

    def _form(self, call: Call) -> Mapping[str, str]:
        """The parameters: a form, JSON, or for the oldest version the query."""
        body = call.request.body
        if "json" in call.request.headers.get("content-type", ""):
            given = {key: str(value) for key, value in msgspec.json.decode(body, type=dict[str, Any]).items()}
        else:
            given = dict(parse_qsl(body.decode()))
        return {**(dict(call.request.query) if call.version == "v1" else {}), **given}

    def _token(self, form: Mapping[str, str]) -> SimResponse:
        self._check_client(form)
        match form.get("grant_type"):
            case "authorization_code":
                if form.get("redirect_uri") != self._app.redirect_uri:
                    raise Denied("invalid_grant", "BAD_REDIRECT_URI", "redirect URI does not match")
                scopes = self._app.codes.pop(form.get("code", ""), None)
                if scopes is None:
                    raise Denied("invalid_grant", "BAD_AUTH_CODE", "missing or unknown auth code")
                refresh = f"na1-refresh-{self._next()}"
                self._app.refresh_tokens[refresh] = scopes
                return self._issued(refresh)
            case "refresh_token":
                if form.get("refresh_token") not in self._app.refresh_tokens:
                    raise Denied("invalid_grant", "BAD_REFRESH_TOKEN", "refresh token is invalid, expired or revoked")
                return self._issued(form["refresh_token"])
        raise Denied("unsupported_grant_type", "BAD_GRANT_TYPE", "missing or unknown grant type")

    def _check_client(self, form: Mapping[str, str]) -> None:
        if form.get("client_id") != self._app.client_id:
            raise Denied("invalid_client", "BAD_CLIENT_ID", "missing or invalid client id")
        if form.get("client_secret") != self._app.client_secret:
            raise Denied("invalid_client", "BAD_CLIENT_SECRET", "missing or invalid client secret")

    def _issued(self, refresh: str) -> SimResponse:
        scopes = self._app.refresh_tokens[refresh]
        text = f"access-{self._next()}-{'x' * 480}"  # clients must not expect them to be short
        self._access.tokens[text] = Token(scopes, self._portal.now_ms + LIFETIME_S * 1000, refresh)
        return ok(
            {
                "token_type": "bearer",
                "access_token": text,
                "refresh_token": refresh,
                "expires_in": LIFETIME_S,
                "hub_id": self._portal.id,
                "scopes": list(scopes),
                "user_id": USER_ID,
                "id_token": None,
                "token_use": "access_token",
            }
        )

    def _introspect(self, form: Mapping[str, str]) -> SimResponse:
        self._check_client(form)
        text = form.get("token", "")
        if form.get("token_type_hint") == "refresh_token" or text in self._app.refresh_tokens:
            scopes = self._app.refresh_tokens.get(text)
            return ok({"active": False} if scopes is None else self._described(text, scopes, None))
        token = self._access.tokens.get(text)
        left_s = self._left_s(token)
        return ok({"active": False} if token is None or left_s <= 0 else self._described(text, token.scopes, left_s))

    def _revoke(self, form: Mapping[str, str]) -> SimResponse:
        """The refresh token is dead; access tokens already issued live on."""
        self._check_client(form)
        self._app.refresh_tokens.pop(form.get("token", ""), None)
        return SimResponse(200)

    def _access_token(self, text: str) -> SimResponse:
        token = self._access.tokens.get(text)
        if token is None:
            raise not_found("access token not found")
        described = self._described(text, token.scopes, self._left_s(token))
        return ok(described | {"user": "owner@portal.example", "hub_domain": "portal.example"})

    def _refresh_token(self, method: str, text: str) -> SimResponse:
        if text not in self._app.refresh_tokens:
            raise not_found("refresh token not found")
        if method == "DELETE":
            del self._app.refresh_tokens[text]
            return nothing()
        return ok(self._described(text, self._app.refresh_tokens[text], None))

    def _private_app(self, call: Call) -> SimResponse:
        token = self._access.tokens.get(str(call.object().get("tokenKey")))
        if token is None:
            raise not_found("token not found")
        scopes = list(token.scopes)
        return ok({"userId": USER_ID, "hubId": self._portal.id, "appId": APP_ID, "scopes": scopes})

    def _left_s(self, token: Token | None) -> int:
        if token is None or token.expires_ms is None:
            return LIFETIME_S
        return (token.expires_ms - self._portal.now_ms) // 1000

    def _described(self, text: str, scopes: tuple[str, ...], left_s: int | None) -> dict[str, Any]:
        described: dict[str, Any] = {
            "active": True,
            "token": text,
            "hub_id": self._portal.id,
            "user_id": USER_ID,
            "app_id": APP_ID,
            "client_id": self._app.client_id,
            "scopes": list(scopes),
            "token_type": "access" if left_s is not None else "refresh",
            "token_use": "access_token" if left_s is not None else "refresh_token",
        }
        return described if left_s is None else described | {"expires_in": left_s}

    def _next(self) -> int:
        self._app.issued += 1
        return self._app.issued
