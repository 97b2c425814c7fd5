"""Answers with what API Gateway has sent, whichever payload format that is."""

import json
import os


def main(event, context):
    told = {name: event.get(name) for name in ("version", "path", "rawPath", "httpMethod", "pathParameters", "body")}
    return {"statusCode": 200, "body": json.dumps({**told, "region": os.environ["AWS_REGION"]})}
