"""Every operation of the Serverless Application Repository, by boto3, against the endpoint in the environment.

Prints the operations that were called, one a line; any answer that boto3 does not take ends it.
"""

import json
import time

import boto3

TEMPLATE = json.dumps(
    {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Transform": "AWS::Serverless-2016-10-31",
        "Parameters": {"Table": {"Type": "String", "Default": "t"}},
        "Resources": {"Table": {"Type": "AWS::Serverless::SimpleTable"}},
    }
)

called = []
client = boto3.client("serverlessrepo")
cloudformation = boto3.client("cloudformation")


def call(operation, **arguments):
    called.append(operation)
    return getattr(client, operation)(**arguments)


made = call(
    "create_application",
    Name="by-boto3",
    Author="ada",
    Description="A table",
    SpdxLicenseId="MIT",
    LicenseBody="MIT",
    ReadmeBody="# A table",
    SemanticVersion="1.0.0",
    SourceCodeUrl="https://example.com/table",
    TemplateBody=TEMPLATE,
)
application = made["ApplicationId"]
assert made["Version"]["RequiredCapabilities"] == []
call(
    "create_application_version",
    ApplicationId=application,
    SemanticVersion="1.1.0",
    TemplateBody=TEMPLATE,
)
call("update_application", ApplicationId=application, Labels=["table"])
assert call("get_application", ApplicationId=application)["Labels"] == ["table"]
names = [one["Name"] for one in call("list_applications")["Applications"]]
assert "by-boto3" in names
versions = call("list_application_versions", ApplicationId=application, MaxItems=1)
assert len(versions["Versions"]) == 1 and versions["NextToken"]
assert call("list_application_dependencies", ApplicationId=application)["Dependencies"] == []
statement = {"Principals": ["123456789012"], "Actions": ["Deploy"]}
call("put_application_policy", ApplicationId=application, Statements=[statement])
policy = call("get_application_policy", ApplicationId=application)
assert policy["Statements"][0]["Principals"] == ["123456789012"]
made = call("create_cloud_formation_template", ApplicationId=application)
template = call(
    "get_cloud_formation_template", ApplicationId=application, TemplateId=made["TemplateId"]
)
assert template["Status"] == "ACTIVE"
change = call("create_cloud_formation_change_set", ApplicationId=application, StackName="boto3")
for _ in range(100):
    state = cloudformation.describe_change_set(ChangeSetName=change["ChangeSetId"])
    if state["Status"] == "CREATE_COMPLETE":
        break
    time.sleep(0.1)
assert state["Changes"], state["Status"]
cloudformation.delete_stack(StackName="serverlessrepo-boto3")
try:
    call("unshare_application", ApplicationId=application, OrganizationId="o-1234567890")
except client.exceptions.BadRequestException:
    pass  # It is not shared with that organisation.
call("delete_application", ApplicationId=application)
left = set(client.meta.method_to_api_mapping) - set(called)
assert not left, f"not called: {left}"
print("\n".join(called))
