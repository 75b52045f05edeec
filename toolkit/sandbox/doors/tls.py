"""A certificate of our own, so that clients that insist on HTTPS can be pointed at a sandbox.

A small authority signs one server certificate. Clients are given the authority's file
(`verify=...`, `SSL_CERT_FILE`, `NODE_EXTRA_CA_CERTS`); both live beside the sandbox's state and are made
again when they run out.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

__all__ = ["Certificate", "certificate_in"]

NAMES = ("localhost", "sandbox.local")
ADDRESSES = ("127.0.0.1", "::1")
LIFE = timedelta(days=365)
SPARE = timedelta(days=7)


@dataclass(frozen=True)
class Certificate:
    """Where the pieces of a server certificate lie.

    Args:
        authority: PEM clients are told to trust.
        chain: PEM of the server certificate.
        key: PEM of its private key, readable by its owner only.
    """

    authority: Path
    chain: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """What a server needs to speak TLS with it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain, self.key)
        return context


def certificate_in(folder: Path, *, names: tuple[str, ...] = ()) -> Certificate:
    """The certificate kept in `folder`; made when there is none, it runs out, or it lacks a name.

    Args:
        folder: made when missing.
        names: host names or addresses beyond localhost and the loopback addresses.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = Certificate(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    wanted = {*NAMES, *ADDRESSES, *names}
    if not _still_good(found, wanted):
        _make(found, sorted(wanted))
    return found


def _still_good(certificate: Certificate, wanted: set[str]) -> bool:
    if not all(each.exists() for each in (certificate.authority, certificate.chain, certificate.key)):
        return False
    try:
        read = x509.load_pem_x509_certificate(certificate.chain.read_bytes())
        listed = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return False
    have = {str(each.value) for each in listed}
    return wanted <= have and read.not_valid_after_utc > datetime.now(UTC) + SPARE


def _make(certificate: Certificate, names: list[str]) -> None:
    authority_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "b24kit sandbox authority")])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "b24kit sandbox")])
    authority_id = x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key())
    authority = (
        _dated(issuer, issuer, authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(authority_id, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    server = (
        _dated(subject, issuer, server_key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(authority_id), critical=False
        )
        .add_extension(x509.SubjectAlternativeName([_named(each) for each in names]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    certificate.authority.write_bytes(authority.public_bytes(pem))
    certificate.chain.write_bytes(server.public_bytes(pem))
    # Created private before the key is in it.
    certificate.key.unlink(missing_ok=True)
    descriptor = os.open(certificate.key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(
            server_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )


def _dated(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + LIFE)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _named(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
