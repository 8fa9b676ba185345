"""What a function signs its requests with."""

import os


def handler(event, context):
    names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]
    return {name: os.environ.get(name) for name in names}
