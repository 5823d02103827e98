# SPDX-License-Identifier: MIT
"""Every refusal as a row of a table, in both dialects: code, shape, status and text.

A row is (operation, members, code, text[, text in Query]). Names in braces stand for what the
`place` fixture made; {queue} is a standard queue's URL and {fifo} a FIFO queue's.
"""
import base64
import json

import pytest

from dialects import Fault, Json, Query, QueryString

MIB = 1 << 20
# Query code -> (shape in JSON, HTTP status)
FAULTS = {
    "AccessDenied": ("AccessDeniedException", 403),
    "AWS.SimpleQueueService.NonExistentQueue": ("QueueDoesNotExist", 400),
    "QueueAlreadyExists": ("QueueNameExists", 400),
    "AWS.SimpleQueueService.BatchEntryIdsNotDistinct": ("BatchEntryIdsNotDistinct", 400),
    "AWS.SimpleQueueService.BatchRequestTooLong": ("BatchRequestTooLong", 400),
    "AWS.SimpleQueueService.EmptyBatchRequest": ("EmptyBatchRequest", 400),
    "AWS.SimpleQueueService.InvalidBatchEntryId": ("InvalidBatchEntryId", 400),
    "AWS.SimpleQueueService.TooManyEntriesInBatchRequest": ("TooManyEntriesInBatchRequest", 400),
    "ReceiptHandleIsInvalid": ("ReceiptHandleIsInvalid", 404),
    "ResourceNotFoundException": ("ResourceNotFoundException", 404),
    "OverLimit": ("OverLimit", 403),
    "InvalidAttributeName": ("InvalidAttributeName", 400),
    "InvalidAttributeValue": ("InvalidAttributeValue", 400),
    "InvalidMessageContents": ("InvalidMessageContents", 400),
    "InvalidParameterValue": ("InvalidParameterValueException", 400),
    "MissingParameter": ("MissingRequiredParameterException", 400),
}
NO_QUEUE = "AWS.SimpleQueueService.NonExistentQueue"
NO_QUEUE_TEXTS = ("The specified queue does not exist.",
                  "The specified queue does not exist for this wsdl version.")
BATCH = "AWS.SimpleQueueService."
NAME_TEXT = ("Can only include alphanumeric characters, hyphens, or underscores. "
             "1 to 80 in length")
FIFO_NAME_TEXT = ("The name of a FIFO queue can only include alphanumeric characters, hyphens, or "
                  "underscores, must end with .fifo suffix and be 1 to 80 in length")
ID_TEXT = "{0} can only include alphanumeric and punctuation characters. 1 to 128 in length."
CHARACTERS_TEXT = ("Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | "
                   "#x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF")
ENTRY_ID_TEXT = ("A batch entry id can only contain alphanumeric characters, hyphens and "
                 "underscores. It can be at most 80 letters long.")
ARN_TEXT = ("You must use this format to specify the {0}: "
            "arn:<partition>:<service>:<region>:<account-id>:<resource-id>")


def value_text(value, name, reason):
    return f"Value {value} for parameter {name} is invalid. Reason: {reason}"


def create(attributes, name="fresh", **more):
    return "CreateQueue", {"QueueName": name, "Attributes": attributes, **more}


def set_attributes(attributes, url="{queue}"):
    return "SetQueueAttributes", {"QueueUrl": url, "Attributes": attributes}


def send(url="{queue}", body="b", **more):
    return "SendMessage", {"QueueUrl": url, "MessageBody": body, **more}


def attributed(attributes):
    return send(MessageAttributes=attributes)


def entries(operation, *given, url="{queue}"):
    return operation, {"QueueUrl": url, "Entries": list(given)}


def send_entry(number, **more):
    return {"Id": f"e{number}", "MessageBody": "b"} | more


QUEUES = [
    (*create({}, "with.dot"), "InvalidParameterValue", NAME_TEXT),
    (*create({}, "with/slash"), "InvalidParameterValue", NAME_TEXT),
    (*create({}, "with space"), "InvalidParameterValue", NAME_TEXT),
    (*create({}, "x" * 81), "InvalidParameterValue", NAME_TEXT),
    (*create({}, ""), "InvalidParameterValue", "Queue name cannot be empty"),
    (*create({}, "q\u00e9"), "InvalidParameterValue", NAME_TEXT),
    (*create({}, "plain.fifo"), "InvalidParameterValue", NAME_TEXT),
    (*create({"FifoQueue": "true"}, "plain"), "InvalidParameterValue", FIFO_NAME_TEXT),
    (*create({"FifoQueue": "true"}, ".fifo"), "InvalidParameterValue", FIFO_NAME_TEXT),
    (*create({"FifoQueue": "true"}, "x" * 76 + ".fifo"), "InvalidParameterValue", FIFO_NAME_TEXT),
    ("CreateQueue", {}, "InvalidParameterValue",
     "Value for parameter QueueName is invalid. Reason: Must specify a queue name."),
    (*create({"VisibilityTimeout": "31"}, "{queue_name}"), "QueueAlreadyExists",
     "A queue already exists with the same name and a different value for attribute "
     "VisibilityTimeout"),
    (*create({"FifoQueue": "false"}), "InvalidAttributeName", "Unknown Attribute FifoQueue."),
    (*create({"ContentBasedDeduplication": "false"}), "InvalidAttributeName",
     "Unknown Attribute ContentBasedDeduplication."),
    (*set_attributes({"FifoQueue": "true"}), "InvalidAttributeName",
     "Unknown Attribute FifoQueue."),
    (*set_attributes({"ContentBasedDeduplication": "true"}), "InvalidAttributeName",
     "Unknown Attribute ContentBasedDeduplication."),
    (*create({"DeduplicationScope": "queue"}), "InvalidAttributeName",
     "You can specify the DeduplicationScope only when FifoQueue is set to true."),
    (*create({"FifoThroughputLimit": "perQueue"}), "InvalidAttributeName",
     "You can specify the FifoThroughputLimit only when FifoQueue is set to true."),
    (*set_attributes({"DeduplicationScope": "queue"}), "InvalidAttributeName",
     "You can specify the DeduplicationScope only when FifoQueue is set to true."),
    (*set_attributes({"FifoQueue": "false"}, "{fifo}"), "InvalidAttributeValue",
     "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported."),
    (*set_attributes({"FifoThroughputLimit": "perMessageGroupId"}, "{fifo}"),
     "InvalidAttributeValue",
     "The perMessageGroupId value is allowed only when the value for DeduplicationScope is "
     "messageGroup"),
    (*set_attributes({"DeduplicationScope": "perGroup"}, "{fifo}"), "InvalidAttributeValue",
     "Invalid value for the parameter DeduplicationScope."),
    (*set_attributes({"FifoThroughputLimit": "none"}, "{fifo}"), "InvalidAttributeValue",
     "Invalid value for the parameter FifoThroughputLimit."),
    (*set_attributes({"ContentBasedDeduplication": "yes"}, "{fifo}"), "InvalidAttributeValue",
     "Invalid value for the parameter ContentBasedDeduplication."),
    (*set_attributes({"SqsManagedSseEnabled": "maybe"}), "InvalidAttributeValue",
     "Invalid value for the parameter SqsManagedSseEnabled."),
    (*create({"KmsMasterKeyId": "alias/k", "SqsManagedSseEnabled": "true"}),
     "InvalidAttributeName",
     "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS "
     "SSE or SQS SSE."),
    (*set_attributes({}), "MissingParameter",
     "The request must contain the parameter Attribute.Name."),
    ("SetQueueAttributes", {"QueueUrl": "{queue}"}, "MissingParameter",
     "The request must contain the parameter Attribute.Name."),
    *[(*build({name: value}), "InvalidAttributeName", f"Unknown Attribute {name}.")
      for build in (create, set_attributes)
      for name, value in (("Nonsense", "1"), ("QueueArn", "arn"), ("CreatedTimestamp", "1"),
                          ("ApproximateNumberOfMessages", "1"), ("visibilitytimeout", "1"))],
    ("GetQueueAttributes", {"QueueUrl": "{queue}", "AttributeNames": ["Nonsense"]},
     "InvalidAttributeName", "Unknown Attribute Nonsense."),
    ("GetQueueAttributes", {"QueueUrl": "{queue}", "AttributeNames": ["All", "Nonsense"]},
     "InvalidAttributeName", "Unknown Attribute Nonsense."),
    *[(*build({name: value}), "InvalidAttributeValue", f"Invalid value for the parameter {name}.")
      for build in (create, set_attributes)
      for name, values in {
          "DelaySeconds": ("-1", "901", "x", "", "1.5"),
          "MaximumMessageSize": ("1023", "1048577"),
          "MessageRetentionPeriod": ("59", "1209601"),
          "ReceiveMessageWaitTimeSeconds": ("-1", "21"),
          "VisibilityTimeout": ("-1", "43201", "99999999999999999999"),
          "KmsDataKeyReusePeriodSeconds": ("59", "86401"),
      }.items() for value in values],
]

REDRIVE_ARN = "arn:aws:sqs:us-east-1:000000000000:{queue_name}"


def redrive(policy, reason, url="{queue}"):
    return (*set_attributes({"RedrivePolicy": policy}, url), "InvalidParameterValue",
            value_text(policy, "RedrivePolicy", reason))


def redrive_target(arn, reason, url="{queue}"):
    return redrive('{"deadLetterTargetArn":"%s","maxReceiveCount":3}' % arn, reason, url)


def redrive_count(given, shown):
    return redrive('{"deadLetterTargetArn":"%s","maxReceiveCount":%s}' % (REDRIVE_ARN, given),
                   f"Invalid value for maxReceiveCount: {shown}, valid values are from 1 to 1000 "
                   "both inclusive.")


def allow(policy, text):
    return (*set_attributes({"RedriveAllowPolicy": policy}), "InvalidParameterValue",
            value_text(policy, "RedriveAllowPolicy",
                       "Amazon SQS can't create the redrive allow policy. " + text))


def allow_format(policy):
    return (*set_attributes({"RedriveAllowPolicy": policy}), "InvalidAttributeValue",
            "Invalid value for the parameter RedriveAllowPolicy. Reason: Amazon SQS can't create "
            "the redrive allow policy, as it\u2019s in an unsupported format.")


ELEVEN_ARNS = ",".join(f'"arn:aws:sqs:us-east-1:000000000000:s{i}"' for i in range(11))
POLICIES = [
    *[(*set_attributes({"RedrivePolicy": text}), "InvalidParameterValue",
       "Invalid value for the parameter RedrivePolicy. Reason: Redrive policy is not a valid JSON "
       "map.") for text in ("nonsense", "[]", '"text"', "{")],
    redrive('{"deadLetterTargetArn":"%s"}' % REDRIVE_ARN,
            "Redrive policy does not contain mandatory attribute: maxReceiveCount."),
    redrive('{"maxReceiveCount":3}',
            "Redrive policy does not contain mandatory attribute: deadLetterTargetArn."),
    redrive('{"deadLetterTargetArn":"%s","maxReceiveCount":3,"other":1}' % REDRIVE_ARN,
            "Only following attributes are supported: [maxReceiveCount, deadLetterTargetArn]."),
    redrive_count("0", "0"), redrive_count("1001", "1001"), redrive_count('"-1"', "-1"),
    redrive_count('"x"', "x"),
    redrive_target("nonsense", "Dead-letter target ARN should be fully qualified ARN."),
    redrive_target("arn:aws:sqs:us-east-1:000000000000:absent",
                   "Dead letter target does not exist."),
    redrive_target("arn:aws:sqs:us-east-1:111122223333:q",
                   "Dead-letter target owner should be same as the source."),
    redrive_target("arn:aws:sqs:us-east-1:000000000000:{fifo_name}",
                   "Dead-letter queue must be same type of queue as the source."),
    redrive_target(REDRIVE_ARN, "Dead-letter queue must be same type of queue as the source.",
                   "{fifo}"),
    *[allow_format(text) for text in (
        "nonsense", "{}", '{"redrivePermission":"some"}',
        '{"redrivePermission":"byQueue","sourceQueueArns":"arn"}')],
    allow('{"redrivePermission":"denyAll","sourceQueueArns":["%s"]}' % REDRIVE_ARN,
          "To specify one or more source queue ARNs, you must set redrivePermission to byQueue."),
    allow('{"redrivePermission":"byQueue"}',
          "When you specify the byQueue permission type, you must also specify one or more "
          "sourceQueueArns values."),
    allow('{"redrivePermission":"byQueue","sourceQueueArns":[%s]}' % ELEVEN_ARNS,
          "The maximum number of source queue ARNs you can specify is 10."),
    *[(*set_attributes({"Policy": text}), "InvalidAttributeValue",
       "Invalid value for the parameter Policy.")
      for text in ("nonsense", "[]", "{}", '{"Statement":"all"}',
                   '{"Statement":[{"Sid":"%s"}]}' % ("x" * 8192))],
    (*set_attributes({"Policy": '{"Statement":[%s]}' % ",".join(["{}"] * 22)}), "OverLimit",
     "22 statements were found in the submitted policy, max allowed is 20"),
]

ALL_ON_QUEUE = {
    "AddPermission": {"Label": "l", "AWSAccountIds": ["111122223333"], "Actions": ["*"]},
    "ChangeMessageVisibility": {"ReceiptHandle": "r", "VisibilityTimeout": 1},
    "ChangeMessageVisibilityBatch": {"Entries": [
        {"Id": "a", "ReceiptHandle": "r", "VisibilityTimeout": 1}]},
    "DeleteMessage": {"ReceiptHandle": "r"},
    "DeleteMessageBatch": {"Entries": [{"Id": "a", "ReceiptHandle": "r"}]},
    "DeleteQueue": {},
    "GetQueueAttributes": {"AttributeNames": ["All"]},
    "ListDeadLetterSourceQueues": {},
    "ListQueueTags": {},
    "PurgeQueue": {},
    "ReceiveMessage": {},
    "RemovePermission": {"Label": "l"},
    "SendMessage": {"MessageBody": "b"},
    "SendMessageBatch": {"Entries": [{"Id": "a", "MessageBody": "b"}]},
    "SetQueueAttributes": {"Attributes": {"DelaySeconds": "1"}},
    "TagQueue": {"Tags": {"k": "v"}},
    "UntagQueue": {"TagKeys": ["k"]},
}
ABSENT = [
    *[(operation, {"QueueUrl": "http://localhost/000000000000/absent"} | members, NO_QUEUE,
       *NO_QUEUE_TEXTS) for operation, members in ALL_ON_QUEUE.items()],
    *[("SendMessage", {"QueueUrl": url, "MessageBody": "b"}, NO_QUEUE, *NO_QUEUE_TEXTS)
      for url in ("absent", "http://localhost/nonsense", "http://localhost/", "a/b", "/",
                  "arn:aws:sqs:us-east-1:000000000000:absent", "arn:", "x" * 5000)],
    ("SendMessage", {"QueueUrl": "http://localhost/111122223333/{queue_name}", "MessageBody": "b"},
     "AccessDenied",
     "User: arn:aws:iam::000000000000:root is not authorized to perform: sqs:sendmessage on "
     "resource: arn:aws:sqs:us-east-1:111122223333:{queue_name} because no resource-based policy "
     "allows the sqs:sendmessage action"),
    ("GetQueueUrl", {"QueueName": "absent"}, NO_QUEUE, *NO_QUEUE_TEXTS),
    ("GetQueueUrl", {"QueueName": "{queue_name}", "QueueOwnerAWSAccountId": "111122223333"},
     NO_QUEUE, "The specified queue does not exist or you do not have access to it."),
    ("GetQueueUrl", {}, "MissingParameter", "The request must contain the parameter QueueName."),
    *[(operation, members, "MissingParameter",
       "The request must contain the parameter QueueUrl.")
      for operation, members in ALL_ON_QUEUE.items()],
]

TEXT = {"DataType": "String", "StringValue": "v"}
SENDING = [
    ("SendMessage", {"QueueUrl": "{queue}"}, "MissingParameter",
     "The request must contain the parameter MessageBody."),
    (*send(body=""), "MissingParameter", "The request must contain the parameter MessageBody."),
    *[(*send(body=body), "InvalidMessageContents", CHARACTERS_TEXT)
      for body in ("a\x00", "\x08", "1234567\x1f", "abc\ufffe", "x" * 100 + "\uffff", "\x0b")],
    (*send(body="x" * (MIB + 1)), "InvalidParameterValue",
     "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes."),
    (*send("{small}", "x" * 1025), "InvalidParameterValue",
     "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes."),
    (*send("{small}", "x" * 1000, MessageAttributes={"n" * 10: {
        "DataType": "String", "StringValue": "v" * 9}}), "InvalidParameterValue",
     "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes."),
    *[(*send(DelaySeconds=delay), "InvalidParameterValue",
       value_text(delay, "DelaySeconds", "DelaySeconds must be >= 0 and <= 900."))
      for delay in (-1, 901, 1000)],
    (*send("{fifo}", DelaySeconds=2, MessageGroupId="g", MessageDeduplicationId="d"),
     "InvalidParameterValue",
     value_text(2, "DelaySeconds",
                "The request include parameter that is not valid for this queue type.")),
    (*send("{fifo}"), "MissingParameter",
     "The request must contain the parameter MessageGroupId."),
    (*send("{fifo}", MessageGroupId="g"), "InvalidParameterValue",
     "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId "
     "provided explicitly"),
    *[(*send(MessageGroupId=group), "InvalidParameterValue",
       value_text(group, "MessageGroupId", ID_TEXT.format("MessageGroupId")))
      for group in ("", "with space", "x" * 129, "\u00e9", "tab\t")],
    *[(*send("{fifo}", MessageGroupId="g", MessageDeduplicationId=dedup), "InvalidParameterValue",
       value_text(dedup, "MessageDeduplicationId", ID_TEXT.format("MessageDeduplicationId")))
      for dedup in ("", "with space", "x" * 129)],
    (*send(MessageDeduplicationId="d"), "InvalidParameterValue",
     value_text("d", "MessageDeduplicationId",
                "The request includes a parameter that is not valid for this queue type.")),
    (*attributed({f"n{i}": TEXT for i in range(11)}), "InvalidParameterValue",
     "Number of message attributes [11] exceeds the allowed maximum [10]."),
    (*attributed({"": TEXT}), "InvalidParameterValue",
     "The request must contain non-empty message (user) attribute names."),
    (*attributed({"n" * 257: TEXT}), "InvalidParameterValue",
     "Message (user) attribute name must be shorter than 256 bytes."),
    (*attributed({"n": {"DataType": "String." + "x" * 250, "StringValue": "v"}}),
     "InvalidParameterValue", "Message (user) attribute type must be shorter than 256 bytes."),
    *[(*attributed({name: TEXT}), "InvalidParameterValue",
       "You can't use message attribute names beginning with 'AWS.' or 'Amazon'. These strings "
       "are reserved for internal use.")
      for name in ("AWS.x", "aws.trace", "Amazon.x", "aMaZoN.y")],
    (*attributed({"n": {"DataType": "String"}}), "InvalidParameterValue",
     "The message (user) attribute 'n' must contain a non-empty message attribute value."),
    (*attributed({"n": {"DataType": "String", "StringValue": ""}}), "InvalidParameterValue",
     "Message (user) attribute 'n' must contain a non-empty value of type 'String'."),
    (*attributed({"n": {"DataType": "Binary", "BinaryValue": b""}}), "InvalidParameterValue",
     "Message (user) attribute 'n' must contain a non-empty value of type 'Binary'."),
    *[(*attributed({"n": {"DataType": kind, "StringValue": "v"}}), "InvalidParameterValue",
       "The type of message (user) attribute 'n' is invalid. You must use only the following "
       "supported type prefixes: Binary, Number, String.")
      for kind in ("", "Text", "string", "Numbers", "Stringy.x")],
    *[(*attributed({"n": {"DataType": "Number", "StringValue": value}}), "InvalidParameterValue",
       "Can't cast the value of message (user) attribute 'n' to a number.")
      for value in ("abc", "1x", "--1", "1.2.3", "1e999", "0x10", "1" * 39, ".", "1e127",
                    "0.1e-128", "1e", "1e+-1")],
    (*attributed({"n": {"DataType": "String", "StringListValues": ["a"]}}),
     "InvalidParameterValue",
     "Message attribute list values in SendMessage operation are not supported."),
    (*attributed({"n": {"DataType": "String", "StringValue": "\x01"}}), "InvalidParameterValue",
     CHARACTERS_TEXT),
    *[(*attributed({name: TEXT}), "InvalidParameterValue",
       f"Message (user) attribute name '{name}' is invalid. It can contain alphanumeric "
       "characters, underscores, hyphens and periods, and cannot start or end with a period or "
       "have two in a row.")
      for name in ("a b", "a/b", ".a", "a.", "a..b", "a\u00a7", "\u00bf", "\u0180", "\u4e2d",
                   "\U0001f600")],
    (*send(MessageSystemAttributes={"Other": TEXT}), "InvalidParameterValue",
     "Message system attribute name 'Other' is invalid."),
]


def empty_text(entry):
    return f"There should be at least one {entry} in the request."


BATCHES = []
for OPERATION, ENTRY in (("SendMessageBatch", {"MessageBody": "b"}),
                         ("DeleteMessageBatch", {"ReceiptHandle": "r"}),
                         ("ChangeMessageVisibilityBatch",
                          {"ReceiptHandle": "r", "VisibilityTimeout": 1})):
    BATCHES += [
        (OPERATION, {"QueueUrl": "{queue}"}, "per dialect", ""),
        (*entries(OPERATION), "per dialect empty", empty_text(OPERATION + "RequestEntry")),
        (*entries(OPERATION, *[{"Id": f"e{i}"} | ENTRY for i in range(20)]),
         BATCH + "TooManyEntriesInBatchRequest",
         "Maximum number of entries per request are 10. You have sent 20."),
        *[(*entries(OPERATION, {"Id": entry_id} | ENTRY), BATCH + "InvalidBatchEntryId",
           ENTRY_ID_TEXT) for entry_id in ("", "with space", "x" * 81, "dot.dot", "\u00e9")],
        (*entries(OPERATION, {"Id": "a"} | ENTRY, ENTRY), "MissingParameter",
         f"The request must contain the parameter {OPERATION}RequestEntry.2.Id."),
        (*entries(OPERATION, {"Id": "a"} | ENTRY, {"Id": "b"} | ENTRY, {"Id": "a"} | ENTRY),
         BATCH + "BatchEntryIdsNotDistinct", "Id a repeated."),
    ]
BATCHES = [row for row in BATCHES if not row[2].startswith("per dialect")] + [
    (*entries("SendMessageBatch", send_entry(1, MessageBody="x" * (MIB // 2)),
              send_entry(2, MessageBody="x" * (MIB // 2 + 1))),
     BATCH + "BatchRequestTooLong",
     "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes."),
    (*entries("SendMessageBatch", send_entry(1, MessageGroupId="g"), url="{fifo}"),
     "InvalidParameterValue",
     "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId "
     "provided explicitly"),
    (*entries("SendMessageBatch", send_entry(1, MessageDeduplicationId="d"), url="{fifo}"),
     "InvalidParameterValue", "The request must contain the parameter MessageGroupId."),
    (*entries("SendMessageBatch",
              send_entry(1, MessageGroupId="g", MessageDeduplicationId="d"),
              send_entry(2, MessageGroupId="g", MessageDeduplicationId="e", MessageBody="\x01"),
              url="{fifo}"), "InvalidMessageContents", CHARACTERS_TEXT),
]

# What is wrong first is what is said, in the order that was observed of AWS.
BATCHES += [
    (*entries("SendMessageBatch", *[send_entry(0, Id="bad id")] * 11),
     BATCH + "TooManyEntriesInBatchRequest",
     "Maximum number of entries per request are 10. You have sent 11."),
    (*entries("SendMessageBatch", send_entry(1), send_entry(1), send_entry(0, Id="bad id")),
     BATCH + "InvalidBatchEntryId", ENTRY_ID_TEXT),
    (*entries("SendMessageBatch", send_entry(1, MessageBody="x" * MIB), send_entry(1)),
     BATCH + "BatchEntryIdsNotDistinct", "Id e1 repeated."),
    (*entries("SendMessageBatch", send_entry(1), url="{fifo}"), "InvalidParameterValue",
     "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId "
     "provided explicitly"),
    (*entries("SendMessageBatch", send_entry(1, MessageBody="x" * MIB),
              send_entry(2, MessageDeduplicationId="d"), url="{fifo}"), "InvalidParameterValue",
     "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId "
     "provided explicitly"),
    (*entries("SendMessageBatch", send_entry(1, MessageBody=""),
              send_entry(2, MessageBody="x" * (MIB + 1))), BATCH + "BatchRequestTooLong",
     "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes."),
    ("SendMessageBatch", {"QueueUrl": "absent", "Entries": []}, NO_QUEUE, *NO_QUEUE_TEXTS),
]

RECEIVING = [
    *[("ReceiveMessage", {"QueueUrl": "{queue}", "MaxNumberOfMessages": number},
       "InvalidParameterValue", value_text(number, "MaxNumberOfMessages",
                                           "Must be between 1 and 10, if provided."))
      for number in (0, 11, -1)],
    *[("ReceiveMessage", {"QueueUrl": "{queue}", "WaitTimeSeconds": number},
       "InvalidParameterValue",
       value_text(number, "WaitTimeSeconds", "Must be >= 0 and <= 20, if provided."))
      for number in (-1, 21)],
    *[("ReceiveMessage", {"QueueUrl": "{queue}", "VisibilityTimeout": number},
       "InvalidParameterValue",
       value_text(number, "VisibilityTimeout", "Must be >= 0 and <= 43200, if provided."))
      for number in (-1, 43201)],
    *[("ReceiveMessage", {"QueueUrl": "{queue}", "MaxNumberOfMessages": 1, "WaitTimeSeconds": 1,
                          "VisibilityTimeout": 1, name: 50000}, "InvalidParameterValue",
       value_text(50000, name, f"Must be {rule}, if provided."))
      for name, rule in (("MaxNumberOfMessages", "between 1 and 10"),
                         ("WaitTimeSeconds", ">= 0 and <= 20"),
                         ("VisibilityTimeout", ">= 0 and <= 43200"))],
    ("ReceiveMessage", {"QueueUrl": "{queue}", "MessageSystemAttributeNames": ["Nonsense"]},
     "InvalidAttributeName", "Unknown Attribute Nonsense."),
    *[("ReceiveMessage", {"QueueUrl": "{fifo}", "ReceiveRequestAttemptId": attempt},
       "InvalidParameterValue", value_text(attempt, "ReceiveRequestAttemptId",
                                           ID_TEXT.format("ReceiveRequestAttemptId")))
      for attempt in ("", "with space", "x" * 129)],
    ("DeleteMessage", {"QueueUrl": "{queue}"}, "MissingParameter",
     "The request must contain the parameter ReceiptHandle."),
    *[(operation, {"QueueUrl": "{queue}", "ReceiptHandle": handle} | more,
       "ReceiptHandleIsInvalid",
       f'The input receipt handle "{handle}" is not a valid receipt handle.')
      for operation, more in (("DeleteMessage", {}),
                              ("ChangeMessageVisibility", {"VisibilityTimeout": 1}))
      for handle in ("garbage", "AQEB" * 15, "\u00e9", "{other_handle}")],
    ("ChangeMessageVisibility", {"QueueUrl": "{queue}", "VisibilityTimeout": 1},
     "MissingParameter", "The request must contain the parameter ReceiptHandle."),
    ("ChangeMessageVisibility", {"QueueUrl": "{queue}", "ReceiptHandle": "{handle}"},
     "MissingParameter", "The request must contain the parameter VisibilityTimeout."),
    *[("ChangeMessageVisibility", {"QueueUrl": "{queue}", "ReceiptHandle": "{handle}",
                                   "VisibilityTimeout": number}, "InvalidParameterValue",
       value_text(number, "VisibilityTimeout", "Must be between 0 and 43200."))
      for number in (-1, 43201)],
    ("ChangeMessageVisibility", {"QueueUrl": "{queue}", "ReceiptHandle": "{handle}",
                                 "VisibilityTimeout": 43200, "later": True},
     "InvalidParameterValue",
     value_text(43200, "VisibilityTimeout",
                "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]")),
]

LISTING = [
    *[(operation, {"MaxResults": number} | more, "InvalidParameterValue",
       "Value for parameter MaxResults is invalid. Reason: MaxResults must be an integer between "
       "1 and 1000.")
      for operation, more in (("ListQueues", {}),
                              ("ListDeadLetterSourceQueues", {"QueueUrl": "{queue}"}))
      for number in (-1, 1001)],
    *[(operation, {"NextToken": token} | more, "InvalidParameterValue",
       "Invalid or expired next token.")
      for operation, more in (("ListQueues", {}),
                              ("ListDeadLetterSourceQueues", {"QueueUrl": "{queue}"}))
      for token in ("nonsense", "abc", "6" * 400)],
]

ACTION_TEXT = "Please refer to the appropriate WSDL for a list of valid actions."
OWNER_TEXT = "Only the queue owner is allowed to invoke this action."


def permission(actions, label="l", accounts=("111122223333",)):
    return "AddPermission", {"QueueUrl": "{queue}", "Label": label,
                             "AWSAccountIds": list(accounts), "Actions": actions}


PERMISSIONS = [
    *[(*permission([action]), "InvalidParameterValue",
       value_text(f"SQS:{action}", "ActionName", ACTION_TEXT))
      for action in ("SendMessageBatch", "DeleteMessageBatch", "ChangeMessageVisibilityBatch",
                     "Nonsense", "sendmessage")],
    *[(*permission([action]), "InvalidParameterValue",
       value_text(f"SQS:{action}", "ActionName", OWNER_TEXT))
      for action in ("AddPermission", "CreateQueue", "DeleteQueue", "ListQueues", "TagQueue",
                     "SetQueueAttributes", "RemovePermission")],
    (*permission([]), "MissingParameter", "The request must contain the parameter ActionName."),
    (*permission(["*"], accounts=()), "MissingParameter",
     "The request must contain the parameter AWSAccountId."),
    *[(*permission(["*"], accounts=("111122223333", account)), "InvalidParameterValue",
       value_text(f"[{account}]", "PrincipalId", "Unable to verify."))
      for account in ("12", "12345678901x", "12345678901/", "1234567890123", "")],
    (*permission(["*", "SendMessage", "ReceiveMessage", "DeleteMessage", "PurgeQueue",
                  "ChangeMessageVisibility", "GetQueueAttributes", "GetQueueUrl"]), "OverLimit",
     "8 Actions were found, maximum allowed is 7."),
    *[(*permission(["*"], label=label), "InvalidParameterValue",
       value_text(label, "Label", "Can only include alphanumeric characters, hyphens, or "
                                  "underscores. 1 to 80 in length."))
      for label in ("with space", "x" * 81, "dot.")],
    ("RemovePermission", {"QueueUrl": "{queue}"}, "MissingParameter",
     "The request must contain the parameter Label."),
    ("RemovePermission", {"QueueUrl": "{queue}", "Label": "absent"}, "InvalidParameterValue",
     value_text("absent", "Label", "can't find label.")),
]

TAGS = [
    ("TagQueue", {"QueueUrl": "{queue}"}, "MissingParameter",
     "The request must contain the parameter Tags."),
    ("TagQueue", {"QueueUrl": "{queue}", "Tags": {f"k{i}": "v" for i in range(51)}},
     "InvalidParameterValue", "Too many tags added for queue {queue_name}."),
    # Before any of them is looked at: a request may have very many.
    ("TagQueue", {"QueueUrl": "{queue}", "Tags": {"": "v"} | {f"k{i}": "v" for i in range(50)}},
     "InvalidParameterValue", "Too many tags added for queue {queue_name}."),
    (*create({}, tags={f"k{i}": "v" for i in range(51)}), "InvalidParameterValue",
     "Too many tags added for queue fresh."),
    ("UntagQueue", {"QueueUrl": "{queue}"}, "MissingParameter",
     "The request must contain the parameter TagKeys."),
    *[("TagQueue", {"QueueUrl": "{queue}", "Tags": {key: "v"}}, "InvalidParameterValue",
       value_text(key, "TagKey", "Tag keys must be between 1 and 128 letters, digits, blanks or "
                                 "_.:/=+-@."))
      for key in ("", "x" * 129, "a*b")],
    *[("TagQueue", {"QueueUrl": "{queue}", "Tags": {"k": value}}, "InvalidParameterValue",
       value_text(value, "TagValue", "Tag values must be at most 256 letters, digits, blanks or "
                                     "_.:/=+-@."))
      for value in ("x" * 257, "a;b")],
]

GONE = "arn:aws:sqs:us-east-1:000000000000:absent"


def task_handle(arn):
    """A handle as AWS builds it, of a task that is not there."""
    return base64.b64encode(json.dumps({
        "taskId": "4a5a9bb0-35d8-4b3b-9d5d-0f3e50ab5c5d", "sourceArn": arn}).encode()).decode()


MOVES = [
    *[(operation, members, "MissingParameter",
       f"The request must contain the parameter {name}.")
      for operation, members, name in (("StartMessageMoveTask", {}, "SourceArn"),
                                       ("ListMessageMoveTasks", {}, "SourceArn"),
                                       ("CancelMessageMoveTask", {}, "TaskHandle"))],
    *[(operation, {"SourceArn": arn}, "InvalidParameterValue", ARN_TEXT.format("SourceArn"))
      for operation in ("StartMessageMoveTask", "ListMessageMoveTasks")
      for arn in ("nonsense", "arn:aws:sqs", "{queue}")],
    *[(operation, {"SourceArn": GONE}, "ResourceNotFoundException",
       "The resource that you specified for the SourceArn parameter doesn't exist.")
      for operation in ("StartMessageMoveTask", "ListMessageMoveTasks")],
    ("StartMessageMoveTask", {"SourceArn": "{queue_arn}"}, "InvalidParameterValue",
     "Source queue must be configured as a Dead Letter Queue."),
    ("StartMessageMoveTask", {"SourceArn": "{dlq_arn}", "DestinationArn": "nonsense"},
     "InvalidParameterValue", ARN_TEXT.format("DestinationArn")),
    ("StartMessageMoveTask", {"SourceArn": "{dlq_arn}", "DestinationArn": GONE},
     "ResourceNotFoundException",
     "The resource that you specified for the DestinationArn parameter doesn't exist."),
    ("StartMessageMoveTask", {"SourceArn": "{dlq_arn}", "DestinationArn": "{dlq_arn}"},
     "InvalidParameterValue", "Source queue arn and destination queue arn cannot be the same."),
    ("StartMessageMoveTask", {"SourceArn": "{dlq_arn}", "DestinationArn": "{fifo_arn}"},
     "InvalidParameterValue",
     "The source queue and destination queue must be of the same queue type."),
    *[("StartMessageMoveTask", {"SourceArn": "{dlq_arn}", "MaxNumberOfMessagesPerSecond": rate},
       "InvalidParameterValue",
       "Value for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: You must enter a "
       "number that's between 1 and 500.") for rate in (0, 501, -1)],
    *[("ListMessageMoveTasks", {"SourceArn": "{dlq_arn}", "MaxResults": number},
       "InvalidParameterValue", "Value for parameter MaxResults is invalid. Reason: MaxResults "
       "must be an integer between 1 and 10.") for number in (0, 11, -1)],
    *[("CancelMessageMoveTask", {"TaskHandle": handle}, "InvalidParameterValue",
       "Value for parameter TaskHandle is invalid.")
      for handle in ("nonsense", "e30=", "bm9uc2Vuc2U=", "{handle}")],
    ("CancelMessageMoveTask", {"TaskHandle": task_handle(GONE)}, "ResourceNotFoundException",
     "The resource that you specified for the SourceArn parameter doesn't exist."),
    ("CancelMessageMoveTask",
     {"TaskHandle": task_handle("arn:aws:sqs:us-east-1:000000000000:errors-dlq")},
     "ResourceNotFoundException", "Task does not exist."),
]

ROWS = [*QUEUES, *POLICIES, *ABSENT, *SENDING, *BATCHES, *RECEIVING, *LISTING, *PERMISSIONS,
        *TAGS, *MOVES]


def fill(value, names):
    """Puts names in place of {name}, wherever it stands."""
    if isinstance(value, dict):
        return {fill(key, names): fill(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [fill(item, names) for item in value]
    if isinstance(value, str) and "{" in value:
        for name, text in names.items():
            value = value.replace("{" + name + "}", text)
    return value


def arn_of(name):
    return "arn:aws:sqs:us-east-1:000000000000:" + name


@pytest.fixture(scope="module")
def names(server):
    """Queues that every row may use, as no row changes anything."""
    sqs = server.client()

    def make(name, **attributes):
        return sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    made = {"queue": make("errors"), "fifo": make("errors.fifo", FifoQueue="true"),
            "small": make("errors-small", MaximumMessageSize="1024"),
            "dlq": make("errors-dlq"), "other": make("errors-other")}
    made |= {"queue_name": "errors", "fifo_name": "errors.fifo", "queue_arn": arn_of("errors"),
             "fifo_arn": arn_of("errors.fifo"), "dlq_arn": arn_of("errors-dlq")}
    make("errors-source", RedrivePolicy='{"deadLetterTargetArn":"%s","maxReceiveCount":1}'
         % made["dlq_arn"])
    for key, url in (("handle", made["queue"]), ("other_handle", made["other"])):
        sqs.send_message(QueueUrl=url, MessageBody="b")
        [message] = sqs.receive_message(QueueUrl=url, VisibilityTimeout=43200)["Messages"]
        made[key] = message["ReceiptHandle"]
    return made


def title(row):
    return f"{row[0]}-{row[2].rpartition('.')[2]}"


@pytest.mark.parametrize("row", ROWS, ids=title)
@pytest.mark.parametrize("dialect", [Json, Query], ids=lambda dialect: dialect.name)
def test_refusal(server, names, dialect, row):
    operation, members, code, *texts = row
    members = fill({name: value for name, value in members.items() if name != "later"}, names)
    with pytest.raises(Fault) as caught:
        dialect(server).call(operation, members)
    fault = caught.value
    shape, status = FAULTS[code]
    assert fault.message == fill(texts[-1 if dialect is Query else 0], names)
    assert (fault.code, fault.status) == (code, status)
    assert fault.shape == (None if dialect is Query else shape)


@pytest.mark.parametrize("operation", ["SendMessageBatch", "DeleteMessageBatch",
                                       "ChangeMessageVisibilityBatch"])
def test_batch_without_entries(json_api, query_api, names, operation):
    """In JSON a missing list differs from an empty one; a form cannot tell."""
    empty = empty_text(operation + "RequestEntry")
    for api, members, code, text in (
            (json_api, {}, "MissingParameter", "The request must contain the parameter Entries."),
            (json_api, {"Entries": []}, BATCH + "EmptyBatchRequest", empty),
            (query_api, {}, BATCH + "EmptyBatchRequest", empty)):
        with pytest.raises(Fault) as caught:
            api.call(operation, {"QueueUrl": names["queue"]} | members)
        assert (caught.value.code, caught.value.message) == (code, text)


@pytest.mark.parametrize("dialect", [Json, Query, QueryString], ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("operation", sorted(ALL_ON_QUEUE))
def test_path_names_the_queue(server, name, dialect, operation):
    """Every operation on a queue finds it by the request's path alone."""
    api = dialect(server)
    url = api.CreateQueue(QueueName=name)["QueueUrl"]
    try:
        api.call(operation, ALL_ON_QUEUE[operation], url[url.index("/", 8):])
    except Fault as fault:
        # Their handle or label is no good, which can only be said of a queue that was found.
        assert fault.code in ("ReceiptHandleIsInvalid", "InvalidParameterValue")
        assert "Value l for" in fault.message or '"r"' in fault.message


def test_no_row_changed_anything(server, names):
    """The last of this file: the queues are as the fixture made them."""
    sqs = server.client()
    found = sqs.get_queue_attributes(QueueUrl=names["queue"], AttributeNames=["All"])["Attributes"]
    assert found["ApproximateNumberOfMessages"] == "0"
    assert found["VisibilityTimeout"] == "30"
    assert {"Policy", "RedrivePolicy", "RedriveAllowPolicy"}.isdisjoint(found)
    assert "Tags" not in sqs.list_queue_tags(QueueUrl=names["queue"])
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix="fresh")
