"""Addresses of what is entered around a review: its meeting, tasks, comments, contributions; and targets."""

from django.urls import path

from reports.views import meeting

urlpatterns = [
    path("reports/reviews/<int:pk>/meeting/", meeting.review_meeting, name="review_meeting"),
]
