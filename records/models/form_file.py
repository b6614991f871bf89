"""A file that was uploaded and is not stored yet: between the look at its differences and the word to store them."""

from django.conf import settings
from django.db import models

from .submission import Submission


class FormFile(models.Model):
    """The bytes of an uploaded form, for its owner alone under a name that nobody guesses, for a day
    (records.actions.form_files). `submission` is None where a workbook of several units was uploaded. `content` is
    emptied on storing.
    """

    token = models.CharField(max_length=64, unique=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    submission = models.ForeignKey(Submission, models.CASCADE, null=True, related_name="+")
    name = models.CharField("tên tệp", max_length=200)
    content = models.BinaryField()
    kept_at = models.DateTimeField("tải lên lúc")
    stored_at = models.DateTimeField("ghi lúc", null=True)

    class Meta:
        verbose_name = "biểu đã tải lên"
        indexes = [models.Index(fields=["kept_at"], name="form_file_kept_at")]
