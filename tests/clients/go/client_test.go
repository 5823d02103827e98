// SPDX-License-Identifier: MIT

// Package clients drives a ternd with the AWS SDK for Go v2. The server is that of TERN_ENDPOINT;
// test_go.py starts one.
package clients

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

var number atomic.Int64

func newContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func newConfig(t *testing.T) aws.Config {
	t.Helper()
	endpoint := os.Getenv("TERN_ENDPOINT")
	if endpoint == "" {
		t.Fatal("TERN_ENDPOINT is not set; pytest tests/clients/test_go.py sets it")
	}
	loaded, err := config.LoadDefaultConfig(newContext(t),
		config.WithRegion("us-east-1"),
		config.WithBaseEndpoint(endpoint),
		config.WithRetryMaxAttempts(1))
	must(t, err)
	return loaded
}

func newClient(t *testing.T) *sqs.Client {
	t.Helper()
	return sqs.NewFromConfig(newConfig(t))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("%s is %v, not %v", what, got, want)
	}
}

func newName(suffix string) string {
	return fmt.Sprintf("go-%d-%d%s", os.Getpid(), number.Add(1), suffix)
}

func newQueue(t *testing.T, client *sqs.Client, attributes map[string]string) *string {
	t.Helper()
	suffix := ""
	if attributes["FifoQueue"] == "true" {
		suffix = ".fifo"
	}
	made, err := client.CreateQueue(newContext(t), &sqs.CreateQueueInput{
		QueueName: aws.String(newName(suffix)), Attributes: attributes})
	must(t, err)
	return made.QueueUrl
}

func attributeOf(t *testing.T, client *sqs.Client, url *string,
	name types.QueueAttributeName) string {
	t.Helper()
	found, err := client.GetQueueAttributes(newContext(t), &sqs.GetQueueAttributesInput{
		QueueUrl: url, AttributeNames: []types.QueueAttributeName{name}})
	must(t, err)
	return found.Attributes[string(name)]
}

// A queue whose messages go to a second one after `receives` receives.
func newQueueWithDeadLetters(t *testing.T, client *sqs.Client,
	receives int) (queue, deadLetters *string, deadLettersArn string) {
	t.Helper()
	deadLetters = newQueue(t, client, nil)
	deadLettersArn = attributeOf(t, client, deadLetters, types.QueueAttributeNameQueueArn)
	policy := fmt.Sprintf(`{"deadLetterTargetArn":"%s","maxReceiveCount":%d}`,
		deadLettersArn, receives)
	queue = newQueue(t, client, map[string]string{"RedrivePolicy": policy})
	return queue, deadLetters, deadLettersArn
}

func send(t *testing.T, client *sqs.Client, url *string, body string) *sqs.SendMessageOutput {
	t.Helper()
	sent, err := client.SendMessage(newContext(t), &sqs.SendMessageInput{
		QueueUrl: url, MessageBody: aws.String(body)})
	must(t, err)
	return sent
}

func receive(t *testing.T, client *sqs.Client, in sqs.ReceiveMessageInput) []types.Message {
	t.Helper()
	if in.MaxNumberOfMessages == 0 {
		in.MaxNumberOfMessages = 10
	}
	received, err := client.ReceiveMessage(newContext(t), &in)
	must(t, err)
	return received.Messages
}

// Lets a service send to the queue for one of its resources (a topic, a rule); gives its ARN.
func allowService(t *testing.T, client *sqs.Client, url *string, service, source string) string {
	t.Helper()
	arn := attributeOf(t, client, url, types.QueueAttributeNameQueueArn)
	policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",`+
		`"Principal":{"Service":"%s"},"Action":"sqs:SendMessage","Resource":"%s",`+
		`"Condition":{"ArnEquals":{"aws:SourceArn":"%s"}}}]}`, service, arn, source)
	_, err := client.SetQueueAttributes(newContext(t), &sqs.SetQueueAttributesInput{
		QueueUrl: url, Attributes: map[string]string{"Policy": policy}})
	must(t, err)
	return arn
}

// Waits for so many messages, deletes them and gives their bodies.
func receiveBodies(t *testing.T, client *sqs.Client, url *string, count int) []string {
	t.Helper()
	var bodies []string
	for len(bodies) < count {
		messages := receive(t, client, sqs.ReceiveMessageInput{
			QueueUrl: url, WaitTimeSeconds: 20})
		if len(messages) == 0 {
			t.Fatalf("%d messages arrived, not %d", len(bodies), count)
		}
		for _, message := range messages {
			_, err := client.DeleteMessage(newContext(t), &sqs.DeleteMessageInput{
				QueueUrl: url, ReceiptHandle: message.ReceiptHandle})
			must(t, err)
			bodies = append(bodies, *message.Body)
		}
	}
	return bodies
}
