"""How far a large file was imported before it was stopped."""

from django.db import models


class ImportProgress(models.Model):
    """A file whose unit-months are written part by part (records.imports.parts), as long as it is not done.

    `done` counts its unit-months that are written, in the order in which the file completes them, `rows` their rows.
    The file is known by its bytes, and by what its months become.
    """

    sha256 = models.CharField(max_length=64)
    becomes = models.CharField(max_length=16)
    name = models.CharField("tệp", max_length=200)
    begun_at = models.DateTimeField("bắt đầu lúc")
    done = models.PositiveIntegerField(default=0)
    rows = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = "tệp đang nhập"
        constraints = [models.UniqueConstraint(name="import_progress_once", fields=["sha256", "becomes"])]
