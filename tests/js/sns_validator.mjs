// SPDX-License-Identifier: MIT
// Validates the SNS messages of standard input, one a line, by the unmodified sns-validator.
import readline from "node:readline";
import MessageValidator from "sns-validator";

const validator = new MessageValidator(/^localhost:[0-9]+$/);
for await (const line of readline.createInterface({ input: process.stdin })) {
	const message = JSON.parse(line);
	const result = await new Promise((resolve) =>
		validator.validate(message, (error) => resolve(error ? error.message : "valid")));
	console.log(`${message.Type} ${message.SignatureVersion} ${result}`);
}
