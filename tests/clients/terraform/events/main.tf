# SPDX-License-Identifier: MIT
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}
variable "url" {}
variable "key" {}
variable "secret" {}
variable "change" { default = "before" }
provider "aws" {
  region     = "us-east-1"
  access_key = var.key
  secret_key = var.secret
  endpoints {
    events    = var.url
    iam       = var.url
    scheduler = var.url
    sqs       = var.url
    sts       = var.url
  }
}
resource "aws_cloudwatch_event_bus" "shop" { name = "shop" }
resource "aws_cloudwatch_event_rule" "orders" {
  name           = "orders"
  description    = var.change
  event_bus_name = aws_cloudwatch_event_bus.shop.name
  event_pattern  = jsonencode({ source = [var.change] })
  tags           = { change = var.change }
}
resource "aws_cloudwatch_event_rule" "nightly" {
  name                = "nightly"
  schedule_expression = var.change == "before" ? "rate(1 day)" : "cron(0 3 * * ? *)"
  state               = "DISABLED"
}
resource "aws_sqs_queue" "orders" { name = "orders" }
resource "aws_sqs_queue_policy" "orders" {
  queue_url = aws_sqs_queue.orders.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.orders.arn
      Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.orders.arn } }
    }]
  })
}
resource "aws_cloudwatch_event_target" "orders" {
  rule           = aws_cloudwatch_event_rule.orders.name
  event_bus_name = aws_cloudwatch_event_bus.shop.name
  target_id      = "queue"
  arn            = aws_sqs_queue.orders.arn
  input_transformer {
    input_paths    = { stage = "$.source" }
    input_template = "\"<stage> ${var.change}\""
  }
}
resource "aws_cloudwatch_event_archive" "orders" {
  name             = "orders"
  event_source_arn = aws_cloudwatch_event_bus.shop.arn
  retention_days   = var.change == "before" ? 7 : 8
}
resource "aws_iam_role" "scheduler" {
  name = "scheduler"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}
resource "aws_scheduler_schedule_group" "reports" { name = "reports" }
resource "aws_scheduler_schedule" "daily" {
  name                = "daily"
  group_name          = aws_scheduler_schedule_group.reports.name
  schedule_expression = var.change == "before" ? "rate(1 days)" : "rate(2 days)"
  start_date          = "2099-01-01T00:00:00Z"
  flexible_time_window {
    mode = "OFF"
  }
  target {
    arn      = aws_sqs_queue.orders.arn
    role_arn = aws_iam_role.scheduler.arn
    input    = var.change
  }
}
