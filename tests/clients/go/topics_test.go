// SPDX-License-Identifier: MIT

package clients

import (
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

func newTopic(t *testing.T, client *sns.Client, attributes map[string]string) *string {
	t.Helper()
	suffix := ""
	if attributes["FifoTopic"] == "true" {
		suffix = ".fifo"
	}
	made, err := client.CreateTopic(newContext(t), &sns.CreateTopicInput{
		Name: aws.String(newName(suffix)), Attributes: attributes})
	must(t, err)
	return made.TopicArn
}

// The URL of a new queue that is subscribed to the topic.
func subscribeQueue(t *testing.T, client *sns.Client, queues *sqs.Client, topic *string,
	attributes, queueAttributes map[string]string) *string {
	t.Helper()
	url := newQueue(t, queues, queueAttributes)
	arn := allowService(t, queues, url, "sns.amazonaws.com", *topic)
	_, err := client.Subscribe(newContext(t), &sns.SubscribeInput{
		TopicArn: topic, Protocol: aws.String("sqs"), Endpoint: &arn,
		Attributes: attributes})
	must(t, err)
	return url
}

func TestAPublishedMessageArrivesInItsEnvelope(t *testing.T) {
	queues, client, ctx := newClient(t), sns.NewFromConfig(newConfig(t)), newContext(t)
	topic := newTopic(t, client, nil)
	url := subscribeQueue(t, client, queues, topic, nil, nil)
	sent, err := client.Publish(ctx, &sns.PublishInput{
		TopicArn: topic, Message: aws.String("grüße <&>"), Subject: aws.String("greeting"),
		MessageAttributes: map[string]types.MessageAttributeValue{"color": {
			DataType: aws.String("String"), StringValue: aws.String("red")}}})
	must(t, err)
	var envelope struct {
		Type, MessageId, TopicArn, Subject, Message string
		MessageAttributes                           map[string]struct{ Type, Value string }
	}
	must(t, json.Unmarshal([]byte(receiveBodies(t, queues, url, 1)[0]), &envelope))
	equal(t, "the type", envelope.Type, "Notification")
	equal(t, "the id", envelope.MessageId, *sent.MessageId)
	equal(t, "the topic", envelope.TopicArn, *topic)
	equal(t, "the subject", envelope.Subject, "greeting")
	equal(t, "the message", envelope.Message, "grüße <&>")
	equal(t, "the attribute", envelope.MessageAttributes["color"].Value, "red")

	var subscriptions int
	pages := sns.NewListSubscriptionsByTopicPaginator(client,
		&sns.ListSubscriptionsByTopicInput{TopicArn: topic})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		must(t, err)
		subscriptions += len(page.Subscriptions)
	}
	equal(t, "the number of subscriptions", subscriptions, 1)
}

func TestABatchReachesTheSubscriptionsWhoseFilterMatches(t *testing.T) {
	queues, client, ctx := newClient(t), sns.NewFromConfig(newConfig(t)), newContext(t)
	topic := newTopic(t, client, nil)
	all := subscribeQueue(t, client, queues, topic,
		map[string]string{"RawMessageDelivery": "true"}, nil)
	few := subscribeQueue(t, client, queues, topic, map[string]string{
		"RawMessageDelivery": "true",
		"FilterPolicy":       `{"size":[{"numeric":[">",1]}]}`}, nil)
	number, binary := aws.String("Number"), aws.String("Binary")
	var entries []types.PublishBatchRequestEntry
	for _, size := range []string{"1", "2", "3"} {
		entries = append(entries, types.PublishBatchRequestEntry{
			Id: aws.String("id" + size), Message: aws.String(size),
			MessageAttributes: map[string]types.MessageAttributeValue{
				"size":  {DataType: number, StringValue: aws.String(size)},
				"bytes": {DataType: binary, BinaryValue: []byte{0, 255}}}})
	}
	entries = append(entries, types.PublishBatchRequestEntry{
		Id: aws.String("empty"), Message: aws.String("")})
	sent, err := client.PublishBatch(ctx, &sns.PublishBatchInput{
		TopicArn: topic, PublishBatchRequestEntries: entries})
	must(t, err)
	equal(t, "the number of successes", len(sent.Successful), 3)
	equal(t, "the number of failures", len(sent.Failed), 1)
	equal(t, "the failed entry", *sent.Failed[0].Id, "empty")
	equal(t, "the sender's fault", sent.Failed[0].SenderFault, true)
	unfiltered, filtered := receiveBodies(t, queues, all, 3), receiveBodies(t, queues, few, 2)
	sort.Strings(unfiltered)
	sort.Strings(filtered)
	equal(t, "what arrives without a filter", fmt.Sprint(unfiltered), "[1 2 3]")
	equal(t, "what arrives with a filter", fmt.Sprint(filtered), "[2 3]")
	equal(t, "the rest", len(receive(t, queues, sqs.ReceiveMessageInput{QueueUrl: few})), 0)
}

func TestAFifoTopicDropsDuplicates(t *testing.T) {
	queues, client := newClient(t), sns.NewFromConfig(newConfig(t))
	topic := newTopic(t, client, map[string]string{"FifoTopic": "true"})
	url := subscribeQueue(t, client, queues, topic,
		map[string]string{"RawMessageDelivery": "true"},
		map[string]string{"FifoQueue": "true"})
	publish := func(body, id string) *sns.PublishOutput {
		sent, err := client.Publish(newContext(t), &sns.PublishInput{
			TopicArn: topic, Message: &body, MessageGroupId: aws.String("g"),
			MessageDeduplicationId: &id})
		must(t, err)
		equal(t, "the digits of the number", len(*sent.SequenceNumber), 20)
		return sent
	}
	first := publish("one", "d")
	equal(t, "the duplicate's id", *publish("other", "d").MessageId, *first.MessageId)
	publish("two", "e")
	equal(t, "what arrives", fmt.Sprint(receiveBodies(t, queues, url, 2)), "[one two]")
}

func TestFaultsOfTopicsAreTyped(t *testing.T) {
	client := sns.NewFromConfig(newConfig(t))
	topic := newTopic(t, client, nil)
	_, err := client.DeleteTopic(newContext(t), &sns.DeleteTopicInput{TopicArn: topic})
	must(t, err)
	_, err = client.Publish(newContext(t), &sns.PublishInput{
		TopicArn: topic, Message: aws.String("late")})
	var missing *types.NotFoundException
	equal(t, "typed as NotFoundException", errors.As(err, &missing), true)
	_, err = client.CreateTopic(newContext(t), &sns.CreateTopicInput{
		Name: aws.String("no name")})
	var invalid *types.InvalidParameterException
	equal(t, "typed as InvalidParameterException", errors.As(err, &invalid), true)
}
