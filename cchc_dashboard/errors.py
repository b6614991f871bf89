"""Error pages, in words, with what to do next."""

from django.shortcuts import render


def bad_request(request, exception=None):
    return render(request, "400.html", status=400)


def forbidden(request, exception=None):
    return render(request, "403.html", {"reason": str(exception or "")}, status=403)


def not_found(request, exception=None):
    return render(request, "404.html", status=404)


def server_error(request):
    return render(request, "500.html", status=500)


def csrf_failure(request, reason=""):
    """A stale form: the words say so, and the browser's Back keeps what was typed (acceptance S18)."""
    return render(
        request,
        "403.html",
        {"reason": "Trang đã mở quá lâu. Hãy quay lại, tải lại trang rồi gửi lại."},
        status=403,
    )
