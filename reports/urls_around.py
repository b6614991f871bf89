"""Addresses of what is entered around a review: its meeting, tasks, comments, contributions; and targets."""

from django.urls import path

from reports.views import asking, commenting, contributing, meeting, tasks

urlpatterns = [
    path("reports/reviews/<int:pk>/meeting/", meeting.review_meeting, name="review_meeting"),
    path("reports/reviews/<int:pk>/tasks/", tasks.review_tasks, name="review_tasks"),
    path("reports/reviews/<int:pk>/comments/", commenting.review_comment, name="review_comment"),
    path("reports/comments/<int:pk>/reply/", commenting.comment_reply, name="comment_reply"),
    path("reports/reviews/<int:pk>/asking/", asking.review_asking, name="review_asking"),
    path("reports/reviews/<int:pk>/asking/responsible/", asking.ask_responsible, name="ask_responsible"),
    path("reports/asking/<int:pk>/withdraw/", asking.withdraw, name="asking_withdraw"),
    path("reports/asking/<int:pk>/agree/", commenting.agree, name="asking_agree"),
    path("reports/asking/<int:pk>/take/", contributing.take, name="asking_take"),
    path("reports/asking/<int:pk>/return/", contributing.send_back, name="asking_return"),
    path("reports/asked/<int:pk>/", contributing.asked, name="asked"),
    path("reports/asked/<int:pk>/facts/", contributing.asked_facts, name="asked_facts"),
    path("reports/asked/<int:pk>/recall/", contributing.recall, name="asked_recall"),
    path("reports/tasks/", tasks.task_list, name="tasks"),
    path("reports/tasks/<int:pk>/outcome/", tasks.task_outcome, name="task_outcome"),
]
