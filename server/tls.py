"""HTTPS by the server itself."""

from __future__ import annotations

import ssl

from matcher.settings import Settings


def server_context(settings: Settings) -> ssl.SSLContext | None:
    """TLS 1.2 or newer with the certificate of the settings; None without one. Raises OSError for unreadable files."""
    if not settings.tls_cert:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(settings.tls_cert, settings.tls_key or None)
    return context


def problem(settings: Settings) -> str:
    """Why HTTPS cannot be served with these settings, in a sentence for the operator; empty when it can."""
    try:
        server_context(settings)
    except (OSError, ValueError) as exc:
        files = " ".join(filter(None, (settings.tls_cert, settings.tls_key)))
        return f"证书或私钥不能用({exc}),请核对 KUAIZHAO_TLS_CERT 和 KUAIZHAO_TLS_KEY: {files}"
    return ""


def own_context(settings: Settings) -> ssl.SSLContext | None:
    """For asking our own server on our own machine, whose certificate is made out to a name and not to 127.0.0.1."""
    if not settings.tls_cert:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(settings.tls_cert)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # the server's own certificate is trusted, whoever signed it
    return context
