"""API keys of an environment: create, list and revoke them.

API Gateway makes the value of a key and keeps it. It is shown once, here; it is in no file and in no OpenTofu state.
"""

# boto3 ships no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false

import argparse
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from ops.shared.arguments import environment_of
from stacks.environments import Environment


class KeyCommandError(Exception):
    """What was asked for is not possible; the text says why and what to do."""


class ApiKeys:
    """The keys that are attached to an environment's usage plan."""

    def __init__(self, client: Any, environment: Environment) -> None:
        """Look the usage plan up.

        Args:
            client: boto3's client of API Gateway, in the environment's region.
            environment: Whose keys.

        Raises:
            KeyCommandError: the environment's stack was not applied.
        """
        self._client, self._prefix = client, environment.prefix
        self._plan = self._find_plan()

    def _pages(self, operation: str, **arguments: str) -> Iterator[dict[str, Any]]:
        for page in self._client.get_paginator(operation).paginate(**arguments):
            yield from page["items"]

    def _find_plan(self) -> str:
        for plan in self._pages("get_usage_plans"):
            if plan["name"] == self._prefix:
                return plan["id"]
        raise KeyCommandError(
            f"there is no usage plan {self._prefix} in this account: apply the stack {self._prefix} first"
        )

    def ids(self) -> dict[str, str]:
        """Return the ids of all keys by name."""
        return {key["name"]: key["id"] for key in self._pages("get_usage_plan_keys", usagePlanId=self._plan)}

    def create(self, name: str) -> str:
        """Create a key and return its value.

        Raises:
            KeyCommandError: there is a key of this name.
        """
        if name in self.ids():
            raise KeyCommandError(f"there is a key {name} already: revoke it first, or choose another name")
        key = self._client.create_api_key(name=name, description=f"Client of {self._prefix}", enabled=True)
        try:
            self._client.create_usage_plan_key(usagePlanId=self._plan, keyId=key["id"], keyType="API_KEY")
        except ClientError:
            # A key without a plan opens nothing, and would hide from `list`.
            self._client.delete_api_key(apiKey=key["id"])
            raise
        return key["value"]

    def revoke(self, name: str) -> None:
        """Delete a key.

        Raises:
            KeyCommandError: there is no key of this name.
        """
        key_id = self.ids().get(name)
        if key_id is None:
            raise KeyCommandError(f"there is no key {name}: `list` shows all")
        self._client.delete_api_key(apiKey=key_id)


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m ops.keys", description=__doc__)
    parser.add_argument("--environment", required=True, type=environment_of, help="whose keys")
    commands = parser.add_subparsers(dest="command", required=True)
    create = commands.add_parser("create", help="make a key and print its value, once")
    revoke = commands.add_parser("revoke", help="delete a key")
    commands.add_parser("list", help="print the names and ids of all keys")
    for command in (create, revoke):
        command.add_argument("name", help="who uses the key")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; what goes wrong is one line on stderr and exit code 1."""
    options = _arguments(arguments)
    try:
        client: Any = boto3.client("apigateway", region_name=options.environment.region)
        keys = ApiKeys(client, options.environment)
        match options.command:
            case "create":
                print(keys.create(options.name))
            case "revoke":
                keys.revoke(options.name)
            case _:
                for name, key_id in sorted(keys.ids().items()):
                    print(f"{name}\t{key_id}")
    except (KeyCommandError, BotoCoreError, ClientError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
