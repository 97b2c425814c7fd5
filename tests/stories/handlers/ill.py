"""A release that deploys well and does not work."""


def main(event, context):
    return {"statusCode": 503, "body": '{"status": "ill"}'}
