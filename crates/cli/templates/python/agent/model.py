"""A stand-in for a model: it decides by the last message. Put the call of yours in its place."""


def decide(conversation):
    """The next tool call, or the answer to the customer."""
    first, last = conversation[0], conversation[-1]
    order = first["order"]
    if last["role"] == "customer" or "unknown" in last["result"]:
        # It does not learn from an order that is unknown, and looks again: the limit of turns ends that.
        return {"tool": "look_up_order", "arguments": {"order": order}}
    if last["tool"] == "look_up_order":
        return {"tool": "refund", "arguments": {"order": order, "amount": last["result"]["total"]}}
    if "declined" in last["result"]:
        return {"answer": f"Dear {first['customer']}, a colleague will call you about order {order}."}
    return {"answer": f"Dear {first['customer']}, we have refunded {last['result']['refunded']} for order {order}."}
