# SPDX-License-Identifier: MIT
"""Connections and API destinations: settings, secrets that nobody sees."""
import pytest

BASIC = {"BasicAuthParameters": {"Username": "user", "Password": "basic-secret"}}
KEY = {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "key-secret"}}
OAUTH = {"OAuthParameters": {
    "ClientParameters": {"ClientID": "id", "ClientSecret": "oauth-secret"},
    "AuthorizationEndpoint": "https://auth.example.com/token", "HttpMethod": "POST",
    "OAuthHttpParameters": {"BodyParameters": [
        {"Key": "scope", "Value": "all", "IsValueSecret": False},
        {"Key": "extra", "Value": "body-secret", "IsValueSecret": True}]}}}
HTTP = {"InvocationHttpParameters": {
    "HeaderParameters": [{"Key": "X-Open", "Value": "shown", "IsValueSecret": False},
                         {"Key": "X-Closed", "Value": "header-secret", "IsValueSecret": True}]}}
KINDS = [("BASIC", BASIC), ("API_KEY", KEY), ("OAUTH_CLIENT_CREDENTIALS", OAUTH)]
UNKNOWN = "Failed to describe the connection(s). Connection '{}' does not exist."
UNKNOWN_DESTINATION = ("Failed to describe the api-destination(s). An api-destination '{}' does "
                       "not exist.")


@pytest.fixture
def connection(events, word):
    """The ARN of a fresh connection of the name `word`."""
    return events.create_connection(Name=word, AuthorizationType="BASIC",
                                    AuthParameters=BASIC)["ConnectionArn"]


@pytest.mark.parametrize("kind, parameters", KINDS)
def test_no_answer_shows_a_secret(events, word, kind, parameters):
    made = events.create_connection(Name=word, AuthorizationType=kind, Description="d",
                                    AuthParameters={**parameters, **HTTP})
    assert made["ConnectionState"] == "AUTHORIZED"
    assert f":connection/{word}/" in made["ConnectionArn"]
    shown = events.describe_connection(Name=word)
    assert "secret" not in str({key: value for key, value in shown.items() if key != "SecretArn"})
    assert shown["AuthorizationType"] == kind and shown["ConnectionArn"] == made["ConnectionArn"]
    assert shown["SecretArn"].split(":secret:")[1].startswith(f"events!connection/{word}/")
    headers = shown["AuthParameters"]["InvocationHttpParameters"]["HeaderParameters"]
    assert headers == [{"Key": "X-Open", "Value": "shown", "IsValueSecret": False},
                       {"Key": "X-Closed", "IsValueSecret": True}]
    if kind == "OAUTH_CLIENT_CREDENTIALS":
        oauth = shown["AuthParameters"]["OAuthParameters"]
        assert oauth["ClientParameters"] == {"ClientID": "id"}
        assert oauth["OAuthHttpParameters"]["BodyParameters"][0]["Value"] == "all"
    listed = events.list_connections(NamePrefix=word)["Connections"]
    assert [one["Name"] for one in listed] == [word] and "secret" not in str(listed)


def test_the_parameters_must_be_those_of_the_type(events, word, refuses):
    with refuses("ValidationException"):
        events.create_connection(Name=word, AuthorizationType="BASIC", AuthParameters=KEY)
    with refuses("ValidationException"):
        events.create_connection(Name=word, AuthorizationType="API_KEY",
                                 AuthParameters={**KEY, **BASIC})


def test_names_are_taken_once(events, word, connection, refuses):
    with refuses("ResourceAlreadyExistsException", f"Connection {word} already exists."):
        events.create_connection(Name=word, AuthorizationType="BASIC", AuthParameters=BASIC)
    assert events.delete_connection(Name=word)["ConnectionState"] == "DELETING"
    for call in (events.describe_connection, events.delete_connection, events.update_connection,
                 events.deauthorize_connection):
        with refuses("ResourceNotFoundException", UNKNOWN.format(word)):
            call(Name=word)
    assert connection


def test_an_update_keeps_what_it_leaves_out(events, word, connection, refuses):
    events.update_connection(Name=word, Description="new", AuthParameters={
        "BasicAuthParameters": {"Username": "other"}})
    shown = events.describe_connection(Name=word)
    assert shown["Description"] == "new" and shown["ConnectionArn"] == connection
    assert shown["AuthParameters"]["BasicAuthParameters"] == {"Username": "other"}
    with refuses("ValidationException"):
        events.update_connection(Name=word, AuthorizationType="API_KEY")
    events.update_connection(Name=word, AuthorizationType="API_KEY", AuthParameters=KEY)
    assert "BasicAuthParameters" not in events.describe_connection(Name=word)["AuthParameters"]


def test_a_connection_can_be_deauthorized_and_authorized_again(events, word, connection):
    answer = events.create_api_destination(
        Name=word, ConnectionArn=connection, InvocationEndpoint="https://example.com/*",
        HttpMethod="POST")
    assert answer["ApiDestinationState"] == "ACTIVE"
    assert events.deauthorize_connection(Name=word)["ConnectionState"] == "DEAUTHORIZING"
    assert events.describe_connection(Name=word)["ConnectionState"] == "DEAUTHORIZED"
    assert events.describe_api_destination(Name=word)["ApiDestinationState"] == "INACTIVE"
    events.update_connection(Name=word, AuthParameters=BASIC)
    assert events.describe_api_destination(Name=word)["ApiDestinationState"] == "ACTIVE"
    events.delete_connection(Name=word)
    assert events.describe_api_destination(Name=word)["ApiDestinationState"] == "INACTIVE"


def test_destinations_are_made_changed_listed_and_deleted(events, word, connection, refuses):
    made = events.create_api_destination(
        Name=word, ConnectionArn=connection, InvocationEndpoint="https://example.com/a",
        HttpMethod="PUT", Description="d")
    shown = events.describe_api_destination(Name=word)
    assert shown["ApiDestinationArn"] == made["ApiDestinationArn"]
    assert shown["InvocationRateLimitPerSecond"] == 300 and shown["HttpMethod"] == "PUT"
    with refuses("ResourceAlreadyExistsException",
                 f"An api-destination '{word}' already exists."):
        events.create_api_destination(
            Name=word, ConnectionArn=connection, InvocationEndpoint="https://example.com/",
            HttpMethod="POST")
    events.update_api_destination(Name=word, InvocationRateLimitPerSecond=5,
                                  InvocationEndpoint="https://example.com/b")
    shown = events.describe_api_destination(Name=word)
    assert shown["InvocationRateLimitPerSecond"] == 5 and shown["Description"] == "d"
    assert shown["InvocationEndpoint"] == "https://example.com/b"
    listed = events.list_api_destinations(ConnectionArn=connection)["ApiDestinations"]
    assert [one["Name"] for one in listed] == [word]
    events.delete_api_destination(Name=word)
    for call in (events.describe_api_destination, events.delete_api_destination,
                 events.update_api_destination):
        with refuses("ResourceNotFoundException", UNKNOWN_DESTINATION.format(word)):
            call(Name=word)


def test_a_destination_needs_an_existing_connection(events, word, connection, refuses):
    with refuses("ResourceNotFoundException"):
        events.create_api_destination(
            Name=word, ConnectionArn=connection + "0", InvocationEndpoint="https://example.com/",
            HttpMethod="POST")
    with refuses("ValidationException"):
        events.create_api_destination(
            Name=word, ConnectionArn=connection, InvocationEndpoint="ftp://example.com/",
            HttpMethod="POST")


def test_lists_have_pages(events, word):
    for i in range(7):
        events.create_connection(Name=f"{word}-{i}", AuthorizationType="BASIC",
                                 AuthParameters=BASIC)
    first = events.list_connections(NamePrefix=word, Limit=5)
    rest = events.list_connections(NamePrefix=word, Limit=5, NextToken=first["NextToken"])
    names = [one["Name"] for page in (first, rest) for one in page["Connections"]]
    assert names == [f"{word}-{i}" for i in range(7)] and "NextToken" not in rest


def test_connections_survive_a_restart_and_are_sealed(private):
    server = private()
    events = server.client("events")
    events.create_connection(Name="c", AuthorizationType="API_KEY", AuthParameters=KEY)
    before = events.describe_connection(Name="c")
    server.restart()
    after = server.client("events").describe_connection(Name="c")
    for answer in (before, after):
        answer.pop("ResponseMetadata")
    assert before == after
    server.stop()
    data = b"".join(path.read_bytes() for path in (server.directory / "data").rglob("*")
                    if path.is_file())
    assert b"key-secret" not in data and b"X-Key" in data
