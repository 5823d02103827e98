/* SPDX-License-Identifier: MIT */
/* Tests of AWS JSON 1.0 and 1.1: requests that are read, answers that are written. */
#include "cases.h"

static int teardown(void **state)
{
	(void)state;
	buf_done(&out);
	return 0;
}

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
	{"parses_list_of_list_shapes, an empty inner list stays", "json11", "Containers",
	 "{\"Lists\":[[\"a\"],[],[\"b\",\"c\"]]}", 200, "",
	 "{\"Lists\":[[\"a\"],[],[\"b\",\"c\"]]}"},
	{"parses_map_of_list_shapes, parses_map_of_map_shapes", "json11", "Containers",
	 "{\"Groups\":{\"g\":[\"a\"]},\"Maps\":{\"m\":{\"k\":\"v\"}}}", 200, "",
	 "{\"Groups\":{\"g\":[\"a\"]},\"Maps\":{\"m\":{\"k\":\"v\"}}}"},
	{"parses_recursive_structure_shapes", "json11", "Containers",
	 "{\"Thing\":{\"Inner\":{\"Inner\":{\"Name\":\"n\"}}}}", 200, "",
	 "{\"Thing\":{\"Inner\":{\"Inner\":{\"Name\":\"n\"}}}}"},
	{"AwsJson10SerializeListUnionValue, an empty list is a value", "json10", "Unions",
	 "{\"Choice\":{\"Texts\":[]}}", 200, "", "{\"Choice\":{\"Texts\":[]}}"},
	{"AwsJson10SerializeMapUnionValue", "json10", "Unions",
	 "{\"Choice\":{\"Pairs\":{\"a\":\"b\"}}}", 200, "",
	 "{\"Choice\":{\"Pairs\":{\"a\":\"b\"}}}"},
	{"AwsJson10SerializeBlobUnionValue", "json10", "Unions",
	 "{\"Choice\":{\"Bytes\":\"Zm9v\"}}", 200, "", "{\"Choice\":{\"Bytes\":\"Zm9v\"}}"},
	{"AwsJson10EmptyInputAndEmptyOutput, no member is set", "json10", "Scalars", "{}", 200, "",
	 "{}"},
	{"parses_timestamp_shapes_with_fractions", "json11", "Scalars",
	 "{\"When\":946845296.5,\"Epoch\":-1.25}", 200, "",
	 "{\"When\":946845296.500,\"Epoch\":-1.250}"},
	{"the least and the largest numbers", "json11", "Scalars",
	 "{\"Small\":-2147483648,\"Big\":9223372036854775807,\"Real\":0.1,\"Flag\":false}", 200, "",
	 "{\"Small\":-2147483648,\"Big\":9223372036854775807,\"Real\":0.1,\"Flag\":false}"},
	{"parses_json_values, control characters are escaped", "json11", "Scalars",
	 "{\"Text\":\"a\\u0001\\\"\\\\\\n/\"}", 200, "", "{\"Text\":\"a\\u0001\\\"\\\\\\n/\"}"},
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
