"""How gunicorn serves the application, in the demo and in production; a command line option wins."""

import os

from cchc_dashboard.monitoring import workers as monitoring_workers

bind = f"127.0.0.1:{os.environ.get('PORT', '8000')}"
# Two workers survive the failure of one; threads wait for the database.
workers = int(os.environ.get("CCHC_WORKERS", "2"))
threads = 4
# Loaded once and shared by the workers, to save memory; nothing opens the database at import.
preload_app = True

# A long review takes seconds to draw; a running request is finished within 15 s of SIGTERM.
timeout = 120
graceful_timeout = 15
# gunicorn's maximum: it refuses longer addresses itself, in English.
limit_request_line = 8190
# Workers are recycled, not all at once, so that memory stays flat.
max_requests = 20_000
max_requests_jitter = 2_000
# Heartbeat file in memory: a slow disk must not make a worker look dead.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None
# Only CCHC_PROXIES decides whose X-Forwarded-Proto is trusted (settings.PROXIES): by default gunicorn trusts every
# local program, under three header names, and lets it set SCRIPT_NAME.
forwarded_allow_ips = ""
# No control socket: it would be in the home of whoever starts the server.
control_socket_disable = True
# Adds up the workers' counters (/metrics).
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
