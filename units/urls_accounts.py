"""Sign-in, sign-out and passwords."""

urlpatterns: list = []
