# SPDX-License-Identifier: MIT
"""Aliases and tags."""
import uuid

import pytest

HERE = "arn:aws:kms:us-east-1:000000000000"


@pytest.fixture
def alias():
    return f"alias/a/{uuid.uuid4()}"


def test_alias_names_a_key_until_it_is_deleted(kms, key, alias, refuses):
    kms.create_alias(AliasName=alias, TargetKeyId=key)
    entry, = kms.list_aliases(KeyId=key)["Aliases"]
    assert (entry["AliasName"], entry["AliasArn"], entry["TargetKeyId"]) == (
        alias, f"{HERE}:{alias}", key.rsplit("/", 1)[1])
    assert entry["CreationDate"] == entry["LastUpdatedDate"]
    with refuses("AlreadyExistsException",
                 f"An alias with the name {HERE}:{alias} already exists"):
        kms.create_alias(AliasName=alias, TargetKeyId=key)
    kms.delete_alias(AliasName=alias)
    assert kms.list_aliases(KeyId=key)["Aliases"] == []
    for operation in (lambda: kms.delete_alias(AliasName=alias),
                      lambda: kms.update_alias(AliasName=alias, TargetKeyId=key),
                      lambda: kms.encrypt(KeyId=alias, Plaintext=b"x")):
        with refuses("NotFoundException", f"Alias {HERE}:{alias} is not found."):
            operation()


def test_alias_moves_to_another_key(kms, key, pairs, alias, refuses):
    other = kms.create_key()["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName=alias, TargetKeyId=key)
    blob = kms.encrypt(KeyId=alias, Plaintext=b"x")["CiphertextBlob"]
    kms.update_alias(AliasName=alias, TargetKeyId=other)
    assert kms.describe_key(KeyId=alias)["KeyMetadata"]["Arn"] == other
    assert kms.list_aliases(KeyId=key)["Aliases"] == []
    assert kms.decrypt(CiphertextBlob=blob)["KeyId"] == key
    kms.update_alias(AliasName=alias, TargetKeyId=other)  # where it is already
    with refuses("ValidationException"):
        kms.update_alias(AliasName=alias, TargetKeyId=pairs["ECC_NIST_P256"])


@pytest.mark.parametrize("name, code", [
    ("x", "ValidationException"), ("alias/with blank", "ValidationException"),
    ("alias/" + "x" * 251, "ValidationException"), ("alias/aws/mine", "NotAuthorizedException"),
    ("alias/", "InvalidAliasNameException")])
def test_bad_alias_is_refused(kms, key, refuses, name, code):
    with refuses(code):
        kms.create_alias(AliasName=name, TargetKeyId=key)


def test_alias_faults_have_the_texts_of_aws(kms, key, alias, refuses):
    with refuses("NotAuthorizedException", ""):
        kms.create_alias(AliasName="alias/aws/sqs", TargetKeyId=key)
    with refuses("ValidationException", "alias/my:alias contains invalid characters for an alias"):
        kms.create_alias(AliasName="alias/my:alias", TargetKeyId=key)
    kms.create_alias(AliasName=alias, TargetKeyId=key)
    for target in (alias, f"{HERE}:{alias}", "alias/absent"):
        with refuses("ValidationException", "Aliases must refer to keys. Not aliases"):
            kms.create_alias(AliasName=alias + "-other", TargetKeyId=target)


def test_alias_needs_its_prefix(kms, key, refuses):
    with refuses("ValidationException",
                 'Alias must start with the prefix "alias/". Please see '
                 "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html"):
        kms.create_alias(AliasName="x", TargetKeyId=key)


def test_aliases_of_a_key_have_a_limit(kms, key, alias, refuses):
    for number in range(50):
        kms.create_alias(AliasName=f"{alias}/{number}", TargetKeyId=key)
    with refuses("LimitExceededException"):
        kms.create_alias(AliasName=alias, TargetKeyId=key)


def test_aliases_are_listed_in_pages(server):
    kms = server.client("kms", account="200000000031")
    names = sorted(f"alias/{uuid.uuid4()}" for _ in range(5))
    for name in reversed(names):
        kms.create_alias(AliasName=name, TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
    pages = list(kms.get_paginator("list_aliases").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["Aliases"]) for page in pages] == [2, 2, 1]
    assert [entry["AliasName"] for page in pages for entry in page["Aliases"]] == names


def test_alias_is_not_given_to_a_key_that_goes(kms, key, alias, refuses):
    kms.schedule_key_deletion(KeyId=key)
    with refuses("KMSInvalidStateException", f"{key} is pending deletion."):
        kms.create_alias(AliasName=alias, TargetKeyId=key)


# ---- tags ----


def tags_of(kms, key):
    return {tag["TagKey"]: tag["TagValue"] for tag in kms.list_resource_tags(KeyId=key)["Tags"]}


def as_tags(tags):
    return [{"TagKey": name, "TagValue": value} for name, value in tags.items()]


def test_tags_are_put_changed_and_taken(kms):
    key = kms.create_key(Tags=as_tags({"a": "1", "b": ""}))["KeyMetadata"]["Arn"]
    assert tags_of(kms, key) == {"a": "1", "b": ""}
    kms.tag_resource(KeyId=key, Tags=as_tags({"b": "2", "ä": "ö"}))
    assert tags_of(kms, key) == {"a": "1", "b": "2", "ä": "ö"}
    kms.untag_resource(KeyId=key, TagKeys=["a", "none"])
    assert tags_of(kms, key) == {"b": "2", "ä": "ö"}
    assert kms.list_resource_tags(KeyId=key)["Truncated"] is False


def test_tags_are_listed_in_pages(kms, key):
    tags = {f"t{number:02}": str(number) for number in range(5)}
    kms.tag_resource(KeyId=key, Tags=as_tags(tags))
    pages = list(kms.get_paginator("list_resource_tags").paginate(
        KeyId=key, PaginationConfig={"PageSize": 2}))
    assert [len(page["Tags"]) for page in pages] == [2, 2, 1]
    assert [tag for page in pages for tag in page["Tags"]] == as_tags(tags)


@pytest.mark.parametrize("tags, code, text", [
    ([("a", "1"), ("a", "2")], "TagException", "Duplicate tag keys"),
    ([(f"t{number}", "") for number in range(51)], "TagException", "Too many tags"),
    ([("aws:x", "1")], "TagException", "Tags beginning with aws: are reserved"),
    ([("AWS:x", "1")], "TagException", "Tags beginning with aws: are reserved"),
    ([("a", "1"), ("k" * 129, "1")], "ValidationException",
     f"1 validation error detected: Value '{'k' * 129}' at 'tags.2.member.tagKey' failed to "
     "satisfy constraint: Member must have length less than or equal to 128"),
    ([("a", "v" * 257)], "ValidationException",
     f"1 validation error detected: Value '{'v' * 257}' at 'tags.1.member.tagValue' failed to "
     "satisfy constraint: Member must have length less than or equal to 256"),
])
def test_bad_tags_are_refused(server, key, refuses, tags, code, text):
    kms = server.client("kms", validates=False)
    tags = [{"TagKey": name, "TagValue": value} for name, value in tags]
    with refuses(code, text):
        kms.create_key(Tags=tags)
    with refuses(code, text):
        kms.tag_resource(KeyId=key, Tags=tags)
    assert kms.list_resource_tags(KeyId=key)["Tags"] == []


def test_tags_of_a_key_have_a_limit(kms, key, refuses):
    kms.tag_resource(KeyId=key, Tags=as_tags({f"t{number}": "" for number in range(50)}))
    with refuses("TagException", "Too many tags"):
        kms.tag_resource(KeyId=key, Tags=as_tags({"one more": ""}))
