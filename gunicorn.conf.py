"""How gunicorn serves the application, in the demo and in production; a command line option wins."""

import os

from cchc_dashboard.monitoring import workers as monitoring_workers

bind = f"127.0.0.1:{os.environ.get('PORT', '8000')}"
# Two workers outlive the failure of one; threads carry the waiting for the database.
workers = int(os.environ.get("CCHC_WORKERS", "2"))
threads = 4
# Loaded once and shared by the workers, which saves memory; nothing opens the database at import.
preload_app = True

# A review of many pages takes seconds to draw; a request under way is finished within 15 s of SIGTERM.
timeout = 120
graceful_timeout = 15
# The longest address that gunicorn can be told to hand on: what is longer it refuses itself, in its own words.
limit_request_line = 8190
# Recycled now and then, not all at once, so that memory stays flat over months.
max_requests = 20_000
max_requests_jitter = 2_000
# The heartbeat file in memory: a slow disk must not make a worker look dead.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None
# CCHC_PROXIES alone says whose word on https is taken (settings.PROXIES): as it comes gunicorn takes that of every
# program on this machine, under three names, and lets it say at which path the application lies.
forwarded_allow_ips = ""
# Nothing steers the server by its control socket, which would lie in the home of whoever starts it.
control_socket_disable = True
# What the workers count is added up (/metrics).
monitoring_workers.prepare_folder()


def pre_fork(server, worker) -> None:
    monitoring_workers.assign_id(worker, server.WORKERS.values())


def post_fork(server, worker) -> None:
    monitoring_workers.set_worker(worker)


def on_exit(server) -> None:
    monitoring_workers.remove_folder()


def when_ready(server) -> None:
    """Load every page before the workers start, and leave all that out of their searches for garbage: these took a
    third of the time of a page.
    """
    from django.urls import get_resolver

    server.log.debug("%d url patterns", len(get_resolver().url_patterns))
    monitoring_workers.tune_gc()


def post_worker_init(worker) -> None:
    """Long work that waited when the server was stopped goes on."""
    from ledger.jobs import start_worker_at_boot

    start_worker_at_boot()
