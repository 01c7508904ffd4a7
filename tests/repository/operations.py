"""Every operation of the Serverless Application Repository, as a publisher and a deployer use them.

Usage: operations.py aws-cli|boto3
       operations.py policy BUCKET

The first form calls the endpoints in the environment, prints the operations that were called, and ends with an error at
the first answer that is not what AWS's documentation says, or when an operation of AWS's own model was left out. The
second one prints the policy that lets the repository read a bucket.
"""

import json
import sys
import tempfile
import zipfile
from pathlib import Path

from clients import Boto3, Cli, Recorder, Refused

ACCOUNT = "000000000000"
ORGANISATION = "o-abcdefghij"
POLICY = [{"Principals": ["123456789012"], "Actions": ["Deploy"]}]
SHARED = [{"Principals": ["*"], "PrincipalOrgIDs": [ORGANISATION], "Actions": ["Deploy", "UnshareApplication"]}]


def readable_by_repository(bucket):
    """The policy that lets the repository read a bucket's artifacts."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "serverlessrepo.amazonaws.com"},
                "Action": "s3:GetObject",
                "Resource": f"arn:aws:s3:::{bucket}/*",
                "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
            }
        ],
    }


def template(bucket, dependency=None):
    """A packaged template with a function and, if wanted, a nested application."""
    resources = {
        "Function": {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "CodeUri": f"s3://{bucket}/code.zip",
                "Handler": "index.handler",
                "Runtime": "python3.12",
                "FunctionName": {"Ref": "Name"},
            },
        }
    }
    if dependency:
        resources["Nested"] = {
            "Type": "AWS::Serverless::Application",
            "Properties": {"Location": {"ApplicationId": dependency, "SemanticVersion": "1.0.0"}},
        }
    return json.dumps(
        {
            "Transform": "AWS::Serverless-2016-10-31",
            "Parameters": {"Name": {"Type": "String", "Default": bucket}},
            "Resources": resources,
        }
    )


def refused(words, call, *arguments, **parameters):
    """Passes when the repository says no, in words that the client hands on."""
    try:
        answer = call(*arguments, **parameters)
    except Refused as refusal:
        assert words in str(refusal), refusal
    else:
        raise AssertionError(f"not refused: {answer}")


def main():
    if sys.argv[1] == "policy":
        print(json.dumps(readable_by_repository(sys.argv[2])))
        return
    client = Recorder({"aws-cli": Cli, "boto3": Boto3}[sys.argv[1]]())
    bucket = f"artifacts-of-{client.name}"
    with tempfile.TemporaryDirectory() as folder:
        code = Path(folder) / "code.zip"
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("index.py", "def handler(event, context):\n    return event\n")
        client.provide(bucket, readable_by_repository(bucket), code)

    application = publish(client, bucket)
    versions(client, application, bucket)
    share(client, application)
    deploy(client, application, f"by-{client.name}")
    client.call("DeleteApplication", ApplicationId=application)
    refused("NotFoundException", client.call, "GetApplication", ApplicationId=application)

    missing = client.missing()
    assert not missing, f"not called: {sorted(missing)}"
    print("\n".join(sorted(client.called)))


def publish(client, bucket):
    """An application with a version; answers its ARN."""
    fields = {
        "Name": f"hello-{client.name}",
        "Author": "somebody",
        "Description": "An example",
        "Labels": ["one", "two"],
        "SpdxLicenseId": "MIT",
        "LicenseBody": "Do as you like.",
        "ReadmeBody": "# Hello",
        "SemanticVersion": "1.0.0",
        "TemplateBody": template(bucket),
    }
    created = client.call("CreateApplication", **fields)
    application = created["ApplicationId"]
    assert created["Version"]["RequiredCapabilities"] == [], created
    refused("ConflictException", client.call, "CreateApplication", **fields)

    client.call("UpdateApplication", ApplicationId=application, Description="Another example", Labels=["three"])
    found = client.call("GetApplication", ApplicationId=application)
    assert (found["Description"], found["Labels"]) == ("Another example", ["three"]), found
    listed = [entry["ApplicationId"] for entry in client.all("ListApplications", "Applications")]
    assert application in listed, listed
    return application


def versions(client, application, bucket):
    """A second version, which depends on the first one."""
    fields = {"ApplicationId": application, "SemanticVersion": "1.1.0", "TemplateBody": template(bucket, application)}
    created = client.call("CreateApplicationVersion", **fields)
    assert created["RequiredCapabilities"] == ["CAPABILITY_AUTO_EXPAND"], created
    refused("ConflictException", client.call, "CreateApplicationVersion", **fields)
    listed = client.all("ListApplicationVersions", "Versions", ApplicationId=application)
    assert [entry["SemanticVersion"] for entry in listed] == ["1.0.0", "1.1.0"], listed
    needed = client.all("ListApplicationDependencies", "Dependencies", ApplicationId=application)
    assert needed == [{"ApplicationId": application, "SemanticVersion": "1.0.0"}], needed


def share(client, application):
    """With an account, with an organisation, and with nobody."""
    for statements in [POLICY, SHARED]:
        client.call("PutApplicationPolicy", ApplicationId=application, Statements=statements)
        found = client.call("GetApplicationPolicy", ApplicationId=application)["Statements"]
        bare = [{name: value for name, value in entry.items() if name != "StatementId"} for entry in found]
        assert bare == statements, found
    client.call("UnshareApplication", ApplicationId=application, OrganizationId=ORGANISATION)
    assert client.call("GetApplicationPolicy", ApplicationId=application)["Statements"] == []


def deploy(client, application, stack):
    """A template, and a change set of it."""
    made = client.call("CreateCloudFormationTemplate", ApplicationId=application, SemanticVersion="1.0.0")
    found = client.call("GetCloudFormationTemplate", ApplicationId=application, TemplateId=made["TemplateId"])
    assert found["Status"] == "ACTIVE", found
    change_set = client.call(
        "CreateCloudFormationChangeSet",
        ApplicationId=application,
        StackName=stack,
        SemanticVersion="1.0.0",
        ParameterOverrides=[{"Name": "Name", "Value": stack}],
    )
    assert f"serverlessrepo-{stack}" in change_set["StackId"], change_set
    fields = {"ApplicationId": application, "StackName": stack}
    refused("CAPABILITY_AUTO_EXPAND", client.call, "CreateCloudFormationChangeSet", **fields)


if __name__ == "__main__":
    main()
