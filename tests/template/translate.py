"""Runs the SAM translator over a template, as CloudFormation's AWS::Serverless transform would.

Usage: translate.py TEMPLATE

Prints the resources that the template becomes. Exits with 1 and the translator's own words when it is not accepted,
or when the application would need a capability to be acknowledged for anything but the functions' own roles.
"""

import os
import sys

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse
from samtranslator.model.exceptions import InvalidDocumentException

# What the roles of AWS::Serverless::Function may be made of. Inline statements and managed policies need a
# capability, and an application that needs one is hidden from the repository's default search.
POLICY_TEMPLATES = {
    "DynamoDBCrudPolicy",
    "DynamoDBReadPolicy",
    "LambdaInvokePolicy",
    "VPCAccessPolicy",
}

# Resources that need a capability by themselves.
NEEDS_CAPABILITY = {
    "AWS::IAM::Group",
    "AWS::IAM::InstanceProfile",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::Lambda::LayerVersionPermission",
    "AWS::Lambda::Permission",
    "AWS::Serverless::Application",
}


def policy_names(policies):
    """The names of the policies a function lists, also those inside of Fn::If."""
    for policy in policies if isinstance(policies, list) else [policies]:
        if isinstance(policy, dict) and "Fn::If" in policy:
            yield from policy_names(policy["Fn::If"][1:])
        elif isinstance(policy, dict) and policy.get("Ref") == "AWS::NoValue":
            continue
        elif isinstance(policy, dict):
            yield from policy
        else:
            yield str(policy)


def capability_problems(template):
    """What in the template would make the application need a capability."""
    for name, resource in template["Resources"].items():
        if resource["Type"] in NEEDS_CAPABILITY:
            yield f"{name}: {resource['Type']} needs a capability"
        if resource["Type"] == "AWS::Serverless::Function":
            for policy in policy_names(resource["Properties"].get("Policies", [])):
                if policy not in POLICY_TEMPLATES:
                    yield f"{name}: policy {policy} is not a SAM policy template"


def package(template):
    """Points local code at a bucket, as packaging does before CloudFormation sees a template."""
    for name, resource in template["Resources"].items():
        code = resource.get("Properties", {}).get("CodeUri")
        if isinstance(code, str) and "://" not in code:
            resource["Properties"]["CodeUri"] = f"s3://bucket/{name}.zip"


def main():
    path = sys.argv[1]
    with open(path, encoding="utf-8") as file:
        template = yaml_parse(file.read())

    # The translator fills in the pseudo parameters from a region; which one does not matter here.
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    problems = list(capability_problems(template))
    package(template)
    try:
        translated = Translator({}, Parser()).translate(template, {})
    except InvalidDocumentException as error:
        problems.append(error.message)
        problems.extend(cause.message for cause in error.causes)
    if problems:
        print("\n".join(f"{path}: {problem}" for problem in problems), file=sys.stderr)
        return 1

    for name, resource in sorted(translated["Resources"].items()):
        print(f"{resource['Type']:<32} {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
