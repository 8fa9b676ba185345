import os


class Busy(Exception):
    pass


class Refused(Exception):
    pass


def record(key, what):
    with open(os.environ["RECORDS"], "a") as records:
        records.write(f"{key}\t{what}\n")


def charge(event, context):
    first = event.get("busy") and not os.path.exists(event["busy"])
    if first:
        open(event["busy"], "w").close()
        raise Busy("later")
    if event["amount"] < 0:
        raise Refused("less than nothing")
    if "bytes" in event:
        # As it is: no JSON.
        return b"x" * event["bytes"]
    if "letters" in event:
        return {"receipt": "x" * event["letters"]}
    return {"amount": event["amount"]}


def ask(event, context):
    record(event["name"], event["token"])
