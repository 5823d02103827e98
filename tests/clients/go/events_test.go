// SPDX-License-Identifier: MIT

package clients

import (
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	scheduling "github.com/aws/aws-sdk-go-v2/service/scheduler/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	queueing "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func TestARuleSendsTheEventsThatMatchToAQueue(t *testing.T) {
	queues, ctx := newClient(t), newContext(t)
	client := eventbridge.NewFromConfig(newConfig(t))
	bus, rule := newName(""), newName("")
	_, err := client.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: &bus})
	must(t, err)
	pattern := `{"source":["shop"],"detail":{"total":[{"numeric":[">",9]}]}}`
	put, err := client.PutRule(ctx, &eventbridge.PutRuleInput{
		Name: &rule, EventBusName: &bus, EventPattern: &pattern})
	must(t, err)
	url := newQueue(t, queues, nil)
	arn := allowService(t, queues, url, "events.amazonaws.com", *put.RuleArn)
	targets, err := client.PutTargets(ctx, &eventbridge.PutTargetsInput{
		Rule: &rule, EventBusName: &bus,
		Targets: []types.Target{{Id: aws.String("queue"), Arn: &arn}}})
	must(t, err)
	equal(t, "the number of refused targets", targets.FailedEntryCount, 0)

	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	entry := func(detail string) types.PutEventsRequestEntry {
		return types.PutEventsRequestEntry{
			EventBusName: &bus, Source: aws.String("shop"),
			DetailType: aws.String("order placed"), Detail: &detail, Time: &at}
	}
	sent, err := client.PutEvents(ctx, &eventbridge.PutEventsInput{
		Entries: []types.PutEventsRequestEntry{
			entry(`{"total":9}`), entry(`{"total":10}`), entry("no JSON")}})
	must(t, err)
	equal(t, "the number of refused events", sent.FailedEntryCount, 1)
	equal(t, "the code", *sent.Entries[2].ErrorCode, "MalformedDetail")
	var event struct {
		Id, Source string
		Time       time.Time
		Detail     struct{ Total int }
	}
	must(t, json.Unmarshal([]byte(receiveBodies(t, queues, url, 1)[0]), &event))
	equal(t, "the id", event.Id, *sent.Entries[1].EventId)
	equal(t, "the source", event.Source, "shop")
	equal(t, "the time", event.Time, at)
	equal(t, "the total", event.Detail.Total, 10)
	equal(t, "the rest", len(receive(t, queues, sqs.ReceiveMessageInput{QueueUrl: url})), 0)

	_, err = client.DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: &rule})
	var missing *types.ResourceNotFoundException
	equal(t, "typed as ResourceNotFoundException", errors.As(err, &missing), true)
	_, err = client.PutRule(ctx, &eventbridge.PutRuleInput{
		Name: &rule, EventBusName: &bus, EventPattern: aws.String("{")})
	var invalid *types.InvalidEventPatternException
	equal(t, "typed as InvalidEventPatternException", errors.As(err, &invalid), true)
}

func TestAScheduleFiresOnce(t *testing.T) {
	queues, client, ctx := newClient(t), scheduler.NewFromConfig(newConfig(t)), newContext(t)
	url, name := newQueue(t, queues, nil), newName("")
	arn := attributeOf(t, queues, url, queueing.QueueAttributeNameQueueArn)
	soon := time.Now().UTC().Add(2 * time.Second).Format("2006-01-02T15:04:05")
	made, err := client.CreateSchedule(ctx, &scheduler.CreateScheduleInput{
		Name: &name, ScheduleExpression: aws.String("at(" + soon + ")"),
		FlexibleTimeWindow: &scheduling.FlexibleTimeWindow{
			Mode: scheduling.FlexibleTimeWindowModeOff},
		Target: &scheduling.Target{
			Arn: &arn, RoleArn: aws.String(os.Getenv("TERN_ROLE")),
			Input: aws.String("wake up")}})
	must(t, err)
	found, err := client.GetSchedule(ctx, &scheduler.GetScheduleInput{Name: &name})
	must(t, err)
	equal(t, "the ARN", *found.Arn, *made.ScheduleArn)
	equal(t, "the state", found.State, scheduling.ScheduleStateEnabled)
	equal(t, "what arrives", receiveBodies(t, queues, url, 1)[0], "wake up")
	equal(t, "too early", time.Now().UTC().Format("2006-01-02T15:04:05") < soon, false)
	_, err = client.DeleteSchedule(ctx, &scheduler.DeleteScheduleInput{Name: &name})
	must(t, err)
	_, err = client.GetSchedule(ctx, &scheduler.GetScheduleInput{Name: &name})
	var missing *scheduling.ResourceNotFoundException
	equal(t, "typed as ResourceNotFoundException", errors.As(err, &missing), true)
}
