/* SPDX-License-Identifier: MIT */
/* Tests of REST-JSON and REST-XML: requests that are read, answers that are written. */
#include "cases.h"
#include "wire/rest.h"

static int teardown(void **state)
{
	(void)state;
	buf_done(&out);
	return 0;
}

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
	{"XmlBlobs, XmlEmptyBlobs", "restxml", "POST /scalars", RX,
	 "<R><Bytes>dmFsdWU=</Bytes></R>", "{\"Bytes\":\"dmFsdWU=\"}"},
	{"RecursiveShapes", "restxml", "POST /containers", RX,
	 "<R><Thing><Inner><Inner><Name>n</Name></Inner></Inner></Thing></R>",
	 "{\"Thing\":{\"Inner\":{\"Inner\":{\"Name\":\"n\"}}}}"},
	{"NestedXmlMaps of lists", "restxml", "POST /containers", RX,
	 "<R><Groups><entry><key>g</key><value><member>a</member><member>b</member></value></"
	 "entry></Groups></R>",
	 "{\"Groups\":{\"g\":[\"a\",\"b\"]}}"},
	{"XmlLists, renamed items and flat structures", "restxml", "POST /containers", RX,
	 "<R><FlatThings><Name>n</Name></FlatThings><FlatThings/><Named><thing>x</thing></Named></"
	 "R>",
	 "{\"FlatThings\":[{\"Name\":\"n\"},{}],\"Named\":[\"x\"]}"},
	{"RestXmlSupportsInfinityFloatInputs", "restxml", "POST /scalars", RX,
	 "<R><Real>Infinity</Real></R>", "{\"Real\":\"Infinity\"}"},
	{"a text where a number belongs", "restxml", "POST /scalars", RX,
	 "<R><Small>ten</Small></R>", NULL},
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
	{"RestJsonLists, RestJsonJsonMaps", "restjson", "Containers",
	 "{\"Lists\":[[\"a\"],[\"b\"]],\"Counts\":{\"c\":1}}", 200,
	 "Content-Type: application/json", "{\"Lists\":[[\"a\"],[\"b\"]],\"Counts\":{\"c\":1}}"},
	{"RestJsonSerializeStringUnionValue", "restjson", "Unions", "{\"Choice\":{\"Text\":\"t\"}}",
	 200, "", "{\"Choice\":{\"Text\":\"t\"}}"},
	{"XmlSimpleScalarProperties", "restxml", "Scalars",
	 "{\"Text\":\"s\",\"Small\":2,\"Big\":-3,\"Flag\":true}", 200,
	 "Content-Type: application/xml",
	 "<ScalarsResponse "
	 "xmlns=\"https://restxml/\"><Text>s</Text><Small>2</Small><Big>-3</Big><Flag>true</Flag></"
	 "ScalarsResponse>"},
	{"RestXmlSupportsNaNFloatInputs", "restxml", "Scalars", "{\"Real\":\"NaN\"}", 200, "",
	 "<ScalarsResponse xmlns=\"https://restxml/\"><Real>NaN</Real></ScalarsResponse>"},
	{"XmlBlobs", "restxml", "Scalars", "{\"Bytes\":\"dmFsdWU=\"}", 200, "",
	 "<ScalarsResponse xmlns=\"https://restxml/\"><Bytes>dmFsdWU=</Bytes></ScalarsResponse>"},
	{"XmlTimestamps", "restxml", "Scalars",
	 "{\"Epoch\":1398796238,\"Http\":\"Tue, 29 Apr 2014 18:30:38 GMT\"}", 200, "",
	 "<ScalarsResponse xmlns=\"https://restxml/\"><Http>Tue, 29 Apr 2014 18:30:38 "
	 "GMT</Http><Epoch>1398796238</Epoch></ScalarsResponse>"},
	{"XmlLists", "restxml", "Containers",
	 "{\"Texts\":[\"a\",\"\"],\"Things\":[{\"Name\":\"n\"}]}", 200, "",
	 "<ContainersResponse "
	 "xmlns=\"https://restxml/\"><Texts><member>a</member><member></member></"
	 "Texts><Things><member><Name>n</Name></member></Things></ContainersResponse>"},
	{"NestedXmlMapResponse", "restxml", "Containers", "{\"Maps\":{\"m\":{\"a\":\"b\"}}}", 200,
	 "",
	 "<ContainersResponse "
	 "xmlns=\"https://restxml/\"><Maps><entry><key>m</key><value><entry><key>a</key><value>b</"
	 "value></entry></value></entry></Maps></ContainersResponse>"},
	{"XmlMaps of lists", "restxml", "Containers", "{\"Groups\":{\"g\":[\"a\",\"b\"]}}", 200, "",
	 "<ContainersResponse "
	 "xmlns=\"https://restxml/\"><Groups><entry><key>g</key><value><member>a</"
	 "member><member>b</member></value></entry></Groups></ContainersResponse>"},
	{"FlattenedXmlMap", "restxml", "Containers", "{\"FlatMap\":{\"a\":\"b\"}}", 200, "",
	 "<ContainersResponse "
	 "xmlns=\"https://restxml/\"><FlatMap><key>a</key><value>b</value></FlatMap></"
	 "ContainersResponse>"},
	{"RecursiveShapes", "restxml", "Containers",
	 "{\"Thing\":{\"Inner\":{\"Inner\":{\"Name\":\"n\"}}}}", 200, "",
	 "<ContainersResponse "
	 "xmlns=\"https://restxml/\"><Thing><Inner><Inner><Name>n</Name></Inner></Inner></Thing></"
	 "ContainersResponse>"},
	{"XmlUnionsWithStructMember", "restxml", "Unions",
	 "{\"Choice\":{\"Thing\":{\"Name\":\"n\"}}}", 200, "",
	 "<UnionsResponse "
	 "xmlns=\"https://restxml/\"><Choice><Thing><Name>n</Name></Thing></Choice></"
	 "UnionsResponse>"},
	{"HttpPayloadTraitsWithBlob", "restxml", "PayloadBlob",
	 "{\"Type\":\"a/b\",\"Data\":\"AXs=\"}", 200, "Content-Type: a/b", "{"},
	{"RestXmlStringPayloadResponse", "restxml", "PayloadText", "{\"Text\":\"raw\"}", 200, "",
	 "raw"},
	{"HttpPrefixHeadersArePresent, InputAndOutputWithStringHeaders", "restxml", "Places",
	 "{\"Header\":\"h\",\"Meta\":{\"a\":\"1\"},\"Rest\":\"b\"}", 201, "X-Text: h\nx-meta-a: 1",
	 "<PlacesResponse xmlns=\"https://restxml/\"><Rest>b</Rest></PlacesResponse>"},
	{"RestXmlHttpResponseCode", "restxml", "Status", "{\"Code\":202}", 202, "", ""},
	{"NoInputAndNoOutput", "restxml", "Empty", "{}", 200, "", ""},
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
