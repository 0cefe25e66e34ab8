"""The plans of all statements of a session, also of those inside functions, as auto_explain logs them."""

import json


def log_plans(connection):
    """Logs each plan with what it visited, as far as client_min_messages lets it through; returns the list that takes the messages."""
    messages = []
    connection.execute("LOAD 'auto_explain'")
    for setting, value in {"log_min_duration": "0", "log_analyze": "on", "log_timing": "off", "log_nested_statements": "on", "log_format": "json", "log_parameter_max_length": "0"}.items():
        connection.execute(f"SET auto_explain.{setting} = '{value}'")
    connection.add_notice_handler(lambda notice: messages.append(notice.message_primary))
    return messages


def logged(messages):
    """Each node of the logged plans, with the text of its statement."""
    for message in messages:
        _, _, text = message.partition("plan:\n")
        if text:
            plan = json.loads(text)
            yield from ((plan["Query Text"], node) for node in nodes(plan["Plan"]))


def nodes(plan):
    yield plan
    for inner in plan.get("Plans", []):
        yield from nodes(inner)
