"""Addresses of the work list and of submissions."""

from django.urls import path

from .views.approval import approve, approve_batch, reopen, send_back
from .views.cells import cells
from .views.entry import no_dossiers, open_month, recall, save, send
from .views.history import history
from .views.submission import submission
from .views.worklist import worklist

app_name = "records"
urlpatterns = [
    path("", worklist, name="worklist"),
    path("open/", open_month, name="open"),
    path("approve/", approve_batch, name="approve_batch"),
    path("<int:pk>/", submission, name="submission"),
    path("<int:pk>/cells/", cells, name="cells"),
    path("<int:pk>/save/", save, name="save"),
    path("<int:pk>/send/", send, name="send"),
    path("<int:pk>/no-dossiers/", no_dossiers, name="no_dossiers"),
    path("<int:pk>/recall/", recall, name="recall"),
    path("<int:pk>/approve/", approve, name="approve"),
    path("<int:pk>/return/", send_back, name="send_back"),
    path("<int:pk>/reopen/", reopen, name="reopen"),
    path("<int:pk>/history/", history, name="history"),
]
