<?php
// SPDX-License-Identifier: MIT
// AsyncAws, which Symfony Messenger uses, against the server of TERN_ENDPOINT; test_php.py runs it.
// It prints a line for each behaviour that holds and ends with status 1 at the first that does not.
require '/usr/share/php/AsyncAws/Sqs/autoload.php';

use AsyncAws\Core\Exception\Http\ClientException;
use AsyncAws\Sqs\Exception\QueueDoesNotExistException;
use AsyncAws\Sqs\Exception\ReceiptHandleIsInvalidException;
use AsyncAws\Sqs\SqsClient;

$sqs = new SqsClient([
    'endpoint' => getenv('TERN_ENDPOINT'), 'region' => 'us-east-1',
    'accessKeyId' => getenv('AWS_ACCESS_KEY_ID'),
    'accessKeySecret' => getenv('AWS_SECRET_ACCESS_KEY'),
]);

function equal(string $what, $got, $want): void
{
    if ($got !== $want) {
        echo "$what: ", json_encode($got), ' is not ', json_encode($want), "\n";
        exit(1);
    }
}

function receive(SqsClient $sqs, string $url, array $more = []): array
{
    $received = $sqs->receiveMessage(['QueueUrl' => $url, 'MaxNumberOfMessages' => 10,
        'AttributeNames' => ['All'], 'MessageAttributeNames' => ['All']] + $more);
    return $received->getMessages();
}

function bodies(array $messages): array
{
    return array_map(fn ($message) => $message->getBody(), $messages);
}

function attributes(SqsClient $sqs, string $url): array
{
    $found = $sqs->getQueueAttributes(['QueueUrl' => $url, 'AttributeNames' => ['All']]);
    return $found->getAttributes();
}

function makeQueue(SqsClient $sqs, string $suffix, array $attributes = []): string
{
    $name = 'php-' . getmypid() . '-' . $suffix;
    return $sqs->createQueue(['QueueName' => $name, 'Attributes' => $attributes])->getQueueUrl();
}

$url = makeQueue($sqs, 'plain');
equal('its name', $sqs->getQueueUrl(['QueueName' => basename($url)])->getQueueUrl(), $url);
equal('its state', $sqs->queueExists(['QueueName' => basename($url)])->isSuccess(), true);
$listed = $sqs->listQueues(['QueueNamePrefix' => basename($url)]);
equal('the list', iterator_to_array($listed->getQueueUrls()), [$url]);
echo "queues are found\n";

$body = "grüße 🐦 <&> \t\r\n";
$sent = $sqs->sendMessage(['QueueUrl' => $url, 'MessageBody' => $body, 'MessageAttributes' => [
    'number' => ['DataType' => 'Number', 'StringValue' => '42'],
    'bytes' => ['DataType' => 'Binary', 'BinaryValue' => "\x00\x01\xfe\xff"],
]]);
[$message] = receive($sqs, $url);
equal('the body', $message->getBody(), $body);
equal('the id', $message->getMessageId(), $sent->getMessageId());
equal('the digest', $message->getMD5OfBody(), md5($body));
equal('number', $message->getMessageAttributes()['number']->getStringValue(), '42');
equal('bytes', $message->getMessageAttributes()['bytes']->getBinaryValue(), "\x00\x01\xfe\xff");
equal('the count', $message->getAttributes()['ApproximateReceiveCount'], '1');
$handle = ['QueueUrl' => $url, 'ReceiptHandle' => $message->getReceiptHandle()];
$sqs->changeMessageVisibility($handle + ['VisibilityTimeout' => 0])->resolve();
[$message] = receive($sqs, $url, ['WaitTimeSeconds' => 20]);
$handle = ['QueueUrl' => $url, 'ReceiptHandle' => $message->getReceiptHandle()];
$sqs->deleteMessage($handle)->resolve();
equal('in flight', attributes($sqs, $url)['ApproximateNumberOfMessagesNotVisible'], '0');
echo "messages come back as they were sent\n";

$entries = array_map(fn ($i) => ['Id' => "e$i", 'MessageBody' => "body $i"], range(0, 9));
$sent = $sqs->sendMessageBatch(['QueueUrl' => $url, 'Entries' => $entries]);
equal('sent', count($sent->getSuccessful()), 10);
$handles = array_map(fn ($message) => ['Id' => $message->getMessageId(),
    'ReceiptHandle' => $message->getReceiptHandle()], receive($sqs, $url));
$deleted = $sqs->deleteMessageBatch(['QueueUrl' => $url, 'Entries' => $handles]);
equal('deleted', count($deleted->getSuccessful()), 10);
echo "batches pass\n";

$isFifo = ['FifoQueue' => 'true', 'ContentBasedDeduplication' => 'true'];
$fifo = makeQueue($sqs, 'order.fifo', $isFifo);
foreach (['1', '2', '2', '3'] as $body) {
    $message = ['QueueUrl' => $fifo, 'MessageBody' => $body, 'MessageGroupId' => 'g'];
    $sqs->sendMessage($message)->resolve();
}
equal('the order', bodies(receive($sqs, $fifo)), ['1', '2', '3']);
echo "FIFO keeps the order\n";

$dead = makeQueue($sqs, 'dead');
$policy = json_encode(['deadLetterTargetArn' => attributes($sqs, $dead)['QueueArn'],
    'maxReceiveCount' => 3]);
$queue = makeQueue($sqs, 'source', ['RedrivePolicy' => $policy, 'VisibilityTimeout' => '0']);
$sqs->sendMessage(['QueueUrl' => $queue, 'MessageBody' => 'poison'])->resolve();
for ($i = 0; $i < 3; $i++) {
    equal('received', bodies(receive($sqs, $queue)), ['poison']);
}
equal('received', receive($sqs, $queue), []);
equal('dead', bodies(receive($sqs, $dead)), ['poison']);
echo "dead letters arrive after three receives\n";

try {
    $sqs->getQueueUrl(['QueueName' => basename($url) . '-missing'])->resolve();
    equal('the call', 'went through', 'failed');
} catch (QueueDoesNotExistException $error) {
    equal('its code', $error->getAwsCode(), 'AWS.SimpleQueueService.NonExistentQueue');
}
try {
    $garbage = ['QueueUrl' => $url, 'ReceiptHandle' => 'garbage'];
    $sqs->changeMessageVisibility($garbage + ['VisibilityTimeout' => 0])->resolve();
    equal('the call', 'went through', 'failed');
} catch (ReceiptHandleIsInvalidException $error) {
    equal('its status', $error->getResponse()->getStatusCode(), 404);
}
try {
    $sqs->receiveMessage(['QueueUrl' => $url, 'MaxNumberOfMessages' => 11])->resolve();
    equal('the call', 'went through', 'failed');
} catch (ClientException $error) {
    equal('its code', $error->getAwsCode(), 'InvalidParameterValue');
}
echo "errors have their classes and codes\n";
