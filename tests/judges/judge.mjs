// GitHub's own judges behind a pipe: one request a line of JSON, one response a line.
//
//   {"judge": {"path": …, "text": …}}   → the errors and warnings of GitHub's language service
//   {"read": text}                      → the workflow as GitHub parses it; each expression is {"$": expression}
//   {"evaluate": {"expression": …, "contexts": JSON, "status": …}} → its value, its text, and whether it is true
//
// Its arguments are the checkout of the platform and the name of its repository, to resolve what a file calls.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { data, DescriptionDictionary, Evaluator, Lexer, Parser } from "@actions/expressions";
import { truthy } from "@actions/expressions/result";
import { registerLogger, validate } from "@actions/languageservice";
import { clearCache } from "@actions/languageservice/utils/workflow-cache";
import { isBasicExpression, isMapping, isSequence } from "@actions/workflow-parser";
import { NoOperationTraceWriter, parseWorkflow } from "@actions/workflow-parser";
import { ensureStatusFunction } from "@actions/workflow-parser/model/converter/if-condition";
import { TextDocument } from "vscode-languageserver-textdocument";
import { parse } from "yaml";

const [root, repository] = process.argv.slice(2);
const CONDITIONS = ["job-if", "step-if"];
const STATUS = ["success", "failure", "cancelled", "always"];
// Syntax newer than these packages: `cache-mode` (GitHub, September 2026).
const NOT_KNOWN_YET = ["Unexpected value 'cache-mode'"];
// The language service catches its own exceptions and logs them. They must fail the test.
const raise = message => { throw new Error(message); };
registerLogger({ error: raise, warn: raise, info() {}, log() {} });

// ── judge ──────────────────────────────────────────────────────────────────────────────────────────

const isOurs = ({ owner, name, repository: called }) => !owner || `${owner}/${name ?? called}` === repository;

const config = {
  fileProvider: {
    async getFileContent(reference) {
      if (!isOurs(reference)) throw new Error(`no copy of ${reference.owner}/${reference.repository}`);
      return { name: reference.path, content: readFileSync(join(root, reference.path), "utf8") };
    },
  },
  // Without its inputs, the language service does not check how an action of another repository is used.
  actionsMetadataProvider: {
    async fetchActionMetadata(reference) {
      return isOurs(reference) ? ownAction(reference.path ?? ".") : {};
    },
  },
  contextProviderConfig: {
    async getContext(name, known, { job, template }) {
      if (name === "steps") return withOutputs(known, job?.steps ?? []);
      if (name === "github" && template?.events?.merge_group) return withMergeGroup(known);
      if (name === "secrets" && template?.events?.workflow_call?.secrets) return declared(template.events.workflow_call);
    },
  },
};

const actions = new Map();

function ownAction(path) {
  const file = join(root, path, "action.yml");
  if (!actions.has(file)) actions.set(file, existsSync(file) ? parse(readFileSync(file, "utf8")) : undefined);
  return actions.get(file);
}

// The stand-in for one of GitHub's actions declares the same outputs; a contract test compares them.
function actionOf(uses) {
  const [, ours, githubs] = uses.match(/^\$\/([^@]+)$|^actions\/([\w-]+)@/) ?? [];
  if (ours) return ownAction(ours);
  if (githubs) return ownAction(`tests/e2e/stand_ins/${githubs}`);
  return uses.startsWith(`${repository}/`) ? ownAction(uses.slice(repository.length + 1).split("@")[0]) : undefined;
}

function withOutputs(known, steps) {
  const result = new DescriptionDictionary();
  for (const { key, value } of known.pairs()) {
    const action = actionOf(steps.find(({ id }) => id === key)?.uses?.value ?? "");
    const outputs = named(Object.keys(action?.outputs ?? {}));
    outputs.complete = action !== undefined;
    const step = new DescriptionDictionary();
    for (const pair of value.pairs()) step.add(pair.key, pair.key === "outputs" ? outputs : pair.value);
    result.add(key, step);
  }
  return result;
}

// The one event of ours whose payload the language service does not know (GitHub, "Webhook events and payloads").
function withMergeGroup(known) {
  known.get("event").add("merge_group", named(["base_ref", "base_sha", "head_ref", "head_sha", "head_commit"]));
  return known;
}

function named(names) {
  const result = new DescriptionDictionary();
  for (const name of names) result.add(name, new data.StringData(""));
  return result;
}

// A called workflow that declares no secrets takes those that its caller lets it inherit.
function declared({ secrets }) {
  return named(["GITHUB_TOKEN", ...Object.keys(secrets)]);
}

const objections = found => found.filter(({ message }) => !NOT_KNOWN_YET.some(known => message.includes(known)));

async function judge({ path, text }) {
  clearCache();
  const found = await validate(TextDocument.create(path, "yaml", 0, text), config);
  return objections(found).map(({ message, range }) => `${range.start.line + 1}: ${message}`);
}

// ── read ──────────────────────────────────────────────────────────────────────────────────────────

// JSON is YAML without block scalars: the parser keeps the indentation of those, which GitHub's server removes.
function read(text) {
  const content = JSON.stringify(parse(text));
  const { value, context } = parseWorkflow({ name: "workflow", content }, new NoOperationTraceWriter());
  const errors = objections(context.errors.getErrors());
  if (errors.length) throw new Error(errors.map(({ message }) => message).join("\n"));
  return plain(value);
}

function plain(token) {
  if (CONDITIONS.includes(token.definition?.key)) {
    const condition = isBasicExpression(token) ? token.expression : token.toDisplayString();
    return { $: ensureStatusFunction(condition.trim(), token.definitionInfo) };
  }
  if (isBasicExpression(token)) return { $: token.expression };
  if (isMapping(token)) return Object.fromEntries([...token].map(({ key, value }) => [key.value, plain(value)]));
  if (isSequence(token)) return [...token].map(plain);
  return token.value ?? null;
}

// ── evaluate ──────────────────────────────────────────────────────────────────────────────────────────

function evaluate({ expression, contexts, status }) {
  const answer = name => () => new data.BooleanData(status?.[name] ?? raise(`no ${name}() here`));
  const functions = new Map(STATUS.map(name => [name, { name, minArgs: 0, maxArgs: 0, call: answer(name) }]));
  const known = JSON.parse(contexts, data.reviver);
  const names = known.pairs().map(({ key }) => key);
  const tree = new Parser(new Lexer(expression).lex().tokens, names, [...functions.values()]).parse();
  const value = new Evaluator(tree, known, functions).evaluate();
  return { value: JSON.parse(JSON.stringify(value, data.replacer)), text: value.coerceString(), true: truthy(value) };
}

const respond = { judge, read, evaluate };

async function serve() {
  for await (const line of createInterface({ input: process.stdin })) {
    const [[request, argument]] = Object.entries(JSON.parse(line));
    try {
      console.log(JSON.stringify({ result: await respond[request](argument) }));
    } catch (error) {
      console.log(JSON.stringify({ error: error.stack }));
    }
  }
}

serve();
