"""Serving a phone in the same network: its camera wants TLS, so a certificate is made for this machine's address."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from eventsys.core.clock import now

VALID = timedelta(days=397)  # browsers refuse longer ones
RENEW_BEFORE = timedelta(days=7)


def lan_address() -> str:
    """This machine's address in the local network; LookupError when it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: asks which address a packet would leave from
            address: str = probe.getsockname()[0]
        except OSError:
            raise LookupError("this machine is in no network") from None
    return address


def ensure_certificate(folder: Path, address: str) -> tuple[Path, Path]:
    """Certificate and key for `address` in `folder`, made anew when missing, for another address, or nearly over."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    if not (certificate.exists() and key.exists() and _is_good(certificate, address)):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make(certificate, key, address)
    return certificate, key


def _is_good(file: Path, address: str) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return False
    is_for_it = ipaddress.ip_address(address) in names.get_values_for_type(x509.IPAddress)
    return is_for_it and certificate.not_valid_after_utc > now() + RENEW_BEFORE


def _make(certificate_file: Path, key_file: Path, address: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
    names = [x509.IPAddress(ipaddress.ip_address(address)), x509.DNSName("localhost")]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now() - timedelta(days=1))
        .not_valid_after(now() + VALID)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with os.fdopen(os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
        stream.write(pem)
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def print_qr(url: str) -> None:
    """Draw the address for a phone's camera."""
    import qrcode  # draws once, at start

    code: Any = qrcode.QRCode(border=2)
    code.add_data(url)
    code.print_ascii(out=sys.stdout, invert=True)
