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
	{"Ec2SimpleInputParamsStrings", "ec2", "POST /", FORM, Q("Scalars") "&Text=val1+a%26b",
	 "{\"Text\":\"val1 a&b\"}"},
	{"Ec2SimpleInputParamsStringAndBooleanTrue", "ec2", "POST /", FORM,
	 Q("Scalars") "&Text=v&Flag=true", "{\"Text\":\"v\",\"Flag\":true}"},
	{"Ec2SimpleInputParamsInteger, Ec2SimpleInputParamsFloat", "ec2", "POST /", FORM,
	 Q("Scalars") "&Small=10&Real=10.8", "{\"Small\":10,\"Real\":10.8}"},
	{"Ec2SimpleInputParamsBlob", "ec2", "POST /", FORM, Q("Scalars") "&Bytes=dmFsdWU%3D",
	 "{\"Bytes\":\"dmFsdWU=\"}"},
	{"Ec2QuerySupportsNegativeInfinityFloatInputs", "ec2", "POST /", FORM,
	 Q("Scalars") "&Real=-Infinity", "{\"Real\":\"-Infinity\"}"},
	{"Ec2TimestampsInput", "ec2", "POST /", FORM,
	 Q("Scalars") "&When=2015-01-25T08%3A00%3A00Z&Epoch=1422172800",
	 "{\"When\":1422172800,\"Epoch\":1422172800}"},
	{"Ec2NestedStructures", "ec2", "POST /", FORM,
	 Q("Containers") "&Thing.Number=3&Thing.Inner.Inner.Name=x",
	 "{\"Thing\":{\"Number\":3,\"Inner\":{\"Inner\":{\"Name\":\"x\"}}}}"},
	{"Ec2EmptyQueryLists", "ec2", "POST /", FORM, Q("Containers") "&Texts=", "{}"},
	{"numbers with gaps and in any order", "ec2", "POST /", FORM,
	 Q("Containers") "&Texts.9=b&Texts.2=a", "{\"Texts\":[\"a\",\"b\"]}"},
	{"lists of numbers and booleans", "ec2", "POST /", FORM,
	 Q("Containers") "&Numbers.1=1&Numbers.2=-2&Flags.1=false",
	 "{\"Numbers\":[1,-2],\"Flags\":[false]}"},
	{"lists of structures", "ec2", "POST /", FORM,
	 Q("Containers") "&Things.1.Name=a&Things.2.Number=2",
	 "{\"Things\":[{\"Name\":\"a\"},{\"Number\":2}]}"},
	{"lists of lists", "ec2", "POST /", FORM,
	 Q("Containers") "&Lists.1.1=a&Lists.1.2=b&Lists.2.1=c",
	 "{\"Lists\":[[\"a\",\"b\"],[\"c\"]]}"},
	{"unions", "ec2", "POST /", FORM, Q("Unions") "&Choice.Text=t",
	 "{\"Choice\":{\"Text\":\"t\"}}"},
	{"a union with two members", "ec2", "POST /", FORM,
	 Q("Unions") "&Choice.Text=t&Choice.Number=1", NULL},
	{"a text where a number belongs", "ec2", "POST /", FORM, Q("Scalars") "&Small=ten", NULL},
	{"an integer out of range", "ec2", "POST /", FORM, Q("Scalars") "&Small=2147483648", NULL},
	{"an unknown parameter", "ec2", "POST /", FORM, Q("Scalars") "&Nothing=1", NULL},
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
	{"QueryXmlBlobs", "query", "Scalars", "{\"Bytes\":\"dmFsdWU=\"}", 200, "",
	 "<?xml version=\"1.0\"?><ScalarsResponse "
	 "xmlns=\"https://query/\"><ScalarsResult><Bytes>dmFsdWU=</Bytes></"
	 "ScalarsResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></"
	 "ScalarsResponse>"},
	{"QuerySupportsNaNFloatOutputs", "query", "Scalars", "{\"Real\":\"NaN\"}", 200, "",
	 "<?xml version=\"1.0\"?><ScalarsResponse "
	 "xmlns=\"https://query/\"><ScalarsResult><Real>NaN</Real></"
	 "ScalarsResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></"
	 "ScalarsResponse>"},
	{"QuerySupportsNegativeInfinityFloatOutputs", "query", "Scalars",
	 "{\"Real\":\"-Infinity\"}", 200, "",
	 "<?xml version=\"1.0\"?><ScalarsResponse "
	 "xmlns=\"https://query/\"><ScalarsResult><Real>-Infinity</Real></"
	 "ScalarsResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></"
	 "ScalarsResponse>"},
	{"text is escaped", "query", "Scalars", "{\"Text\":\"a & <b> \\\"c\\\"\\r\"}", 200, "",
	 "<?xml version=\"1.0\"?><ScalarsResponse xmlns=\"https://query/\"><ScalarsResult><Text>a "
	 "&amp; &lt;b&gt; "
	 "&quot;c&quot;&#xD;</Text></ScalarsResult><ResponseMetadata><RequestId>id</RequestId></"
	 "ResponseMetadata></ScalarsResponse>"},
	{"an answer without values has an empty result", "query", "Scalars", "{}", 200, "",
	 "<?xml version=\"1.0\"?><ScalarsResponse "
	 "xmlns=\"https://query/\"><ScalarsResult/><ResponseMetadata><RequestId>id</RequestId></"
	 "ResponseMetadata></ScalarsResponse>"},
	{"QueryRecursiveXmlShapes", "query", "Containers",
	 "{\"Thing\":{\"Name\":\"a\",\"Inner\":{\"Name\":\"b\"}}}", 200, "",
	 "<?xml version=\"1.0\"?><ContainersResponse "
	 "xmlns=\"https://query/\"><ContainersResult><Thing><Name>a</Name><Inner><Name>b</Name></"
	 "Inner></Thing></ContainersResult><ResponseMetadata><RequestId>id</RequestId></"
	 "ResponseMetadata></ContainersResponse>"},
	{"QueryQueryXmlMapOfLists", "query", "Containers", "{\"Groups\":{\"g\":[\"a\",\"b\"]}}",
	 200, "",
	 "<?xml version=\"1.0\"?><ContainersResponse "
	 "xmlns=\"https://query/\"><ContainersResult><Groups><entry><key>g</key><value><member>a</"
	 "member><member>b</member></value></entry></Groups></"
	 "ContainersResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></"
	 "ContainersResponse>"},
	{"QueryXmlMaps of structures", "query", "Containers",
	 "{\"ThingMap\":{\"t\":{\"Number\":1}}}", 200, "",
	 "<?xml version=\"1.0\"?><ContainersResponse "
	 "xmlns=\"https://query/\"><ContainersResult><ThingMap><entry><key>t</"
	 "key><value><Number>1</Number></value></entry></ThingMap></"
	 "ContainersResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></"
	 "ContainersResponse>"},
	{"QueryQueryFlattenedXmlMap", "query", "Containers",
	 "{\"FlatMap\":{\"a\":\"b\",\"c\":\"d\"}}", 200, "",
	 "<?xml version=\"1.0\"?><ContainersResponse "
	 "xmlns=\"https://query/\"><ContainersResult><FlatMap><key>a</key><value>b</value></"
	 "FlatMap><FlatMap><key>c</key><value>d</value></FlatMap></"
	 "ContainersResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></"
	 "ContainersResponse>"},
	{"QueryXmlLists, renamed items and flat structures", "query", "Containers",
	 "{\"FlatThings\":[{\"Name\":\"n\"},{}],\"Named\":[\"x\"]}", 200, "",
	 "<?xml version=\"1.0\"?><ContainersResponse "
	 "xmlns=\"https://query/\"><ContainersResult><FlatThings><Name>n</Name></"
	 "FlatThings><FlatThings></FlatThings><Named><thing>x</thing></Named></"
	 "ContainersResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></"
	 "ContainersResponse>"},
	{"unions", "query", "Unions", "{\"Choice\":{\"Flag\":false}}", 200, "",
	 "<?xml version=\"1.0\"?><UnionsResponse "
	 "xmlns=\"https://query/\"><UnionsResult><Choice><Flag>false</Flag></Choice></"
	 "UnionsResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></"
	 "UnionsResponse>"},
	{"Ec2SimpleScalarProperties", "ec2", "Scalars",
	 "{\"Text\":\"s\",\"Small\":-1,\"Flag\":true}", 200, "Content-Type: text/xml",
	 "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ScalarsResponse "
	 "xmlns=\"https://ec2/\"><requestId>id</requestId><text>s</text><small>-1</"
	 "small><flag>true</flag></ScalarsResponse>"},
	{"Ec2XmlBlobs", "ec2", "Scalars", "{\"Bytes\":\"dmFsdWU=\"}", 200, "",
	 "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ScalarsResponse "
	 "xmlns=\"https://ec2/\"><requestId>id</requestId><bytes>dmFsdWU=</bytes></"
	 "ScalarsResponse>"},
	{"Ec2SupportsNaNFloatOutputs", "ec2", "Scalars", "{\"Real\":\"NaN\"}", 200, "",
	 "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ScalarsResponse "
	 "xmlns=\"https://ec2/\"><requestId>id</requestId><real>NaN</real></ScalarsResponse>"},
	{"Ec2SupportsInfinityFloatOutputs", "ec2", "Scalars", "{\"Real\":\"Infinity\"}", 200, "",
	 "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ScalarsResponse "
	 "xmlns=\"https://ec2/\"><requestId>id</requestId><real>Infinity</real></ScalarsResponse>"},
	{"Ec2XmlTimestamps, to the millisecond", "ec2", "Scalars",
	 "{\"When\":1398796238,\"Iso\":\"2014-04-29T18:30:38Z\"}", 200, "",
	 "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ScalarsResponse "
	 "xmlns=\"https://ec2/\"><requestId>id</requestId><when>2014-04-29T18:30:38.000Z</"
	 "when><iso>2014-04-29T18:30:38.000Z</iso></ScalarsResponse>"},
	{"Ec2XmlEmptyLists, an absent list is left out", "ec2", "Containers", "{\"Texts\":[]}", 200,
	 "",
	 "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ContainersResponse "
	 "xmlns=\"https://ec2/\"><requestId>id</requestId></ContainersResponse>"},
	{"Ec2NestedStructures, Ec2RecursiveShapes", "ec2", "Containers",
	 "{\"Thing\":{\"Number\":3,\"Inner\":{\"Name\":\"x\"}}}", 200, "",
	 "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ContainersResponse "
	 "xmlns=\"https://ec2/\"><requestId>id</requestId><thing><number>3</number><inner><name>x</"
	 "name></inner></thing></ContainersResponse>"},
	{"Ec2XmlLists of structures", "ec2", "Containers",
	 "{\"Things\":[{\"Name\":\"a\"},{\"Number\":0}]}", 200, "",
	 "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ContainersResponse "
	 "xmlns=\"https://ec2/\"><requestId>id</requestId><things><item><name>a</name></"
	 "item><item><number>0</number></item></things></ContainersResponse>"},
	{"Ec2XmlLists of numbers and booleans", "ec2", "Containers",
	 "{\"Numbers\":[1,-2],\"Flags\":[true,false]}", 200, "",
	 "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ContainersResponse "
	 "xmlns=\"https://ec2/\"><requestId>id</requestId><numbers><item>1</item><item>-2</item></"
	 "numbers><flags><item>true</item><item>false</item></flags></ContainersResponse>"},
	{"Ec2XmlLists of reals and blobs", "ec2", "Containers",
	 "{\"Reals\":[0.5],\"Blobs\":[\"AP8=\"]}", 200, "",
	 "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ContainersResponse "
	 "xmlns=\"https://ec2/\"><requestId>id</requestId><reals><item>0.5</item></"
	 "reals><blobs><item>AP8=</item></blobs></ContainersResponse>"},
	{"Ec2XmlNamespaces, text is escaped", "ec2", "Scalars", "{\"Text\":\"<&>\"}", 200, "",
	 "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ScalarsResponse "
	 "xmlns=\"https://ec2/\"><requestId>id</requestId><text>&lt;&amp;&gt;</text></"
	 "ScalarsResponse>"},
	{"Ec2NoInputAndNoOutput", "ec2", "Empty", "{}", 200, "",
	 "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<EmptyResponse "
	 "xmlns=\"https://ec2/\"><requestId>id</requestId></EmptyResponse>"},
	{"lists of lists of numbers", "ec2", "Containers", "{\"Deep\":[[[1],[2,3]]]}", 200, "",
	 "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ContainersResponse "
	 "xmlns=\"https://ec2/\"><requestId>id</requestId><deep><item><item><item>1</item></"
	 "item><item><item>2</item><item>3</item></item></item></deep></ContainersResponse>"},
	{"unions", "ec2", "Unions", "{\"Choice\":{\"Number\":0}}", 200, "",
	 "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<UnionsResponse "
	 "xmlns=\"https://ec2/\"><requestId>id</requestId><choice><number>0</number></choice></"
	 "UnionsResponse>"},
	{"a flattened list", "ec2", "Containers", "{\"Flat\":[\"x\",\"y\"]}", 200, "",
	 "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ContainersResponse "
	 "xmlns=\"https://ec2/\"><requestId>id</requestId><flat>x</flat><flat>y</flat></"
	 "ContainersResponse>"},
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
