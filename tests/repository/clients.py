"""The AWS CLI and boto3 behind one interface: operations of the repository by their names in AWS's own model."""

import json
import os
import subprocess
from pathlib import Path

import boto3
from botocore import xform_name
from botocore.exceptions import ClientError

SERVICE = "serverlessrepo"


class Refused(Exception):
    """The repository did not do what it was asked for; the text is the client's own."""


class Cli:
    """The AWS CLI: each call is a process of its own."""

    name = "aws-cli"

    def call(self, operation, **parameters):
        """One call of the repository."""
        options = []
        for name, value in parameters.items():
            # What is no text is JSON to the CLI.
            options += [f"--{xform_name(name, '-')}", value if isinstance(value, str) else json.dumps(value)]
        return json.loads(aws(SERVICE, xform_name(operation, "-"), *options) or "{}")

    def all(self, operation, key, **parameters):
        """Every page of a list; the CLI fetches them one after the other, and joins them."""
        return self.call(operation, **parameters, PageSize=1)[key]

    def provide(self, bucket, policy, file):
        """A bucket with a policy and a file."""
        aws("s3", "mb", f"s3://{bucket}")
        aws("s3api", "put-bucket-policy", "--bucket", bucket, "--policy", json.dumps(policy))
        aws("s3", "cp", str(file), f"s3://{bucket}/{Path(file).name}")


class Boto3:
    """boto3, in this process."""

    name = "boto3"

    def __init__(self):
        self.repository = boto3.client(SERVICE)

    def call(self, operation, **parameters):
        """One call of the repository."""
        try:
            answer = getattr(self.repository, xform_name(operation))(**parameters)
        except ClientError as error:
            raise Refused(str(error)) from None
        answer.pop("ResponseMetadata")
        return answer

    def all(self, operation, key, **parameters):
        """Every page of a list, through a paginator."""
        paginator = self.repository.get_paginator(xform_name(operation))
        pages = paginator.paginate(**parameters, PaginationConfig={"PageSize": 1})
        return [entry for page in pages for entry in page[key]]

    def provide(self, bucket, policy, file):
        """A bucket with a policy and a file."""
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=bucket)
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
        s3.upload_file(str(file), bucket, Path(file).name)


class Recorder:
    """A client, and which operations were called with it."""

    def __init__(self, client):
        self.client = client
        self.name = client.name
        self.called = set()

    def call(self, operation, **parameters):
        self.called.add(operation)
        return self.client.call(operation, **parameters)

    def all(self, operation, key, **parameters):
        self.called.add(operation)
        return self.client.all(operation, key, **parameters)

    def provide(self, bucket, policy, file):
        self.client.provide(bucket, policy, file)

    def missing(self):
        """The operations of AWS's own model that were not called."""
        model = boto3.client(SERVICE).meta.service_model
        return set(model.operation_names) - self.called


def aws(*words):
    """Runs the AWS CLI and answers what it printed."""
    done = subprocess.run(
        ["aws", "--output", "json", *words], env=os.environ, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise Refused(done.stderr.strip())
    return done.stdout
