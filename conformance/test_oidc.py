"""Signing in to the console by an OpenID provider: a small one here, and a browser's requests by hand."""

import base64
import hashlib
import http.server
import json
import os
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest
from system import HERE, START_SECONDS, binary, until

SECRET = "s3cret with/odd&signs"
CALLBACK = "/lambdura/v1/session/oidc/callback"


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Key:
    """An RSA key of OpenSSL's."""

    def __init__(self, folder, name):
        self.path = folder / f"{name}.pem"
        subprocess.run(["openssl", "genrsa", "-out", self.path, "2048"], check=True, capture_output=True)
        shown = subprocess.run(["openssl", "rsa", "-in", self.path, "-noout", "-modulus"], check=True, capture_output=True)
        modulus = bytes.fromhex(shown.stdout.decode().strip().partition("=")[2])
        self.public = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "one", "n": encoded(modulus), "e": "AQAB"}

    def sign(self, claims):
        parts = [{"alg": "RS256", "kid": "one", "typ": "JWT"}, claims]
        text = ".".join(encoded(json.dumps(part).encode()) for part in parts)
        command = ["openssl", "dgst", "-sha256", "-sign", self.path]
        signature = subprocess.run(command, input=text.encode(), check=True, capture_output=True).stdout
        return f"{text}.{encoded(signature)}"


class Provider:
    """What its people claim is set by the test."""

    def __init__(self, folder):
        self.key, self.stranger = Key(folder, "own"), Key(folder, "stranger")
        self.codes, self.claims, self.forges = {}, {}, False
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                url = provider.url
                if self.path == "/.well-known/openid-configuration":
                    endpoints = {"authorization_endpoint": f"{url}/authorize", "token_endpoint": f"{url}/token"}
                    self.answer(200, {"issuer": url, "jwks_uri": f"{url}/keys", **endpoints})
                else:
                    self.answer(200, {"keys": [provider.key.public]})

            def do_POST(self):
                form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
                form = {name: values[0] for name, values in form.items()}
                self.answer(*provider.redeem(self.headers.get("authorization", ""), form))

            def answer(self, status, body):
                body = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def authorize(self, location):
        """A browser signs in at the provider; returns what it is sent back with."""
        at, _, query = location.partition("?")
        assert at == f"{self.url}/authorize"
        sent = dict(urllib.parse.parse_qsl(query))
        assert sent["response_type"] == "code" and sent["code_challenge_method"] == "S256"
        code = encoded(os.urandom(9))
        self.codes[code] = sent
        return {"code": code, "state": sent["state"]}

    def redeem(self, authorization, form):
        pair = base64.b64decode(authorization.partition(" ")[2]).decode()
        if [urllib.parse.unquote(part) for part in pair.split(":")] != ["console", SECRET]:
            return 401, {"error": "invalid_client"}
        sent = self.codes.pop(form["code"], None)
        challenge = encoded(hashlib.sha256(form["code_verifier"].encode()).digest())
        if sent is None or challenge != sent["code_challenge"] or form["redirect_uri"] != sent["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {"iss": self.url, "aud": "console", "sub": "u-1", "nonce": sent["nonce"], "iat": now, "exp": now + 300}
        claims = {name: value for name, value in {**claims, **self.claims}.items() if value is not None}
        signer = self.stranger if self.forges else self.key
        return 200, {"access_token": "unused", "token_type": "Bearer", "id_token": signer.sign(claims)}


class NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Browser:
    """Keeps cookies, and is sent nowhere by itself."""

    def __init__(self, endpoint):
        self.endpoint, self.cookies = endpoint, {}
        self.opener = urllib.request.build_opener(NoRedirects)

    def get(self, path, headers=None):
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items() if value)
        request = urllib.request.Request(self.endpoint + path, headers={"cookie": cookies, **(headers or {})})
        try:
            answer = self.opener.open(request, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        for cookie in answer.headers.get_all("set-cookie") or []:
            name, _, value = cookie.split(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    def sign_in(self, provider, change=None):
        # Two tries a second may be made from one address, and each sign-in is two.
        time.sleep(1.1)
        sent = self.get("/lambdura/v1/session/oidc")
        assert sent.status == 303, sent.read()
        back = provider.authorize(sent.headers["location"])
        if change:
            change(back, self.cookies)
        # As browsers do that come from the provider's page.
        site = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
        answer = self.get(f"{CALLBACK}?{urllib.parse.urlencode(back)}", site)
        assert answer.status == 303, answer.read()
        return answer.headers["location"]


@pytest.fixture(scope="module")
def signed_in_by(tmp_path_factory):
    folder = tmp_path_factory.mktemp("oidc")
    provider = Provider(folder)
    data, ready, log = folder / "data", folder / "ready.json", folder / "up.log"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LAMBDURA_", "AWS_"))}
    command = [binary(), "keys", "create", "me", "--policy", "admin", "--data-dir", str(data)]
    subprocess.run(command, check=True, capture_output=True, env=clean)
    (folder / "secret").write_text(SECRET + "\n")
    command = [binary(), "up", str(HERE / "shared"), "--listen", "127.0.0.1:0", "--http-api-listen", "127.0.0.1:0"]
    command += ["--data-dir", str(data), "--ready-file", str(ready), "--enforce-policies", "--oidc-issuer", provider.url]
    command += ["--oidc-client-id", "console", "--oidc-client-secret-file", str(folder / "secret")]
    command += ["--oidc-policy", "groups=sre:admin", "--oidc-policy", "groups=dev:observe"]
    with open(log, "wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=clean)

    def answers():
        assert process.poll() is None, log.read_text()
        return ready.exists() and ready.stat().st_size > 0, log.read_text()

    try:
        until("it is ready", answers, START_SECONDS)
        yield provider, json.loads(ready.read_text())["endpoint"]
    finally:
        process.terminate()
        process.wait(60)
        provider.server.shutdown()


def test_whom_the_provider_knows_may_do_what_their_claims_say(signed_in_by):
    provider, endpoint = signed_in_by
    browser = Browser(endpoint)
    assert json.load(browser.get("/lambdura/v1/session")) == {"required": True, "provider": True}
    provider.claims = {"groups": ["dev"], "email": "ada@example.com"}
    assert browser.sign_in(provider) == "/"
    assert json.load(browser.get("/lambdura/v1/session"))["name"] == "ada@example.com"
    assert browser.get("/lambdura/v1/executions").status == 200
    denied = browser.get("/lambdura/v1/access-keys")
    assert denied.status == 403 and b"assumed-role/console/ada@example.com" in denied.read()
    provider.claims = {"groups": "sre"}
    admin = Browser(endpoint)
    assert admin.sign_in(provider) == "/"
    assert admin.get("/lambdura/v1/access-keys").status == 200
    assert b"person ada@example.com" in admin.get("/lambdura/v1/audit").read()


WRONG = [
    ({"groups": None}, "no-policy"),
    ({"groups": ["guests"]}, "no-policy"),
    ({"nonce": "another"}, "failed"),
    ({"nonce": None}, "failed"),
    ({"aud": "another"}, "failed"),
    ({"aud": None, "client_id": "console"}, "failed"),
    ({"aud": ["console", "b"], "azp": "b"}, "failed"),
    ({"iss": "http://127.0.0.1:1"}, "failed"),
    ({"exp": 1_000_000_000}, "failed"),
    ({"exp": None}, "failed"),
]


def test_whoever_is_not_sent_by_the_provider_is_not_let_in(signed_in_by):
    provider, endpoint = signed_in_by
    browser = Browser(endpoint)
    for claims, why in WRONG:
        provider.claims = {"groups": ["sre"], **claims}
        assert browser.sign_in(provider) == f"/?sign-in={why}", claims
    provider.claims = {"groups": ["sre"]}
    provider.forges = True
    assert browser.sign_in(provider) == "/?sign-in=failed"
    provider.forges = False
    assert browser.sign_in(provider, lambda back, _: back.update(state="A" * 40)) == "/?sign-in=late"
    assert browser.sign_in(provider, lambda _, cookies: cookies.clear()) == "/?sign-in=late"
    assert browser.sign_in(provider, lambda back, _: back.update(code="guessed")) == "/?sign-in=failed"
    assert browser.sign_in(provider, lambda back, _: back.update(error="access_denied")) == "/?sign-in=refused"
    assert not browser.cookies.get("lambdura_session")
    assert browser.get("/lambdura/v1/executions").status == 403
    # A page of another site does not begin it.
    assert browser.get("/lambdura/v1/session/oidc", {"sec-fetch-site": "cross-site"}).status == 403
    assert browser.sign_in(provider) == "/", "nothing was wrong with the rest"
