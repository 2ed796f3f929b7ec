"""`python -m hello_web`: serve on port 8080."""

from waitress import serve

from hello_web import create_app

serve(create_app(), listen="*:8080")
