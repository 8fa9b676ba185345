"""What the agent can do. Each call is a step, which may run twice if the process dies before its result is recorded."""

ORDERS = {"1042": {"item": "lamp", "total": 39}}


def look_up_order(order):
    return ORDERS.get(order, {"unknown": order})


def refund(order, amount):
    # The payment service must know the order again, so that a second call pays nothing.
    return {"refunded": amount, "order": order}


TOOLS = {"look_up_order": look_up_order, "refund": refund}
# A person confirms these before they are called.
COSTLY = {"refund"}
