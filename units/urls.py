"""Addresses of units and people."""

from django.urls import path

from units.access.views import safety_page
from units.lifecycle.views import unit_close, unit_detail, unit_list, unit_open, unit_reopen
from units.people.views import (
    people_list,
    person_create,
    person_detail,
    person_disable,
    person_enable,
    person_end_role,
    person_factor,
    person_grant,
    person_invite,
    person_leave,
    person_link,
    person_password,
    person_sign_out,
    person_transfer,
    person_unlink,
    rights_list,
)

from .lifecycle import restructuring_views
from .push import message_again, receiver_list, receiver_stop
from .tokens import token_detail, token_list, token_revoke

app_name = "units"
urlpatterns = [
    path("", unit_list, name="list"),
    path("open/", unit_open, name="open"),
    path("<int:pk>/", unit_detail, name="detail"),
    path("<int:pk>/close/", unit_close, name="close"),
    path("<int:pk>/reopen/", unit_reopen, name="reopen"),
    path("<int:pk>/succeed/", restructuring_views.succeed, name="succeed"),
    path("<int:pk>/split/", restructuring_views.split, name="split"),
    path("<int:pk>/merge/", restructuring_views.merge, name="merge"),
    path("<int:pk>/undo-merger/", restructuring_views.undo_merger, name="undo_merger"),
    path("people/", people_list, name="people"),
    path("people/new/", person_create, name="person_create"),
    path("people/<int:pk>/", person_detail, name="person"),
    path("people/<int:pk>/grant/", person_grant, name="person_grant"),
    path("people/<int:pk>/roles/<int:membership>/end/", person_end_role, name="person_end_role"),
    path("people/<int:pk>/disable/", person_disable, name="person_disable"),
    path("people/<int:pk>/enable/", person_enable, name="person_enable"),
    path("people/<int:pk>/factor/", person_factor, name="person_factor"),
    path("people/<int:pk>/invite/", person_invite, name="person_invite"),
    path("people/<int:pk>/link/", person_link, name="person_link"),
    path("people/<int:pk>/link/<int:identity>/end/", person_unlink, name="person_unlink"),
    path("people/<int:pk>/sign-out/", person_sign_out, name="person_sign_out"),
    path("people/<int:pk>/password/", person_password, name="person_password"),
    path("receivers/", receiver_list, name="receivers"),
    path("receivers/<int:pk>/stop/", receiver_stop, name="receiver_stop"),
    path("receivers/messages/<int:pk>/again/", message_again, name="message_again"),
    path("rights/", rights_list, name="rights"),
    path("people/<int:pk>/leave/", person_leave, name="person_leave"),
    path("people/<int:pk>/transfer/", person_transfer, name="person_transfer"),
    path("safety/", safety_page, name="rules_of_safety"),
    path("tokens/", token_list, name="tokens"),
    path("tokens/<int:pk>/", token_detail, name="token"),
    path("tokens/<int:pk>/revoke/", token_revoke, name="token_revoke"),
]
