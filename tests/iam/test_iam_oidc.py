# SPDX-License-Identifier: MIT
"""OpenID Connect providers, and SAML providers, which are refused."""
from iam_accounts import fault_of

URL = "https://token.actions.githubusercontent.com"
THUMBPRINT = "a" * 40


def create(iam, url=URL, **more):
    return iam.create_open_id_connect_provider(Url=url, **more)["OpenIDConnectProviderArn"]


def test_a_provider_is_created_and_shown(account, iam):
    arn = create(iam, ClientIDList=["sts.amazonaws.com"], ThumbprintList=[THUMBPRINT])
    assert arn == account.arn("oidc-provider/token.actions.githubusercontent.com")
    shown = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert shown["Url"] == "token.actions.githubusercontent.com"
    assert shown["ClientIDList"] == ["sts.amazonaws.com"]
    assert shown["ThumbprintList"] == [THUMBPRINT] and shown["Tags"] == []
    assert "CreateDate" in shown
    other = create(iam, "https://oidc.eks.eu-west-1.amazonaws.com/id/ABC",
                   Tags=[{"Key": "a", "Value": "b"}])
    assert other.endswith(":oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC")
    shown = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=other)
    assert shown["ClientIDList"] == [] == shown["ThumbprintList"]
    assert shown["Tags"] == [{"Key": "a", "Value": "b"}]
    listed = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    assert sorted(entry["Arn"] for entry in listed) == sorted([arn, other])
    assert iam.get_account_summary()["SummaryMap"]["Providers"] == 2


def test_creating_has_limits(iam):
    create(iam)
    assert fault_of(iam.create_open_id_connect_provider, Url=URL) == (
        "EntityAlreadyExists", f"Provider with url {URL} already exists.", 409)
    for url in ("example.org", "http://example.org", "https://", "https:///x",
                "https://example.org?x=1", "https://example.org/#x", "https://exa mple.org"):
        assert fault_of(iam.create_open_id_connect_provider, Url=url) == (
            "ValidationError", "Invalid Open ID Connect Provider URL", 400), url
    url = "https://a.example"
    assert fault_of(iam.create_open_id_connect_provider, Url=url,
                    ThumbprintList=[THUMBPRINT] * 6) == (
        "InvalidInput", "Thumbprint list must contain fewer than 5 entries.", 400)
    assert fault_of(iam.create_open_id_connect_provider, Url=url,
                    ClientIDList=[f"c{i}" for i in range(101)]) == (
        "LimitExceeded", "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100", 409)
    code, text, status = fault_of(iam.create_open_id_connect_provider, Url="b" * 256,
                                  ClientIDList=[""], ThumbprintList=["x"])
    assert (code, status) == ("ValidationError", 400) and text.startswith(
        "3 validation errors detected: ")
    assert "Value at 'clientIDList' failed to satisfy constraint: Member must satisfy " \
        "constraint: [Member must have length less than or equal to 255, Member must have " \
        "length greater than or equal to 1]" in text
    create(iam, url, ClientIDList=[f"c{i}" for i in range(100)], ThumbprintList=[THUMBPRINT] * 5)


def test_client_ids_and_thumbprints_change(iam):
    arn = {"OpenIDConnectProviderArn": create(iam, ClientIDList=["a"])}

    def shown():
        return iam.get_open_id_connect_provider(**arn)
    for _ in range(2):
        iam.add_client_id_to_open_id_connect_provider(**arn, ClientID="b")
        assert sorted(shown()["ClientIDList"]) == ["a", "b"]
    for _ in range(2):
        iam.remove_client_id_from_open_id_connect_provider(**arn, ClientID="a")
        assert shown()["ClientIDList"] == ["b"]
    iam.update_open_id_connect_provider_thumbprint(**arn, ThumbprintList=["c" * 40, "d" * 40])
    assert shown()["ThumbprintList"] == ["c" * 40, "d" * 40]
    for i in range(99):
        iam.add_client_id_to_open_id_connect_provider(**arn, ClientID=f"c{i}")
    assert fault_of(iam.add_client_id_to_open_id_connect_provider, **arn, ClientID="more")[0] == \
        "LimitExceeded"


def test_tags_of_a_provider(iam):
    arn = {"OpenIDConnectProviderArn": create(iam)}
    iam.tag_open_id_connect_provider(**arn, Tags=[{"Key": "k1", "Value": "v1"},
                                                  {"Key": "k2", "Value": "v2"}])
    iam.untag_open_id_connect_provider(**arn, TagKeys=["k2"])
    assert iam.list_open_id_connect_provider_tags(**arn)["Tags"] == [
        {"Key": "k1", "Value": "v1"}]
    assert fault_of(iam.tag_open_id_connect_provider, **arn, Tags=[
        {"Key": f"t{i}", "Value": ""} for i in range(50)]) == (
        "LimitExceeded", "The number of tags has reached the maximum limit.", 409)


def test_providers_that_do_not_exist(account, iam):
    arn = account.arn("oidc-provider/none.example")
    assert fault_of(iam.delete_open_id_connect_provider, OpenIDConnectProviderArn=arn) == (
        "NoSuchEntity", f"OpenId connect Provider {arn} cannot be found.", 404)
    for call, more in [
            (iam.get_open_id_connect_provider, {}),
            (iam.list_open_id_connect_provider_tags, {}),
            (iam.add_client_id_to_open_id_connect_provider, {"ClientID": "a"}),
            (iam.remove_client_id_from_open_id_connect_provider, {"ClientID": "a"}),
            (iam.update_open_id_connect_provider_thumbprint, {"ThumbprintList": [THUMBPRINT]}),
            (iam.tag_open_id_connect_provider, {"Tags": [{"Key": "a", "Value": "b"}]}),
            (iam.untag_open_id_connect_provider, {"TagKeys": ["a"]})]:
        assert fault_of(call, OpenIDConnectProviderArn=arn, **more) == (
            "NoSuchEntity", f"OpenIDConnect Provider not found for arn {arn}", 404), call
        assert fault_of(call, OpenIDConnectProviderArn="no-arn" * 5, **more)[1] == \
            "Invalid ARN:  Could not be parsed!"
        assert fault_of(call, OpenIDConnectProviderArn=account.arn("role/x" * 3), **more)[0] == \
            "InvalidInput"
    gone = create(iam)
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=gone)
    assert fault_of(iam.get_open_id_connect_provider, OpenIDConnectProviderArn=gone)[0] == \
        "NoSuchEntity"


def test_saml_providers_are_refused(account, iam):
    assert fault_of(iam.create_saml_provider, Name="idp", SAMLMetadataDocument="x" * 1000) == (
        "InvalidInput", "SAML providers are not supported by this server. OpenID Connect "
        "providers are: CreateOpenIDConnectProvider.", 400)
    assert fault_of(iam.create_saml_provider, Name="idp", SAMLMetadataDocument="x")[0] == \
        "ValidationError"
    assert iam.list_saml_providers()["SAMLProviderList"] == []
    arn = account.arn("saml-provider/idp")
    for call in (iam.get_saml_provider, iam.update_saml_provider, iam.delete_saml_provider):
        assert fault_of(call, SAMLProviderArn=arn) == (
            "NoSuchEntity", f"Manifest not found for arn {arn}", 404)
