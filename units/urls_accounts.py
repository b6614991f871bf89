"""Sign-in, passwords, sessions and second factor. Without a namespace: Django looks for these names."""

from django.urls import path

from .views import accounts, factors, links, sessions, sso

urlpatterns = [
    path("login/", accounts.sign_in, name="login"),
    path("logout/", accounts.sign_out, name="logout"),
    path("login/code/", factors.second, name="login_code"),
    path("reset/", links.ask, name="password_reset"),
    path("set/<str:token>/", links.password_set, name="password_set"),
    path("sso/", sso.begin, name="sso"),
    path("sso/callback/", sso.callback, name="sso_callback"),
    path("factor/", factors.factor, name="factor"),
    path("factor/confirm/", factors.factor_confirm, name="factor_confirm"),
    path("factor/codes/", factors.factor_codes, name="factor_codes"),
    path("factor/drop/", factors.factor_drop, name="factor_drop"),
    path("resume/", accounts.resume, name="resume"),
    path("sessions/", sessions.own_sessions, name="sessions"),
    path("password/", accounts.change_password, name="password_change"),
    path("password/done/", accounts.change_password_done, name="password_change_done"),
]
