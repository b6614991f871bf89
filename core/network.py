"""Where a request comes from, and whether that address lies in given networks."""

from contextlib import suppress
from ipaddress import ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """Where a request comes from; behind N proxies (`CCHC_PROXIES`) the Nth entry of X-Forwarded-For from the right:
    what stands left of it is the visitor's own word. The neighbour where that is no address; None at a socket.
    """
    neighbour = request.META.get("REMOTE_ADDR") or None
    told = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if not 1 <= settings.PROXIES <= len(told):
        return neighbour
    text = told[-settings.PROXIES].strip()
    with suppress(ValueError):
        # A zone (fe80::1%eth0) is none of the visitor's, and no database takes it.
        return neighbour if "%" in text else str(ip_address(text))
    return neighbour


def client_origin(request: HttpRequest) -> str | None:
    """The address that counts: of IPv6 the network of one customer, who has billions of addresses in it."""
    address = client_address(request)
    with suppress(ValueError):
        found = ip_address(address or "")
        found = getattr(found, "ipv4_mapped", None) or found
        # 64 bits of an IPv6 address are its network's.
        return str(found if found.version == 4 else ip_network((int(found), 64), strict=False)[0])
    return address


def is_address_allowed(addresses: str, address: str | None) -> bool:
    """Whether `address` lies in one of the networks; everything does where none is named."""
    networks = addresses.split()
    if not networks:
        return True
    with suppress(ValueError):
        found = ip_address(address or "")
        found = getattr(found, "ipv4_mapped", None) or found
        return any(found in ip_network(network) for network in networks)
    return False
