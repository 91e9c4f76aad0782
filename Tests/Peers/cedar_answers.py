"""Answers of official Cedar: reads a list of {policy_sets, entities, requests} from a file, prints a list of answers.

The answer to a policy set is null where it is refused, otherwise for each request [decision, determining policies, erring policies].
"""

import json
import re
import sys

import cedarpy

ERRING = re.compile(r"while evaluating policy `(policy\d+)`")


def answer(policies, entities, requests):
    try:
        policies = cedarpy.PolicySet.from_str(policies)
    except ValueError:
        return None
    answers = []
    for result in cedarpy.is_authorized_batch(requests, policies, entities):
        if result.decision == cedarpy.Decision.NoDecision:
            raise SystemExit(f"not answered: {result.diagnostics.errors}")
        erring = [ERRING.search(error).group(1) for error in result.diagnostics.errors]
        answers.append([result.decision.name.lower(), sorted(result.diagnostics.reasons), sorted(erring)])
    return answers


def answers(question):
    entities = cedarpy.Entities.from_json_str(json.dumps(question["entities"]))
    return [answer(policies, entities, question["requests"]) for policies in question["policy_sets"]]


with open(sys.argv[1], encoding="utf-8") as file:
    json.dump([answers(question) for question in json.load(file)], sys.stdout)
