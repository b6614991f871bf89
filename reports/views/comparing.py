"""A file of an official form against the figures of the system: told where it differs, nothing is written."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from records.forms.uploads import OfficialUpload
from reports.imports.form_comparing import Comparison, compare
from units.access import Right, requires

from .asked import BadQuestion, read
from .official import filled_of


@requires(Right.READ)
def compared(request: HttpRequest, key: str) -> HttpResponse:
    """`?unit=&period=` as of the form's page. GET: a box for a file; POST `file`: every cell that differs (200), or
    that cannot be read (422; 400 where the file cannot be read at all).
    """
    try:
        asked = read(request)
    except BadQuestion as error:
        return render(request, "400.html", {"reason": str(error)}, status=400)
    filled = filled_of(asked, key)
    form, found, status = OfficialUpload(), None, 200
    if request.method == "POST":
        form = OfficialUpload(request.POST, request.FILES)
        status = 422
        if form.is_valid():
            found = compare(form.cleaned_data["file"].read(), filled, asked.unit)
            status = _status(found)
    context = {
        "asked": asked,
        "filled": filled,
        "key": key,
        "here": asked.link(),
        "form": form,
        "found": found,
        "faults": found.faults.told() if found else [],
    }
    return render(request, "reports/official/compared.html", context, status=status)


def _status(found: Comparison) -> int:
    if not found.faults:
        return 200
    return 400 if found.unreadable else 422
