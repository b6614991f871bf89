"""The client address of a request, and whether an address lies in given networks."""

from contextlib import suppress
from ipaddress import ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """The address of the client; behind N proxies (`CCHC_PROXIES`) the Nth entry of X-Forwarded-For from the right, as
    the client can forge those left of it. REMOTE_ADDR if that is not an address; None for a Unix socket.
    """
    neighbour = request.META.get("REMOTE_ADDR") or None
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if not 1 <= settings.PROXIES <= len(forwarded):
        return neighbour
    text = forwarded[-settings.PROXIES].strip()
    with suppress(ValueError):
        # Databases refuse a zone (fe80::1%eth0).
        return neighbour if "%" in text else str(ip_address(text))
    return neighbour


def client_origin(request: HttpRequest) -> str | None:
    """The address for rate limits: of IPv6 the /64 network, since a customer has all addresses in it."""
    address = client_address(request)
    with suppress(ValueError):
        parsed = ip_address(address or "")
        parsed = getattr(parsed, "ipv4_mapped", None) or parsed
        return str(parsed if parsed.version == 4 else ip_network((int(parsed), 64), strict=False)[0])
    return address


def is_address_allowed(addresses: str, address: str | None) -> bool:
    """Whether `address` lies in one of the networks; true if there are none."""
    networks = addresses.split()
    if not networks:
        return True
    with suppress(ValueError):
        parsed = ip_address(address or "")
        parsed = getattr(parsed, "ipv4_mapped", None) or parsed
        return any(parsed in ip_network(network) for network in networks)
    return False
