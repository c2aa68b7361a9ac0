# SPDX-License-Identifier: MIT
"""django.py: models in a database in memory, querysets, forms, templates, requests."""
import django
from django.conf import settings

from kinds import keep, make

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField", ROOT_URLCONF="uses.django", SECRET_KEY="x",
    USE_TZ=True, ALLOWED_HOSTS=["*"])
django.setup()

# What follows needs the settings.
from django import forms  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.core.paginator import Paginator  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.db.models import F, Q, Count, Sum  # noqa: E402
from django.dispatch import Signal  # noqa: E402
from django.http import HttpResponse, JsonResponse, QueryDict  # noqa: E402
from django.template import Context, Template  # noqa: E402
from django.test import Client, RequestFactory  # noqa: E402
from django.urls import path, resolve, reverse  # noqa: E402
from django.utils.datastructures import MultiValueDict  # noqa: E402
from django.utils.functional import SimpleLazyObject, lazy  # noqa: E402
from django.utils.safestring import mark_safe  # noqa: E402
from django.utils.translation import gettext_lazy  # noqa: E402


class Author(models.Model):
    name = models.CharField(max_length=100)

    class Meta:
        app_label = "auth"


class Book(models.Model):
    title = models.CharField(max_length=100)
    author = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="books")
    tags = models.ManyToManyField("Tag")
    price = models.DecimalField(max_digits=5, decimal_places=2, default=1)
    added = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "auth"


class Tag(models.Model):
    name = models.CharField(max_length=10)

    class Meta:
        app_label = "auth"


class BookForm(forms.ModelForm):
    class Meta:
        model = Book
        fields = ["title", "author"]


def view(request, number=0):
    return JsonResponse({"number": number})


urlpatterns = [path("view/<int:number>/", view, name="view")]


def fill():
    with connection.schema_editor() as editor:
        for model in (Author, Tag, Book):
            editor.create_model(model)
    tags = [Tag.objects.create(name="t%d" % i) for i in range(3)]
    for i in range(10):
        author = Author.objects.create(name="author %d" % i)
        for k in range(3):
            Book.objects.create(title="book %d" % k, author=author).tags.set(tags[:k])
    return tags


LINES = """
fill()
list(Author.objects.all())
Author.objects.all()
Author.objects.filter(name__contains="1").exclude(books__title="x").order_by("-name")
Book.objects.select_related("author")[:5]
list(Book.objects.select_related("author")[:5])
list(Author.objects.prefetch_related("books__tags"))
Author.objects.annotate(count=Count("books")).values("name", "count")
list(Author.objects.annotate(count=Count("books")).values_list("name", "count", named=True))
Book.objects.aggregate(Sum("price"))
Book.objects.filter(Q(price__gt=F("id")) | ~Q(title="x")).query
str(Book.objects.filter(price__gt=1).query)
Book.objects.first()
Book.objects.first().tags.all()
Book.objects.iterator()
next(Book.objects.iterator())
Author.objects.raw("select * from auth_author")
list(Author.objects.raw("select * from auth_author"))
connection
connection.cursor()
connection.queries_log
Book._meta
Book._meta.get_fields()
Book.objects
BookForm()
BookForm({"title": "x", "author": "1"})
BookForm({"title": "x", "author": "nobody"}).errors
forms.formset_factory(BookForm)
Template("{% for x in y %}{{ x|upper }}{% endfor %}")
Template("{% if a %}{{ a }}{% else %}b{% endif %}").render(Context({"a": [1]}))
Context({"a": [1]})
RequestFactory().get("/view/3/?a=1")
RequestFactory().post("/view/3/", {"a": "b"})
Client().get("/view/3/")
Client()
resolve("/view/3/")
reverse("view", args=[3])
HttpResponse("text", headers={"X": "y"})
JsonResponse({"a": 1})
QueryDict("a=1&a=2&b=3")
MultiValueDict({"a": [1, 2]})
SimpleLazyObject(lambda: [1])
lazy(lambda: "text", str)()
gettext_lazy("text")
mark_safe("text")
cache.set("key", [1])
cache._cache
Signal()
Paginator(Author.objects.order_by("id"), 3).page(1)
"""


def build():
    keep(urlpatterns)
    make(globals(), LINES)
