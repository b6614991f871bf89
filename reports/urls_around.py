"""Addresses of what is entered around a review: its meeting, tasks, comments, contributions; and targets."""

from django.urls import path

from reports.views import meeting, tasks

urlpatterns = [
    path("reports/reviews/<int:pk>/meeting/", meeting.review_meeting, name="review_meeting"),
    path("reports/reviews/<int:pk>/tasks/", tasks.review_tasks, name="review_tasks"),
    path("reports/tasks/", tasks.task_list, name="tasks"),
    path("reports/tasks/<int:pk>/outcome/", tasks.task_outcome, name="task_outcome"),
]
