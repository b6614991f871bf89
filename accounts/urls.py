"""Sign-in, passwords, sessions and second factor. Without a namespace: Django looks for these names."""

from django.urls import path

from .passwords import change_password, change_password_done, password_set, request_password_link
from .second_factor import factor_codes, factor_confirm, factor_drop, factor_page
from .sessions import own_sessions
from .sign_in import begin_single_sign_on, finish_single_sign_on, resume, second_step_page, sign_in, sign_out

urlpatterns = [
    path("login/", sign_in, name="login"),
    path("logout/", sign_out, name="logout"),
    path("login/code/", second_step_page, name="login_code"),
    path("reset/", request_password_link, name="password_reset"),
    path("set/<str:token>/", password_set, name="password_set"),
    path("sso/", begin_single_sign_on, name="sso"),
    path("sso/callback/", finish_single_sign_on, name="sso_callback"),
    path("factor/", factor_page, name="factor"),
    path("factor/confirm/", factor_confirm, name="factor_confirm"),
    path("factor/codes/", factor_codes, name="factor_codes"),
    path("factor/drop/", factor_drop, name="factor_drop"),
    path("resume/", resume, name="resume"),
    path("sessions/", own_sessions, name="sessions"),
    path("password/", change_password, name="password_change"),
    path("password/done/", change_password_done, name="password_change_done"),
]
