"""A time-stamping authority of the tests' own: openssl behind a small HTTP server."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

CONFIG = """\
[ tsa ]
default_tsa = own
[ own ]
serial = {here}/serial
signer_cert = {here}/tsa.pem
signer_key = {here}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
[ ca ]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[ stamping ]
basicConstraints = critical,CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[ req ]
distinguished_name = name
[ name ]
"""


@dataclass
class Tsa:
    """An authority that answers; what it answers can be replaced."""

    here: Path
    url: str = ""
    asked: list[bytes] = field(default_factory=list)
    instead: tuple[int, bytes] | None = None
    """Status and body to answer with, whatever was asked."""

    @property
    def roots(self) -> Path:
        """The certificate by which it is trusted."""
        return self.here / "ca.pem"

    def answer(self, query: bytes) -> bytes:
        """Return openssl's answer to a request."""
        asked, told = self.here / "query.tsq", self.here / "answer.tsr"
        asked.write_bytes(query)
        openssl("ts", "-reply", "-config", self.here / "conf", "-queryfile", asked, "-out", told)
        return told.read_bytes()

    def accepts(self, answer: bytes, body: str) -> bool:
        """Return whether openssl finds that an answer stamps a body."""
        told, data = self.here / "told.tsr", self.here / "body"
        told.write_bytes(answer)
        data.write_text(body)
        arguments = ["-data", data, "-in", told, "-CAfile", self.roots]
        found = openssl("ts", "-verify", *arguments, check=False)
        return found.returncode == 0 and b"Verification: OK" in found.stdout + found.stderr


def openssl(*arguments: object, check: bool = True) -> subprocess.CompletedProcess[bytes]:
    """Run openssl, which is another program than ours."""
    words = [str(one) for one in arguments]
    return subprocess.run(["openssl", *words], check=check, capture_output=True, timeout=60)


@contextmanager
def stamping(here: Path) -> Iterator[Tsa]:
    """Serve an authority with fresh keys below a directory."""
    here.mkdir(parents=True, exist_ok=True)
    (here / "conf").write_text(CONFIG.format(here=here))
    (here / "serial").write_text("01")
    config = ("-config", here / "conf")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    own = ("-keyout", here / "ca.key", "-out", here / "ca.pem", "-days", "30")
    openssl("req", "-x509", *config, *curve, *own, "-subj", "/CN=Root", "-extensions", "ca")
    asked = ("-keyout", here / "tsa.key", "-out", here / "tsa.csr", "-subj", "/CN=Stamps")
    openssl("req", "-new", *config, *curve, *asked)
    signed = ("-CA", here / "ca.pem", "-CAkey", here / "ca.key", "-CAcreateserial", "-days", "30")
    kind = ("-extfile", here / "conf", "-extensions", "stamping")
    openssl("x509", "-req", "-in", here / "tsa.csr", *signed, *kind, "-out", here / "tsa.pem")
    tsa = Tsa(here)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            tsa.asked.append(query)
            status, content = tsa.instead or (200, tsa.answer(query))
            self.send_response(status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    tsa.url = f"http://127.0.0.1:{server.server_port}/stamps"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield tsa
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
