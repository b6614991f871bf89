"""Planted faults in access: request handling, password links, pending input, rights on a second unit."""

from .fault import Fault

AT_THE_DOOR = (
    Fault(
        "what was typed with a wrong password is kept",
        "accounts/sessions.py",
        'instance.get_data = instance.post_data = ""',
        "pass",
        "tests/accounts/test_login_history.py",
    ),
    Fault(
        "any program on this machine says that it is https",
        "gunicorn.conf.py",
        'forwarded_allow_ips = ""\n',
        "",
        "tests/product/test_served_responses.py",
    ),
    Fault(
        "a character set is any codec of Python's",
        "cchc_dashboard/wsgi.py",
        "application.request_class = Utf8Request\n",
        "",
        "tests/product/test_served_responses.py",
    ),
    Fault(
        "each address of an IPv6 network has tries of its own",
        "cchc_dashboard/settings.py",
        '"core.network.client_origin"',
        '"core.network.client_address"',
        "tests/core/test_network.py",
    ),
    Fault(
        "a link sets a password twice",
        "accounts/passwords.py",
        "parts = (user.pk, user.password, user.last_login, user.email,",
        "parts = (user.pk, user.last_login, user.email,",
        "tests/accounts/test_password_links.py",
    ),
    Fault(
        "what was typed when a session ended is handed to another",
        "accounts/pending_post.py",
        'if stored is not None and stored["person"] != request.user.pk:',
        "if False:",
        "tests/accounts/test_sessions.py",
    ),
    Fault(
        "a part of a divided unit goes to a unit that one only reads",
        "units/lifecycle/restructuring_views.py",
        "(share.taken_by, share.there)):\n            require_right(request.user, Right.MANAGE, unit, request.day)",
        "(share.taken_by, share.there)):\n            pass",
        "tests/units/lifecycle/test_split.py",
    ),
)
