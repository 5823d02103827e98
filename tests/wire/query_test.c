/* SPDX-License-Identifier: MIT */
/* Tests of Query and of EC2's: requests that are read, answers that are written. */
#include "cases.h"

static int teardown(void **state)
{
	(void)state;
	buf_done(&out);
	return 0;
}

#define Q(name) "Action=" name "&Version=2020-01-08"

static const struct request_case query_requests[] = {
	{"QuerySimpleInputParamsStringAndBooleanTrue", "query", "POST /", FORM,
	 Q("Scalars") "&Text=val1&Flag=true", "{\"Text\":\"val1\",\"Flag\":true}"},
	{"QuerySimpleInputParamsInteger", "query", "POST /", FORM, Q("Scalars") "&Small=-10",
	 "{\"Small\":-10}"},
	{"QuerySimpleInputParamsBlob", "query", "POST /", FORM, Q("Scalars") "&Bytes=dmFsdWU%3D",
	 "{\"Bytes\":\"dmFsdWU=\"}"},
	{"AwsQuerySupportsNaNFloatInputs", "query", "POST /", FORM, Q("Scalars") "&Real=NaN",
	 "{\"Real\":\"NaN\"}"},
	{"QueryTimestampsInput", "query", "POST /", FORM,
	 Q("Scalars") "&When=2015-01-25T08%3A00%3A00Z&Epoch=1422172800",
	 "{\"When\":1422172800,\"Epoch\":1422172800}"},
	{"QueryLists", "query", "POST /", FORM,
	 Q("Containers") "&Texts.member.1=foo&Texts.member.2=&Texts.member.3=bar",
	 "{\"Texts\":[\"foo\",\"\",\"bar\"]}"},
	{"EmptyQueryLists", "query", "POST /", FORM, Q("Containers") "&Texts=", "{}"},
	{"FlattenedQueryLists", "query", "POST /", FORM, Q("Containers") "&Flat.1=A&Flat.2=B",
	 "{\"Flat\":[\"A\",\"B\"]}"},
	{"QueryListArgWithXmlNameMember", "query", "POST /", FORM,
	 Q("Containers") "&Named.thing.1=A&Named.thing.2=B", "{\"Named\":[\"A\",\"B\"]}"},
	{"QueryNestedStructWithList", "query", "POST /", FORM,
	 Q("Containers") "&Things.member.1.Inner.Name=A",
	 "{\"Things\":[{\"Inner\":{\"Name\":\"A\"}}]}"},
	{"QuerySimpleQueryMaps", "query", "POST /", FORM,
	 Q("Containers") "&Labels.entry.1.key=b&Labels.entry.1.value=B",
	 "{\"Labels\":{\"b\":\"B\"}}"},
	{"QuerySimpleQueryMapsWithXmlName", "query", "POST /", FORM,
	 Q("Containers") "&Keyed.entry.1.Name=f&Keyed.entry.1.Worth=w",
	 "{\"Keyed\":{\"f\":\"w\"}}"},
	{"QueryFlattenedQueryMaps", "query", "POST /", FORM,
	 Q("Containers") "&FlatMap.1.key=a&FlatMap.1.value=b", "{\"FlatMap\":{\"a\":\"b\"}}"},
	{"QueryComplexQueryMaps", "query", "POST /", FORM,
	 Q("Containers") "&ThingMap.entry.1.key=f&ThingMap.entry.1.value.Name=n",
	 "{\"ThingMap\":{\"f\":{\"Name\":\"n\"}}}"},
	{"QueryQueryMapOfLists", "query", "POST /", FORM,
	 Q("Containers") "&Groups.entry.1.key=b&Groups.entry.1.value.member.1=B&Groups.entry.1."
			 "value.member.2=C",
	 "{\"Groups\":{\"b\":[\"B\",\"C\"]}}"},
	{"NestedStructures", "query", "POST /", FORM,
	 Q("Containers") "&Thing.Number=3&Thing.Inner.Inner.Name=x",
	 "{\"Thing\":{\"Number\":3,\"Inner\":{\"Inner\":{\"Name\":\"x\"}}}}"},
	{"Ec2Lists", "ec2", "POST /", FORM, Q("Containers") "&Texts.1=foo&Texts.2=bar",
	 "{\"Texts\":[\"foo\",\"bar\"]}"},
	{"Ec2ListNestedStructWithList", "ec2", "POST /", FORM,
	 Q("Containers") "&Things.1.Inner.Name=A", "{\"Things\":[{\"Inner\":{\"Name\":\"A\"}}]}"},
};

static const struct answer_case query_answers[] = {
	{"QuerySimpleScalarProperties", "query", "Scalars",
	 "{\"Text\":\"s\",\"Small\":3,\"Flag\":true}", 200, "Content-Type: text/xml",
	 "<?xml version=\"1.0\"?><ScalarsResponse "
	 "xmlns=\"https://query/\"><ScalarsResult><Text>s</Text><Small>3</Small><Flag>true</Flag></"
	 "ScalarsResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></"
	 "ScalarsResponse>"},
	{"QueryXmlLists", "query", "Containers",
	 "{\"Lists\":[[\"a\"],[\"b\"]],\"Flat\":[\"x\",\"y\"]}", 200, "",
	 "<?xml version=\"1.0\"?><ContainersResponse "
	 "xmlns=\"https://query/\"><ContainersResult><Lists><member><member>a</member></"
	 "member><member><member>b</member></member></Lists><Flat>x</Flat><Flat>y</Flat></"
	 "ContainersResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></"
	 "ContainersResponse>"},
	{"QueryXmlMaps, QueryQueryXmlMapsXmlName", "query", "Containers",
	 "{\"Labels\":{\"k\":\"v\"},\"Keyed\":{\"f\":\"w\"}}", 200, "",
	 "<?xml version=\"1.0\"?><ContainersResponse "
	 "xmlns=\"https://query/\"><ContainersResult><Labels><entry><key>k</key><value>v</value></"
	 "entry></Labels><Keyed><entry><Name>f</Name><Worth>w</Worth></entry></Keyed></"
	 "ContainersResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></"
	 "ContainersResponse>"},
	{"QueryXmlTimestamps", "query", "Scalars",
	 "{\"When\":1398796238,\"Http\":\"Tue, 29 Apr 2014 18:30:38 GMT\",\"Epoch\":1398796238}",
	 200, "",
	 "<?xml version=\"1.0\"?><ScalarsResponse "
	 "xmlns=\"https://query/\"><ScalarsResult><When>2014-04-29T18:30:38Z</When><Http>Tue, 29 "
	 "Apr 2014 18:30:38 "
	 "GMT</Http><Epoch>1398796238</Epoch></ScalarsResult><ResponseMetadata><RequestId>id</"
	 "RequestId></ResponseMetadata></ScalarsResponse>"},
	{"QueryNoInputAndNoOutputWithResponseMetadata", "query", "Empty", "{}", 200, "",
	 "<?xml version=\"1.0\"?><EmptyResponse "
	 "xmlns=\"https://query/\"><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></"
	 "EmptyResponse>"},
	{"Ec2XmlLists", "ec2", "Containers", "{\"Texts\":[\"a\"],\"Lists\":[[\"b\"]]}", 200, "",
	 "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ContainersResponse "
	 "xmlns=\"https://ec2/\"><requestId>id</requestId><texts><item>a</item></"
	 "texts><lists><item><item>b</item></item></lists></ContainersResponse>"},
};

static void test_requests_in_query_are_read(void **state)
{
	(void)state;
	CHECK_ALL(query_requests, is_read)
}
static void test_answers_in_query_are_written(void **state)
{
	(void)state;
	CHECK_ALL(query_answers, is_written)
}

static const struct dialect *dialect_for(const char *version, const char *accept)
{
	const struct request_case row = {
		.target = version,
		.headers = accept,
		.body = "",
	};
	struct http_request request = request_of(&row);
	struct route route;

	route_request(&kitchen_table, &arena, &request, &route);
	assert_non_null(route.operation);
	return route.dialect;
}

static void test_only_services_that_say_so_answer_query_in_json(void **state)
{
	static const char accept[] = "Accept: text/html, application/json;q=0.9\nAuthorization: "
				     "AWS4-HMAC-SHA256 Credential=x/20200108/r/%s/aws4_request";
	const char *query = "GET /?Action=Empty&Version=2020-01-08";
	struct str of_query = arena_format(&arena, accept, "query");
	struct str of_ec2 = arena_format(&arena, accept, "ec2");

	(void)state;
	assert_ptr_equal(dialect_for(query, arena_cstr(&arena, of_query)), &dialect_query_json);
	assert_ptr_equal(dialect_for(query, arena_cstr(&arena, of_ec2)), &dialect_ec2);
	/* Neither signature nor version: the first service that has the action. */
	assert_ptr_equal(dialect_for("GET /?Action=Empty&Key=x", "Accept: text/html"),
			 &dialect_query);
	assert_ptr_equal(dialect_for("GET /?Action=Empty&Key=x", "Accept: application/json"),
			 &dialect_query_json);
}
