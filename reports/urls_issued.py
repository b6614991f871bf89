"""Addresses of what follows when a review is frozen: its signed file, and its verification by anyone."""

from django.urls import path

from reports.views import difference, signed, verify

urlpatterns = [
    path("reports/reviews/<int:pk>/signed/", signed.review_signed, name="review_signed"),
    path("reports/reviews/<int:pk>/signed.pdf", signed.review_signed_file, name="review_signed_file"),
    path("reports/reviews/<int:pk>/difference/", difference.review_difference, name="review_difference"),
    path(
        "reports/reviews/<int:pk>/difference.csv",
        difference.review_difference_csv,
        name="review_difference_csv",
    ),
    path("verify/", verify.verify, name="verify"),
]
