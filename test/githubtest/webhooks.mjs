#!/usr/bin/env node
// webhooks.mjs: cuts GitHub's own description of its webhooks down
// to the events that the stand-in sends.
//
//   npm install --save-exact @octokit/openapi-webhooks@12.1.0   (MIT; data generated from github/rest-api-description)
//   node webhooks.mjs node_modules/@octokit/openapi-webhooks/generated/api.github.com.json webhooks.json
//
// What comes out is one JSON Schema (2020-12): $defs/"pull_request.opened" is
// the payload of that event, $defs/"#…" a part that several have alike. Dropped:
// prose, examples, vendor extensions, headers. Nothing is loosened or invented.
import fs from "node:fs";

const EVENTS = [
  "branch_protection_rule", "check_run", "check_suite", "create", "delete", "installation", "installation_repositories",
  "installation_target", "issue_comment", "issues", "member", "merge_group", "ping", "pull_request", "pull_request_review",
  "push", "registry_package", "release", "repository", "repository_ruleset", "status",
];
const DROP = new Set(["description", "summary", "externalDocs", "tags", "example", "examples", "title", "deprecated"]);
const NAME_MAPS = new Set(["properties", "patternProperties", "$defs"]);

const [inFile, outFile] = process.argv.slice(2);
const doc = JSON.parse(fs.readFileSync(inFile, "utf8"));

function strip(node, isNameMap = false) {
  if (Array.isArray(node)) return node.map((n) => strip(n));
  if (node === null || typeof node !== "object") return node;
  const out = {};
  for (const [k, v] of Object.entries(node)) {
    if (isNameMap) { out[k] = strip(v); continue; }
    if (DROP.has(k) || k.startsWith("x-")) continue;
    if (k === "$ref") { out[k] = "#/$defs/" + v.split("/").pop(); continue; }
    out[k] = ["enum", "const", "default", "required"].includes(k) ? v : strip(v, NAME_MAPS.has(k));
  }
  return out;
}

const defs = {};
const reach = (node) => {
  if (Array.isArray(node)) return node.forEach(reach);
  if (node === null || typeof node !== "object") return;
  for (const [k, v] of Object.entries(node)) {
    if (k !== "$ref") { reach(v); continue; }
    const name = v.split("/").pop();
    if (defs[name]) continue;
    defs[name] = strip(doc.components.schemas[name]);
    reach(defs[name]);
  }
};

const payloads = {};
for (const { post } of Object.values(doc.webhooks)) {
  // "pull-request-review/submitted" is pull_request_review.submitted, "push" is push.
  const name = post.operationId.replaceAll("-", "_").replace("/", ".");
  if (!EVENTS.includes(name.split(".")[0]) || ["repository.import"].includes(name)) continue;
  payloads[name] = strip(post.requestBody.content["application/json"].schema);
  reach(payloads[name]);
}
for (const e of EVENTS) if (!Object.keys(payloads).some((n) => n.split(".")[0] === e)) { console.error("not in the description:", e); process.exitCode = 1; }

// What several events have alike, written out in each, is written once.
const count = new Map();
const isSchema = (n) => n && typeof n === "object" && !Array.isArray(n) && !n.$ref;
const each = (node, visit) => { // children that are schemas
  for (const [k, v] of Object.entries(node)) {
    if (NAME_MAPS.has(k)) for (const name of Object.keys(v)) { if (isSchema(v[name])) v[name] = visit(v[name]); }
    else if (["items", "additionalProperties", "not", "if", "then", "else"].includes(k)) { if (isSchema(v)) node[k] = visit(v); }
    else if (["oneOf", "anyOf", "allOf"].includes(k)) node[k] = v.map((n) => (isSchema(n) ? visit(n) : n));
  }
};
const tally = (n) => { const t = JSON.stringify(n); if (t.length > 60) count.set(t, (count.get(t) ?? 0) + 1); each(n, tally); return n; };
const all = { ...defs, ...payloads };
Object.values(all).forEach(tally);
const shared = new Map();
const fold = (n) => {
  const t = JSON.stringify(n);
  if ((count.get(t) ?? 0) > 1) {
    if (!shared.has(t)) {
      shared.set(t, "#" + (shared.size + 1));
      each(n, fold);
      all[shared.get(t)] = n;
    }
    return { $ref: "#/$defs/%23" + shared.get(t).slice(1) };
  }
  each(n, fold);
  return n;
};
for (const n of [...Object.keys(defs), ...Object.keys(payloads)]) each(all[n], fold);
const out = { $schema: "https://json-schema.org/draft/2020-12/schema", $defs: all };
fs.writeFileSync(outFile, JSON.stringify(out) + "\n");
console.log(`${Object.keys(payloads).length} events, ${Object.keys(defs).length} schemas -> ${outFile} ${(fs.statSync(outFile).size / 1024).toFixed(0)} KiB`);
