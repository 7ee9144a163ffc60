// openapi.mjs FILE - whether a description is OpenAPI, and answers are as it
// says. Standard input has an answer a line, as JSON: {"path", "method",
// "status", "type", "body"}. Each fault is a line on standard output; it exits
// with 1 when there is one.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Validator } from "@seriousme/openapi-schema-validator";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const description = JSON.parse(readFileSync(process.argv[2], "utf8"));
let faults = 0;

function say(what, errors) {
  faults++;
  console.log(what + ": " + JSON.stringify(errors));
}

const result = await new Validator().validate(
  JSON.parse(JSON.stringify(description)));
if (!result.valid)
  say("not OpenAPI", result.errors);

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats(ajv);
ajv.addSchema(description, "file:///api");

const escape = (word) =>
  encodeURIComponent(word.replaceAll("~", "~0").replaceAll("/", "~1"));

// A response may be one of the components.
function find(words) {
  let at = description;
  let pointer = "";
  for (const word of words) {
    if (at === undefined)
      return undefined;
    if (at.$ref !== undefined) {
      pointer = at.$ref.slice(1);
      at = pointer.slice(1).split("/").reduce((o, w) => o?.[w], description);
    }
    at = at?.[word];
    pointer += "/" + escape(word);
  }
  return at === undefined ? undefined : pointer;
}

for await (const line of createInterface({ input: process.stdin })) {
  const { path, method, status, type, body } = JSON.parse(line);
  const name = `${method} ${path} ${status}`;
  const words = ["paths", path, method, "responses", String(status)];
  if (find(words) === undefined) {
    say(name, "no such answer");
    continue;
  }
  if (type === null)
    continue;
  const pointer = find([...words, "content", type, "schema"]);
  if (pointer === undefined) {
    say(name, "no such type: " + type);
    continue;
  }
  if (!type.endsWith("json"))
    continue;
  const check = ajv.getSchema("file:///api#" + pointer);
  if (!check(body))
    say(name, check.errors);
}
process.exit(faults > 0 ? 1 : 0);
