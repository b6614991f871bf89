"""Addresses of units and people."""

from django.urls import path

from .views import changes, links, merging, people, receivers, rights, safety, splitting, sso, tokens, tree

app_name = "units"
urlpatterns = [
    path("", tree.unit_list, name="list"),
    path("open/", changes.unit_open, name="open"),
    path("<int:pk>/", tree.unit_detail, name="detail"),
    path("<int:pk>/close/", changes.unit_close, name="close"),
    path("<int:pk>/reopen/", changes.unit_reopen, name="reopen"),
    path("<int:pk>/succeed/", merging.succeed, name="succeed"),
    path("<int:pk>/split/", splitting.split, name="split"),
    path("<int:pk>/merge/", merging.merge, name="merge"),
    path("<int:pk>/undo-merger/", merging.undo_merger, name="undo_merger"),
    path("people/", people.people, name="people"),
    path("people/new/", people.person_create, name="person_create"),
    path("people/<int:pk>/", people.person, name="person"),
    path("people/<int:pk>/grant/", people.person_grant, name="person_grant"),
    path("people/<int:pk>/roles/<int:membership>/end/", people.person_end_role, name="person_end_role"),
    path("people/<int:pk>/disable/", people.person_disable, name="person_disable"),
    path("people/<int:pk>/enable/", people.person_enable, name="person_enable"),
    path("people/<int:pk>/factor/", people.person_factor, name="person_factor"),
    path("people/<int:pk>/invite/", links.person_invite, name="person_invite"),
    path("people/<int:pk>/link/", sso.person_link, name="person_link"),
    path("people/<int:pk>/link/<int:identity>/end/", sso.person_unlink, name="person_unlink"),
    path("people/<int:pk>/sign-out/", people.person_sign_out, name="person_sign_out"),
    path("people/<int:pk>/password/", people.person_password, name="person_password"),
    path("receivers/", receivers.receivers, name="receivers"),
    path("receivers/<int:pk>/stop/", receivers.receiver_stop, name="receiver_stop"),
    path("receivers/messages/<int:pk>/again/", receivers.message_again, name="message_again"),
    path("rights/", rights.rights, name="rights"),
    path("people/<int:pk>/leave/", rights.person_leave, name="person_leave"),
    path("people/<int:pk>/transfer/", rights.person_transfer, name="person_transfer"),
    path("safety/", safety.safety, name="rules_of_safety"),
    path("tokens/", tokens.tokens, name="tokens"),
    path("tokens/<int:pk>/", tokens.token, name="token"),
    path("tokens/<int:pk>/revoke/", tokens.token_revoke, name="token_revoke"),
]
