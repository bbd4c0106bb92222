// Copyright (c) 2026, longlived.tcp contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// One Invoke through the AWS SDK for JavaScript 3; its outcome is one line of JSON.
"use strict";

// Nothing of the machine takes part, neither its ~/.aws nor its environment.
for (const name of Object.keys(process.env).filter((name) => name.startsWith("AWS_"))) delete process.env[name];
process.env.AWS_CONFIG_FILE = process.env.AWS_SHARED_CREDENTIALS_FILE = "/dev/null";
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true"; // stderr is for what goes wrong

const { parseArgs } = require("node:util");
const { InvokeCommand, LambdaClient } = require("@aws-sdk/client-lambda");
const { NodeHttpHandler } = require("@smithy/node-http-handler");

const { values: options } = parseArgs({
  options: {
    endpoint: { type: "string" },
    function: { type: "string" },
    "read-timeout": { type: "string" },
    keepalive: { type: "boolean" }, // the SDK's default has it on
    "keepalive-seconds": { type: "string" },
  },
});

const handler = { socketTimeout: Number(options["read-timeout"]) * 1000 };
if (options["keepalive-seconds"]) {
  // The SDK makes its agents of these; whatever is not named here stays its default.
  handler.httpAgent = handler.httpsAgent = { keepAliveMsecs: Number(options["keepalive-seconds"]) * 1000 };
}

const client = new LambdaClient({
  endpoint: options.endpoint,
  region: "us-east-1",
  credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
  maxAttempts: 1,
  requestHandler: new NodeHttpHandler(handler),
});

let sent = process.hrtime.bigint();
const clock = (next) => (args) => {
  sent = process.hrtime.bigint();
  return next(args);
};
client.middlewareStack.add(clock, { step: "deserialize", priority: "low", name: "clock" });

function say(outcome, detail) {
  const seconds = Number(process.hrtime.bigint() - sent) / 1e9;
  console.log(JSON.stringify({ outcome, detail: String(detail).slice(0, 200), seconds }));
}

function outcome(error) {
  // The name alone does not tell: the SDK calls a reset a TimeoutError as well.
  if (["ECONNRESET", "EPIPE"].includes(error.code)) return "reset";
  return error.name === "TimeoutError" && error.code === undefined ? "timeout" : "error";
}

client
  .send(new InvokeCommand({ FunctionName: options.function, InvocationType: "RequestResponse", Payload: "{}" }))
  .then((answer) => say(answer.FunctionError ? "error" : "answer", `${answer.StatusCode} ${Buffer.from(answer.Payload)}`))
  .catch((error) => say(outcome(error), error.code ? `${error.code}: ${error.message}` : error.message))
  .finally(() => client.destroy());
