/* SPDX-License-Identifier: MIT */
/*
 * Tests of the dialects on the kitchen's services: requests as other clients send them, and
 * answers. Rows name the case of Smithy's protocol tests (smithy-aws-protocol-tests,
 * smithy-protocol-tests) whose feature they check, in a message of our own.
 */
#include "base/fixture.h"
#include "kitchen.h"
#include "wire/cbor.h"
#include "wire/json.h"
#include "wire/query_client.h"
#include "wire/rest.h"

static struct buf out;

static int teardown(void **state)
{
	(void)state;
	buf_done(&out);
	return 0;
}

struct request_case {
	const char *ids;     /* of Smithy */
	const char *service; /* of generate.py */
	const char *target;  /* "GET /path" */
	const char *headers; /* "Name: value\n..." */
	const char *body;    /* "hex:..." for bytes */
	const char *json;    /* all members of the input; NULL: the dialect refuses it */
};

struct answer_case {
	const char *ids, *service, *operation;
	const char *json; /* the output */
	int status;
	const char *headers; /* each line must be there */
	const char *body;
};

static struct str bytes_of(const char *text)
{
	struct str hex = str_from(text);

	if (!str_starts(hex, STR("hex:")))
		return hex;
	hex = str_slice(hex, 4, SIZE_MAX);
	char *bytes = arena_bytes(&arena, hex.size / 2 + 1);
	check(hex_parse(hex, (uint8_t *)bytes));
	return str_of(bytes, hex.size / 2);
}

static struct http_request request_of(const struct request_case *row)
{
	struct str target = str_from(row->target), headers = str_from(row->headers);
	struct http_request request = {.body = bytes_of(row->body), .version_minor = 1};
	struct http_header *all = arena_array(&arena, struct http_header, 32);

	request.method_text = str_cut(&target, ' ');
	request.method = str_equal(request.method_text, STR("POST"))  ? HTTP_METHOD_POST
			 : str_equal(request.method_text, STR("GET")) ? HTTP_METHOD_GET
								      : HTTP_METHOD_PUT;
	request.target = target;
	while (headers.size > 0) {
		struct str value = str_cut(&headers, '\n'), name = str_cut(&value, ':');
		all[request.header_count].name = name;
		all[request.header_count++].value = str_trim(value);
#define FIELD(constant, text)                                                                      \
	if (str_equal_nocase(name, STR(text)))                                                     \
		request.fields[HTTP_FIELD_##constant] = str_trim(value);
		HTTP_FIELDS(FIELD)
#undef FIELD
	}
	request.headers = all;
	return request;
}

static bool is_read(const struct request_case *row)
{
	struct http_request request = request_of(row);
	struct str problem = {0};
	struct route route;

	route_request(&kitchen_table, &arena, &request, &route);
	if (!route.operation) {
		if (row->json)
			print_error("%s: %.*s\n", row->ids, STR_ARG(route.problem));
		return !row->json;
	}
	void *in = arena_alloc(&arena, route.operation->in->size);
	enum err err = route.dialect->decode(&arena, &request, &route, in, &problem);
	if (err || !row->json) {
		if (err && row->json)
			print_error("%s: %.*s\n", row->ids, STR_ARG(problem));
		return err && !row->json && problem.size > 0;
	}
	buf_reset(&out);
	wire_json_encode(&out, kitchen_plain(route.operation)->in, in);
	if (str_equal(buf_str(&out), str_from(row->json)))
		return true;
	print_error("%s: %.*s\n", row->ids, STR_ARG(buf_str(&out)));
	return false;
}

static bool has_header(const struct wire_message *message, struct str line)
{
	struct str value = line, name = str_cut(&value, ':');

	for (size_t i = 0; i < message->header_count; i++)
		if (str_equal_nocase(message->headers[i].name, name) &&
		    str_equal(message->headers[i].value, str_trim(value)))
			return true;
	return false;
}

static const struct dialect *dialect_of(const struct service *service)
{
	if (service->rest)
		return service->rest == REST_JSON ? &dialect_rest_json : &dialect_rest_xml;
	if (service->cbor_name.size > 0)
		return &dialect_cbor;
	if (service->json_target.size > 0)
		return &dialect_json;
	return service->query_style == QUERY_STYLE_EC2 ? &dialect_ec2 : &dialect_query;
}

static bool is_written(const struct answer_case *row)
{
	const struct operation *operation = kitchen_operation(row->service, row->operation);
	struct str problem, headers = str_from(row->headers);
	void *value = arena_alloc(&arena, operation->out->size);
	struct wire_message message = {.arena = &arena, .body = &out, .request_id = STR("id")};

	buf_reset(&out);
	check(wire_json_decode(&arena, str_from(row->json), kitchen_plain(operation)->out, value,
			       &problem) == ERR_OK);
	dialect_of(operation->service)->encode(&message, operation, value);
	while (headers.size > 0) {
		struct str line = str_cut(&headers, '\n');
		if (!has_header(&message, line)) {
			print_error("%s lacks %.*s\n", row->ids, STR_ARG(line));
			return false;
		}
	}
	if (message.status == row->status && str_equal(buf_str(&out), bytes_of(row->body)))
		return true;
	print_error("%s: %d %.*s\n", row->ids, message.status, STR_ARG(buf_str(&out)));
	return false;
}

#define CHECK_ALL(rows, is_right)                                                                  \
	for (size_t i = 0; i < sizeof(rows) / sizeof((rows)[0]); i++)                              \
		assert_true(is_right(&(rows)[i]));

/* ---- AWS JSON ---- */

#define T10(name) "X-Amz-Target: Json10." name "\nContent-Type: application/x-amz-json-1.0"
#define T11(name) "X-Amz-Target: Json11." name "\nContent-Type: application/x-amz-json-1.1"

static const struct request_case json_requests[] = {
	{"AwsJson10MustSupportParametersInContentType", "json10", "POST /",
	 "X-Amz-Target: Json10.Scalars\nContent-Type: application/x-amz-json-1.0; charset=utf-8",
	 "{\"Text\":\"a\"}", "{\"Text\":\"a\"}"},
	{"AwsJson10ServiceSupportsNoPayloadForNoInput", "json10", "POST /", T10("Empty"), "", "{}"},
	{"AwsJson10EmptyInputAndEmptyOutput", "json10", "POST /", T10("Empty"), "{}", "{}"},
	{"AwsJson10SupportsNaNFloatInputs", "json10", "POST /", T10("Scalars"),
	 "{\"Real\":\"NaN\"}", "{\"Real\":\"NaN\"}"},
	{"AwsJson10SupportsNegativeInfinityFloatInputs", "json10", "POST /", T10("Scalars"),
	 "{\"Real\":\"-Infinity\"}", "{\"Real\":\"-Infinity\"}"},
	{"AwsJson10DeserializeIgnoreType", "json10", "POST /", T10("Unions"),
	 "{\"Choice\":{\"__type\":\"x#Choice\",\"Text\":\"t\"}}", "{\"Choice\":{\"Text\":\"t\"}}"},
	{"AwsJson10DeserializeAllowNulls", "json10", "POST /", T10("Unions"),
	 "{\"Choice\":{\"Text\":null,\"Flag\":null,\"Number\":4}}", "{\"Choice\":{\"Number\":4}}"},
	{"AwsJson10DeserializeListUnionValue", "json10", "POST /", T10("Unions"),
	 "{\"Choice\":{\"Texts\":[]}}", "{\"Choice\":{\"Texts\":[]}}"},
	{"AwsJson10DeserializeMapUnionValue", "json10", "POST /", T10("Unions"),
	 "{\"Choice\":{\"Pairs\":{\"a\":\"b\"}}}", "{\"Choice\":{\"Pairs\":{\"a\":\"b\"}}}"},
	{"RestJsonMalformedUnionMultipleFieldsSet", "json10", "POST /", T10("Unions"),
	 "{\"Choice\":{\"Text\":\"t\",\"Number\":1}}", NULL},
	{"RestJsonMalformedUnionNoFieldsSet", "json10", "POST /", T10("Unions"), "{\"Choice\":{}}",
	 NULL},
	{"serializes_timestamp_shapes_with_iso8601_timestampformat", "json11", "POST /",
	 T11("Scalars"), "{\"Iso\":\"2000-01-02T20:34:56Z\"}",
	 "{\"Iso\":\"2000-01-02T20:34:56Z\"}"},
	{"serializes_timestamp_shapes_with_httpdate_timestampformat", "json11", "POST /",
	 T11("Scalars"), "{\"Http\":\"Sun, 02 Jan 2000 20:34:56 GMT\"}",
	 "{\"Http\":\"Sun, 02 Jan 2000 20:34:56 GMT\"}"},
	{"AwsJson11DateTimeWithNegativeOffset", "json11", "POST /", T11("Scalars"),
	 "{\"Iso\":\"2019-12-16T22:48:18-01:00\"}", "{\"Iso\":\"2019-12-16T23:48:18Z\"}"},
	{"AwsJson11DateTimeWithFractionalSeconds", "json11", "POST /", T11("Scalars"),
	 "{\"Iso\":\"2000-01-02T20:34:56.123Z\",\"Epoch\":946845296.123}",
	 "{\"Iso\":\"2000-01-02T20:34:56.123Z\",\"Epoch\":946845296.123}"},
	{"serializes_list_of_map_shapes, parses_list_of_list_shapes", "json11", "POST /",
	 T11("Containers"), "{\"Lists\":[[\"a\"],[],[\"b\",\"c\"]],\"MapList\":[{\"x\":1},{}]}",
	 "{\"Lists\":[[\"a\"],[],[\"b\",\"c\"]],\"MapList\":[{\"x\":1},{}]}"},
	{"parses_map_of_list_shapes, parses_map_of_map_shapes", "json11", "POST /",
	 T11("Containers"), "{\"Groups\":{\"g\":[\"a\"]},\"Maps\":{\"m\":{\"k\":\"v\"}}}",
	 "{\"Groups\":{\"g\":[\"a\"]},\"Maps\":{\"m\":{\"k\":\"v\"}}}"},
	{"serializes_recursive_structure_shapes", "json11", "POST /", T11("Containers"),
	 "{\"Thing\":{\"Inner\":{\"Inner\":{\"Name\":\"n\"}}}}",
	 "{\"Thing\":{\"Inner\":{\"Inner\":{\"Name\":\"n\"}}}}"},
	{"AwsJson11ServersDontDeserializeNullStructureValues", "json11", "POST /", T11("Scalars"),
	 "{\"Text\":null}", "{}"},
};

static const struct answer_case json_answers[] = {
	{"AwsJson10SerializeStringUnionValue", "json10", "Unions", "{\"Choice\":{\"Text\":\"t\"}}",
	 200, "Content-Type: application/x-amz-json-1.0", "{\"Choice\":{\"Text\":\"t\"}}"},
	{"AwsJson10SerializeTimestampUnionValue", "json10", "Unions",
	 "{\"Choice\":{\"When\":1422172800}}", 200, "", "{\"Choice\":{\"When\":1422172800}}"},
	{"AwsJson10ServiceRespondsWithNoPayload", "json10", "Empty", "{}", 200, "", ""},
	{"parses_timestamp_shapes", "json11", "Scalars", "{\"When\":946845296}", 200,
	 "Content-Type: application/x-amz-json-1.1", "{\"When\":946845296}"},
	{"parses_iso8601_timestamps, parses_httpdate_timestamps", "json11", "Scalars",
	 "{\"Iso\":\"2000-01-02T20:34:56Z\",\"Http\":\"Sun, 02 Jan 2000 20:34:56 GMT\"}", 200, "",
	 "{\"Iso\":\"2000-01-02T20:34:56Z\",\"Http\":\"Sun, 02 Jan 2000 20:34:56 GMT\"}"},
	{"AwsJson11SupportsInfinityFloatInputs", "json11", "Scalars", "{\"Real\":\"Infinity\"}",
	 200, "", "{\"Real\":\"Infinity\"}"},
	{"parses_blob_shapes", "json11", "Scalars", "{\"Bytes\":\"YmluYXJ5\"}", 200, "",
	 "{\"Bytes\":\"YmluYXJ5\"}"},
	{"parses_map_of_structure_shapes", "json11", "Containers",
	 "{\"ThingMap\":{\"a\":{\"Name\":\"n\"}}}", 200, "",
	 "{\"ThingMap\":{\"a\":{\"Name\":\"n\"}}}"},
};

static void test_requests_in_json_are_read(void **state)
{
	(void)state;
	CHECK_ALL(json_requests, is_read)
}
static void test_answers_in_json_are_written(void **state)
{
	(void)state;
	CHECK_ALL(json_answers, is_written)
}

/* ---- Query ---- */

#define FORM "Content-Type: application/x-www-form-urlencoded"
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

/* ---- REST ---- */

#define RJ                                                                                         \
	"Authorization: AWS4-HMAC-SHA256 Credential=1/20260101/us-east-1/restjson/aws4_request, "  \
	"SignedHeaders=host, Signature=0\nContent-Type: application/json"
#define RX                                                                                         \
	"Authorization: AWS4-HMAC-SHA256 Credential=1/20260101/us-east-1/restxml/aws4_request, "   \
	"SignedHeaders=host, Signature=0\nContent-Type: application/xml"
#define PLACE "PUT /places/i/-1/true/2019-12-16T23%3A48%3A18Z"
#define PLACED "{\"Id\":\"i\",\"Number\":-1,\"Flag\":true,\"When\":1576540098,"

static const struct request_case rest_requests[] = {
	{"RestJsonSimpleScalarProperties", "restjson", "POST /scalars", RJ,
	 "{\"Text\":\"s\",\"Small\":1}", "{\"Text\":\"s\",\"Small\":1}"},
	{"RestJsonMustSupportParametersInContentType", "restjson", "POST /scalars/",
	 RJ ";charset=utf-8", "{}", "{}"},
	{"RestJsonInputWithHeadersAndAllParams, RestJsonAllQueryStringTypes", "restjson",
	 PLACE "?kind=full&limit=5&name=a&name=b%20c&since=1970-01-01T00:00:01Z&until=2", RJ, "",
	 PLACED
	 "\"Limit\":5,\"Names\":[\"a\",\"b "
	 "c\"],\"Since\":1,\"Until\":2,\"Others\":{\"kind\":[\"full\"],\"limit\":[\"5\"],\"name\":["
	 "\"a\",\"b c\"],\"since\":[\"1970-01-01T00:00:01Z\"],\"until\":[\"2\"]}}"},
	{"RestJsonInputAndOutputWithQuotedStringHeaders", "restjson", PLACE "?kind=full",
	 RJ "\nX-Texts: \"b,c\", \"\\\"def\\\"\", a", "",
	 PLACED "\"Others\":{\"kind\":[\"full\"]},\"Texts\":[\"b,c\",\"\\\"def\\\"\",\"a\"]}"},
	{"a list of a header with empty items", "restjson", PLACE "?kind=full",
	 RJ "\nX-Texts: ,,,,,,,,a", "",
	 PLACED
	 "\"Others\":{\"kind\":[\"full\"]},\"Texts\":[\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\","
	 "\"a\"]}"},
	{"RestJsonInputAndOutputWithNumericHeaders", "restjson", PLACE "?kind=full",
	 RJ "\nX-Small: 123\nX-Real: 1.5\nX-Numbers: 1, 2, 3", "",
	 PLACED "\"Others\":{\"kind\":[\"full\"]},\"Small\":123,\"Real\":1.5,\"Numbers\":[1,2,3]}"},
	{"RestJsonInputAndOutputWithTimestampHeaders", "restjson", PLACE "?kind=full",
	 RJ "\nX-Stamps: Mon, 16 Dec 2019 23:48:18 GMT, Mon, 16 Dec 2019 23:48:19 GMT", "",
	 PLACED "\"Others\":{\"kind\":[\"full\"]},\"Stamps\":[1576540098,1576540099]}"},
	{"RestJsonTimestampFormatHeaders", "restjson", PLACE "?kind=full",
	 RJ "\nX-Epoch: 1576540098\nX-Stamp: Mon, 16 Dec 2019 23:48:18 GMT", "",
	 PLACED "\"Others\":{\"kind\":[\"full\"]},\"Stamp\":1576540098,\"Epoch\":1576540098}"},
	{"RestJsonHttpPrefixHeadersArePresent", "restjson", PLACE "?kind=full",
	 RJ "\nX-Meta-Abc: 1\nx-meta-d: 2", "",
	 PLACED "\"Others\":{\"kind\":[\"full\"]},\"Meta\":{\"Abc\":\"1\",\"d\":\"2\"}}"},
	{"no signature among the parameters", "restjson",
	 PLACE "?kind=full&X-Amz-Date=20260101T000000Z&x-amz-signature=0", RJ, "",
	 PLACED "\"Others\":{\"kind\":[\"full\"]}}"},
	{"RestJsonMalformed integer label", "restjson",
	 "PUT /places/i/x/true/2019-12-16T23%3A48%3A18Z?kind=full", RJ, "", NULL},
	{"RestJsonMalformed boolean header", "restjson", PLACE "?kind=full", RJ "\nX-Yes: yes", "",
	 NULL},
	{"RestJsonMalformed timestamp query", "restjson", PLACE "?kind=full&since=1", RJ, "", NULL},
	{"ConstantQueryString: not without it", "restjson", PLACE, RJ, "", NULL},
	{"RestJsonHttpRequestWithGreedyLabelInPath, RestJsonHttpRequestLabelEscaping", "restjson",
	 "GET /files/b%2F1/a%20b/%25/c//d", RJ, "", "{\"Bucket\":\"b/1\",\"Key\":\"a b/%/c//d\"}"},
	{"RestJsonHttpPayloadTraitsWithBlob", "restjson", "PUT /blob", RJ, "\x01{",
	 "{\"Type\":\"application/json\",\"Data\":\"AXs=\"}"},
	{"RestJsonHttpWithEmptyBlobPayload", "restjson", "PUT /blob", RJ, "",
	 "{\"Type\":\"application/json\"}"},
	{"RestJsonStringPayloadRequest", "restjson", "PUT /text", RJ, "raw <text>",
	 "{\"Text\":\"raw <text>\"}"},
	{"a text that is not UTF-8", "restjson", "PUT /text", RJ, "\xff", NULL},
	{"RestJsonTestPayloadStructure", "restjson", "PUT /structure", RJ "\nX-Id: i",
	 "{\"Name\":\"n\"}", "{\"Id\":\"i\",\"Thing\":{\"Name\":\"n\"}}"},
	{"RestJsonHttpWithHeadersButNoPayload", "restjson", "PUT /structure", RJ "\nX-Id: i", "",
	 "{\"Id\":\"i\"}"},
	{"RestJsonHttpPayloadWithUnion", "restjson", "PUT /union", RJ, "{\"Text\":\"t\"}",
	 "{\"Choice\":{\"Text\":\"t\"}}"},
	{"XmlLists, FlattenedXmlMap", "restxml", "POST /containers", RX,
	 "<ContainersRequest "
	 "xmlns=\"https://restxml/\"><Texts><member>a</member><member/></Texts><Flat>x</"
	 "Flat><Flat>y</Flat><FlatMap><key>k</key><value>v</value></FlatMap></ContainersRequest>",
	 "{\"Texts\":[\"a\",\"\"],\"Flat\":[\"x\",\"y\"],\"FlatMap\":{\"k\":\"v\"}}"},
	{"NestedXmlMapRequest", "restxml", "POST /containers", RX,
	 "<R><Maps><entry><key>m</key><value><entry><key>a</key><value>b</value></entry></value></"
	 "entry></Maps></R>",
	 "{\"Maps\":{\"m\":{\"a\":\"b\"}}}"},
	{"XmlEmptyLists, XmlEmptySelfClosedMaps", "restxml", "POST /containers", RX,
	 "<R><Texts/><Labels></Labels></R>", "{}"},
	{"SimpleScalarPropertiesWithEscapedCharacter, ...WithWhiteSpace", "restxml",
	 "POST /scalars", RX,
	 "<?xml version=\"1.0\"?><R><!-- c --><Text> &lt;a&#x41;<![CDATA[&]]>\n</Text></R>",
	 "{\"Text\":\" <aA&\\n\"}"},
	{"XmlTimestamps", "restxml", "POST /scalars", RX,
	 "<R><When>2014-04-29T18:30:38Z</When><Epoch>1398796238</Epoch><Http>Tue, 29 Apr 2014 "
	 "18:30:38 GMT</Http></R>",
	 "{\"When\":1398796238,\"Http\":\"Tue, 29 Apr 2014 18:30:38 GMT\",\"Epoch\":1398796238}"},
	{"XmlUnionsWithStructMember", "restxml", "POST /unions", RX,
	 "<R><Choice><Thing><Name>n</Name></Thing></Choice></R>",
	 "{\"Choice\":{\"Thing\":{\"Name\":\"n\"}}}"},
	{"XmlUnions with two members", "restxml", "POST /unions", RX,
	 "<R><Choice><Text>n</Text><Flag>true</Flag></Choice></R>", NULL},
	{"XmlAttributes, XmlNamespaces", "restxml", "POST /attributes", RX,
	 "<R xmlns:p=\"u\"><Thing p:kind=\"a&#xA;b\" Count='2'><p:Name>n</p:Name></Thing></R>",
	 "{\"Thing\":{\"Kind\":\"a\\nb\",\"Count\":\"2\",\"Name\":\"n\"}}"},
	{"HttpPayloadWithMemberXmlName", "restxml", "PUT /structure", RX,
	 "<Wrapped><Name>n</Name></Wrapped>", "{\"Thing\":{\"Name\":\"n\"}}"},
	{"a document type", "restxml", "POST /scalars", RX,
	 "<!DOCTYPE R [<!ENTITY e \"x\">]><R><Text>&e;</Text></R>", NULL},
	{"malformed XML", "restxml", "POST /scalars", RX, "<R><Text></R>", NULL},
};

static const struct answer_case rest_answers[] = {
	{"RestJsonSimpleScalarProperties", "restjson", "Scalars",
	 "{\"Text\":\"s\",\"When\":1398796238}", 200, "Content-Type: application/json",
	 "{\"Text\":\"s\",\"When\":1398796238}"},
	{"RestJsonHttpPrefixHeadersArePresent", "restjson", "Places",
	 "{\"Meta\":{\"a\":\"1\"},\"Rest\":\"b\"}", 201, "x-meta-a: 1", "{\"Rest\":\"b\"}"},
	{"RestJsonInputAndOutputWithQuotedStringHeaders", "restjson", "Places",
	 "{\"Texts\":[\"b,c\",\"\\\"def\\\"\",\"a\"]}", 201, "X-Texts: \"b,c\", \"\\\"def\\\"\", a",
	 "{}"},
	{"RestJsonInputAndOutputWithTimestampHeaders", "restjson", "Places",
	 "{\"Stamp\":1576540098,\"Epoch\":1576540098,\"Stamps\":[1576540098,1576540099]}", 201,
	 "X-Stamp: Mon, 16 Dec 2019 23:48:18 GMT\nX-Epoch: 1576540098\nX-Stamps: Mon, 16 Dec 2019 "
	 "23:48:18 GMT, Mon, 16 Dec 2019 23:48:19 GMT",
	 "{}"},
	{"RestJsonHttpResponseCode", "restjson", "Status", "{\"Code\":201}", 201, "", "{}"},
	{"a status below those of final answers", "restjson", "Status", "{\"Code\":199}", 200, "",
	 "{}"},
	{"a status above all", "restjson", "Status", "{\"Code\":600}", 200, "", "{}"},
	{"a status without a body", "restjson", "Status", "{\"Code\":204}", 204, "", ""},
	{"RestJsonNoInputAndNoOutput", "restjson", "Empty", "{}", 200, "", ""},
	{"RestJsonHttpPayloadTraitsWithBlob", "restjson", "PayloadBlob",
	 "{\"Type\":\"a/b\",\"Data\":\"AXs=\"}", 200, "Content-Type: a/b", "\x01{"},
	{"RestJsonStringPayloadResponse", "restjson", "PayloadText", "{\"Text\":\"raw\"}", 200, "",
	 "raw"},
	{"RestJsonHttpPayloadWithStructure", "restjson", "PayloadStructure",
	 "{\"Id\":\"i\",\"Thing\":{\"Name\":\"n\"}}", 200,
	 "X-Id: i\nContent-Type: application/json", "{\"Name\":\"n\"}"},
	{"no header ends early", "restjson", "Places",
	 "{\"Header\":\"a\\r\\nX-Evil: 1\",\"Meta\":{\"b: c\":\"d\"}}", 201, "X-Text: a  X-Evil: 1",
	 "{}"},
	{"XmlMaps, XmlEmptyLists", "restxml", "Containers",
	 "{\"Labels\":{\"k\":\"v\"},\"Flat\":[\"x\"]}", 200, "Content-Type: application/xml",
	 "<ContainersResponse "
	 "xmlns=\"https://restxml/\"><Labels><entry><key>k</key><value>v</value></entry></"
	 "Labels><Flat>x</Flat></ContainersResponse>"},
	{"XmlAttributes", "restxml", "Attributes",
	 "{\"Thing\":{\"Kind\":\"a\\n\\\"\",\"Name\":\"n\"}}", 200, "",
	 "<AttributesResponse xmlns=\"https://restxml/\"><Thing xmlns:xsi=\"https://xsi/\" "
	 "xsi:kind=\"a&#xA;&quot;\"><Name "
	 "xmlns:n=\"https://names/\">n</Name></Thing></AttributesResponse>"},
	{"HttpPayloadWithStructure", "restxml", "PayloadStructure", "{\"Thing\":{\"Name\":\"n\"}}",
	 200, "", "<Nested xmlns=\"https://restxml/\"><Name>n</Name></Nested>"},
	{"S3: a request id of its own", "barexml", "Scalars", "{\"Text\":\"t\"}", 200,
	 "x-amz-request-id: id",
	 "<ScalarsResponse xmlns=\"https://barexml/\"><Text>t</Text></ScalarsResponse>"},
};

static void test_requests_in_rest_are_read(void **state)
{
	(void)state;
	CHECK_ALL(rest_requests, is_read)
}
/* The fields and the query string that a request to Places repeats. */
static enum err decode_places(struct str head, struct str item, size_t count, bool is_query,
			      size_t *out_memory)
{
	struct buf text = {0};
	struct request_case row = {.target = PLACE "?kind=full", .headers = RJ, .body = ""};
	struct str problem = {0};
	struct route route;

	buf_append(&text, head);
	for (size_t i = 0; i < count; i++)
		buf_append(&text, item);
	const char *copy = arena_cstr(&arena, buf_str(&text));
	buf_done(&text);
	if (is_query)
		row.target = copy;
	else
		row.headers = copy;
	struct http_request request = request_of(&row);
	route_request(&kitchen_table, &arena, &request, &route);
	check(route.operation);
	void *in = arena_alloc(&arena, route.operation->in->size);
	size_t before = arena.total;
	enum err err = route.dialect->decode(&arena, &request, &route, in, &problem);
	*out_memory = arena.total - before;
	return err;
}

static void test_a_list_in_a_header_has_a_limit_and_costs_its_bytes(void **state)
{
	struct str head = STR(RJ "\nX-Texts: \"\""), item = STR(",\"\"");
	size_t memory;

	(void)state;
	assert_int_equal(decode_places(head, item, LIMIT_REQUEST_ITEMS - 1, false, &memory),
			 ERR_OK);
	assert_true(memory < 20 * (head.size + LIMIT_REQUEST_ITEMS * item.size));
	assert_int_equal(decode_places(head, item, LIMIT_REQUEST_ITEMS, false, &memory),
			 ERR_INVALID);
}

static void test_parameters_of_a_map_have_a_limit(void **state)
{
	struct str head = STR(PLACE "?kind=full"), item = STR("&a=b");
	size_t memory;

	(void)state;
	assert_int_equal(decode_places(head, item, LIMIT_REQUEST_ITEMS - 1, true, &memory), ERR_OK);
	assert_int_equal(decode_places(head, item, LIMIT_REQUEST_ITEMS, true, &memory),
			 ERR_INVALID);
}

static void test_answers_in_rest_are_written(void **state)
{
	(void)state;
	CHECK_ALL(rest_answers, is_written)
}

static bool has_host_prefix(struct str account)
{
	const struct operation *operation = kitchen_operation("restjson", "Host");
	const struct shape_member *member = &operation->in->members[0];
	char *value = arena_alloc(&arena, operation->in->size);

	*(struct str *)(void *)(value + member->offset) = account;
	buf_reset(&out);
	return wire_host_prefix(&out, operation, value);
}

static void test_a_label_of_a_host_prefix_is_one_of_a_host_name(void **state)
{
	static const char *const refused[] = {"", "a.b", "a/b", "a b", "a_b", "\xc3\xbc"};
	static const char longest[] =
		"0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXY-";

	(void)state;
	assert_true(has_host_prefix(STR("a1-Z")));
	assert_str(buf_str(&out), "a1-Z.data.");
	assert_true(has_host_prefix(str_of(longest, 63)));
	assert_false(has_host_prefix(str_of(longest, 64)));
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_false(has_host_prefix(str_from(refused[i])));
	assert_false(has_host_prefix((struct str){0}));
}

/* ---- RPC v2 CBOR ---- */

#define C "smithy-protocol: rpc-v2-cbor\nContent-Type: application/cbor\nAccept: application/cbor"
#define AT(name) "POST /service/Kitchen/operation/" name

static const struct request_case cbor_requests[] = {
	{"RpcV2CborSimpleScalarProperties", "cbor", AT("Scalars"), C,
	 "hex:a26454657874617365536d616c6c20", "{\"Text\":\"s\",\"Small\":-1}"},
	{"RpcV2CborSimpleScalarPropertiesUsingIndefiniteLength", "cbor", AT("Scalars"), C,
	 "hex:bf64546578746173ff", "{\"Text\":\"s\"}"},
	{"RpcV2CborServerDoesntDeSerializeNullStructureValues", "cbor", AT("Scalars"), C,
	 "hex:a26454657874f665536d616c6cf7", "{}"},
	{"RpcV2CborSupportsNaNFloatInputs, RpcV2CborFloat16LSBNaN", "cbor", AT("Scalars"), C,
	 "hex:a1645265616cf97e01", "{\"Real\":\"NaN\"}"},
	{"RpcV2CborFloat16Inf", "cbor", AT("Scalars"), C, "hex:a1645265616cf97c00",
	 "{\"Real\":\"Infinity\"}"},
	{"RpcV2CborFloat16Subnormal", "cbor", AT("Scalars"), C, "hex:a1645265616cf90050",
	 "{\"Real\":4.76837158203125e-06}"},
	{"RpcV2CborIndefiniteLengthStringsCanBeDeserialized", "cbor", AT("Scalars"), C,
	 "hex:a164546578747f61616162ff", "{\"Text\":\"ab\"}"},
	{"RpcV2CborIndefiniteLengthByteStringsCanBeDeserialized", "cbor", AT("Scalars"), C,
	 "hex:a16542797465735f41014102ff", "{\"Bytes\":\"AQI=\"}"},
	{"RpcV2CborSupportsUpcastingData", "cbor", AT("Scalars"), C,
	 "hex:a2645265616c0265536d616c6cfb4008000000000000", "{\"Small\":3,\"Real\":2}"},
	{"RpcV2CborExtraFieldsInTheBodyShouldBeSkippedByServers", "cbor", AT("Scalars"), C,
	 "hex:bf61789f01bf6179c101ffff64546578746173ff", "{\"Text\":\"s\"}"},
	{"RpcV2CborServersShouldHandleNoAcceptHeader", "cbor", AT("Scalars"),
	 "smithy-protocol: rpc-v2-cbor", "hex:a0", "{}"},
	{"RpcV2CborLists, RpcV2CborListsEmptyUsingDefiniteLength", "cbor", AT("Containers"), C,
	 "hex:a2655465787473826161616265576f72647380", "{\"Texts\":[\"a\",\"b\"]}"},
	{"RpcV2CborIndefiniteStringInsideIndefiniteList", "cbor", AT("Containers"), C,
	 "hex:a16554657874739f7f61616162ffff", "{\"Texts\":[\"ab\"]}"},
	{"RpcV2CborMaps, RpcV2CborSerializesZeroValuesInMaps", "cbor", AT("Containers"), C,
	 "hex:a166436f756e7473a1616100", "{\"Counts\":{\"a\":0}}"},
	{"RpcV2CborDateTimeWithFractionalSeconds", "cbor", AT("Scalars"), C,
	 "hex:a1645768656ec1fb41cc37db380fbe77", "{\"When\":946845296.123}"},
	{"RpcV2CborRecursiveShapes", "cbor", AT("Containers"), C,
	 "hex:a1655468696e67a165496e6e6572a1644e616d65616e",
	 "{\"Thing\":{\"Inner\":{\"Name\":\"n\"}}}"},
	{"RpcV2CborSerializesUnionValue", "cbor", AT("Unions"), C,
	 "hex:a16643686f696365a164466c6167f5", "{\"Choice\":{\"Flag\":true}}"},
	{"NoInputServerAllowsEmptyBody", "cbor", AT("Empty"), C, "", "{}"},
	{"NoInputServerAllowsEmptyCbor", "cbor", AT("Empty"), C, "hex:a0", "{}"},
	{"a service with its namespace", "cbor",
	 "POST /p/service/com.example.Kitchen/operation/Empty", C, "", "{}"},
	{"X-Amz-Target must be refused", "cbor", AT("Empty"), C "\nX-Amz-Target: Json10.Empty", "",
	 NULL},
	{"a text where a number belongs", "cbor", AT("Scalars"), C, "hex:a165536d616c6c6131", NULL},
	{"bytes behind the document", "cbor", AT("Scalars"), C, "hex:a0a0", NULL},
	{"an unknown key without a value", "cbor", AT("Scalars"), C, "hex:bf6178ffff", NULL},
	{"the least integer and long", "cbor", AT("Scalars"), C,
	 "hex:a265536d616c6c3a7fffffff634269673b7fffffffffffffff",
	 "{\"Small\":-2147483648,\"Big\":-9223372036854775808}"},
	{"below the least integer", "cbor", AT("Scalars"), C, "hex:a165536d616c6c3a80000000", NULL},
	{"above the largest integer", "cbor", AT("Scalars"), C, "hex:a165536d616c6c1a80000000",
	 NULL},
	{"below the least long", "cbor", AT("Scalars"), C, "hex:a1634269673b8000000000000000",
	 NULL},
	{"above the largest long", "cbor", AT("Scalars"), C, "hex:a1634269671b8000000000000000",
	 NULL},
	{"a fraction for an integer", "cbor", AT("Scalars"), C,
	 "hex:a165536d616c6cfb3ff8000000000000", NULL},
	{"a time long after all calendars", "cbor", AT("Scalars"), C,
	 "hex:a1645768656ec1fb42a2309ce5400000", NULL},
	{"a time long before them", "cbor", AT("Scalars"), C,
	 "hex:a1645768656ec1fbc2a2309ce5400000", NULL},
	{"a time that is no number", "cbor", AT("Scalars"), C, "hex:a1645768656ec1f97e00", NULL},
	{"a null in a list", "cbor", AT("Containers"), C, "hex:a165546578747382f66161",
	 "{\"Texts\":[\"a\"]}"},
	{"a null in a map", "cbor", AT("Containers"), C, "hex:a166436f756e7473a26161f6616201",
	 "{\"Counts\":{\"b\":1}}"},
	{"a union with two members", "cbor", AT("Unions"), C,
	 "hex:a16643686f696365a264466c6167f564546578746174", NULL},
	{"a union without members", "cbor", AT("Unions"), C, "hex:a16643686f696365a0", NULL},
};

static const struct answer_case cbor_answers[] = {
	{"RpcV2CborSimpleScalarPropertiesUsingDefiniteLength", "cbor", "Scalars",
	 "{\"Text\":\"s\",\"Small\":-1}", 200,
	 "smithy-protocol: rpc-v2-cbor\nContent-Type: application/cbor",
	 "hex:a26454657874617365536d616c6c20"},
	{"RpcV2CborServerDoesntSerializeNullStructureValues", "cbor", "Scalars", "{}", 200, "",
	 "hex:a0"},
	{"NoOutput", "cbor", "Empty", "{}", 200, "smithy-protocol: rpc-v2-cbor", ""},
	{"RpcV2CborLists", "cbor", "Containers", "{\"Texts\":[\"a\"],\"Lists\":[[\"b\"]]}", 200, "",
	 "hex:a265546578747381616165"
	 "4c697374738181"
	 "6162"},
	{"RpcV2CborMaps", "cbor", "Containers", "{\"Counts\":{\"a\":0}}", 200, "",
	 "hex:a166436f756e7473a1616100"},
	{"RpcV2CborTimestamp", "cbor", "Scalars", "{\"When\":1}", 200, "", "hex:a1645768656ec101"},
	{"RpcV2CborSerializesUnionValue", "cbor", "Unions", "{\"Choice\":{\"Flag\":true}}", 200, "",
	 "hex:a16643686f696365a164466c6167f5"},
	{"RpcV2CborSupportsInfinityFloatOutputs", "cbor", "Scalars", "{\"Real\":\"Infinity\"}", 200,
	 "", "hex:a1645265616cfa7f800000"},
};

static void test_requests_in_cbor_are_read(void **state)
{
	(void)state;
	CHECK_ALL(cbor_requests, is_read)
}
static void test_answers_in_cbor_are_written(void **state)
{
	(void)state;
	CHECK_ALL(cbor_answers, is_written)
}

static void test_faults_in_cbor_are_read_as_they_were_written(void **state)
{
	const struct fault_type *fault = kitchen_fault(STR("fire"));
	struct str type, message;

	(void)state;
	buf_reset(&out);
	wire_cbor_encode_fault(&out, STR("com.example"), fault, STR("it burns"));
	assert_int_equal(wire_cbor_decode_fault(&arena, buf_str(&out), &type, &message), ERR_OK);
	assert_str(type, "com.example#KitchenFireException");
	assert_str(message, "it burns");
	buf_reset(&out);
	wire_cbor_encode_fault(&out, STR("com.example"), fault, STR(""));
	assert_int_equal(wire_cbor_decode_fault(&arena, buf_str(&out), &type, &message), ERR_OK);
	assert_null(message.data);
	/* Some services write the name with a capital. */
	assert_int_equal(wire_cbor_decode_fault(&arena, bytes_of("hex:a1674d6573736167656162"),
						&type, &message),
			 ERR_OK);
	assert_null(type.data);
	assert_str(message, "b");
	assert_int_equal(wire_cbor_decode_fault(&arena, bytes_of("hex:80"), &type, &message),
			 ERR_INVALID);
}

/* ---- Accept ---- */

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

/* ---- limits ---- */

struct limit_case {
	const char *service, *target, *headers;
};

static void encode_request(const struct operation *operation, const void *value)
{
	struct buf target = {0};
	struct wire_message message = {.arena = &arena, .body = &out};

	buf_reset(&out);
	if (operation->service->rest)
		wire_rest_encode_request(&message, &target, operation, value);
	else if (operation->service->cbor_name.size > 0)
		wire_cbor_encode(&out, operation->in, value);
	else if (operation->service->json_target.size > 0)
		wire_json_encode(&out, operation->in, value);
	else
		wire_query_encode_request(&out, operation, value);
	buf_done(&target);
}

/* Does the service read a list of so many texts? */
static bool takes_texts(const struct limit_case *row, const char *member_name, size_t count)
{
	const struct operation *operation = kitchen_operation(row->service, "Containers");
	struct request_case empty = {.target = row->target, .headers = row->headers, .body = ""};
	struct str problem = {0}, *texts = arena_array(&arena, struct str, count);
	char *value = arena_alloc(&arena, operation->in->size);
	struct route route;

	for (size_t i = 0; i < count; i++)
		texts[i] = STR("t");
	for (uint32_t i = 0; i < operation->in->member_count; i++) {
		const struct shape_member *member = &operation->in->members[i];
		if (!str_equal(member->name, str_from(member_name)))
			continue;
		*(struct str **)(void *)(value + member->offset) = texts;
		*(size_t *)(void *)(value + member->extra_offset) = count;
	}
	encode_request(operation, value);
	struct http_request request = request_of(&empty);
	request.body = buf_str(&out);
	route_request(&kitchen_table, &arena, &request, &route);
	check(route.operation == operation);
	void *in = arena_alloc(&arena, operation->in->size);
	return route.dialect->decode(&arena, &request, &route, in, &problem) == ERR_OK;
}

static void test_lists_have_a_limit_unless_their_operation_counts(void **state)
{
	static const struct limit_case rows[] = {
		{"json11", "POST /", T11("Containers")}, {"query", "POST /", FORM},
		{"restjson", "POST /containers", RJ},	 {"restxml", "POST /containers", RX},
		{"cbor", AT("Containers"), C},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(takes_texts(&rows[i], "Texts", LIMIT_REQUEST_ITEMS));
		assert_false(takes_texts(&rows[i], "Texts", LIMIT_REQUEST_ITEMS + 1));
		assert_true(takes_texts(&rows[i], "Counted", LIMIT_REQUEST_ITEMS + 1));
	}
}
