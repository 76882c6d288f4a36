#!/usr/bin/env node
// openapi.mjs cuts GitHub's own OpenAPI description down to the
// operations named in ops.txt and the components they reach.
//
//   npm install --save-exact @octokit/openapi@23.0.2        (MIT; data generated from github/rest-api-description)
//   node openapi.mjs node_modules/@octokit/openapi/generated/api.github.com.json ops.txt openapi.json
//
// Dropped: prose (description, summary, externalDocs, tags), examples, vendor
// extensions (x-*), webhooks, security. Kept: every path, parameter, request
// body, response status, header and schema keyword that a validator uses,
// plus operationId, x-multi-segment (a path parameter that may hold slashes)
// and, of x-github, triggersNotification (content creation: secondary rate
// limit) and enabledForGitHubApps. Nothing is loosened or invented.
// Descriptions of responses are required by OpenAPI 3.0, so they become "".
import fs from "node:fs";
const [inFile, opsFile, outFile, exFile] = process.argv.slice(2);
const doc = JSON.parse(fs.readFileSync(inFile, "utf8"));
const want = new Set(fs.readFileSync(opsFile, "utf8").split("\n").map((l) => l.trim()).filter((l) => l && !l.startsWith("#")));
const METHODS = ["get", "post", "put", "patch", "delete"];
const examples = {};

// keys whose value is a map from free names to objects: a child called
// "description" or "example" in there is a name, not a keyword
const NAME_MAPS = new Set(["properties", "patternProperties", "schemas", "parameters", "responses", "headers", "content", "requestBodies"]);
const DROP = new Set(["description", "summary", "externalDocs", "tags", "example", "examples", "title", "deprecated", "security"]);

function strip(node, isNameMap = false) {
  if (Array.isArray(node)) return node.map((n) => strip(n));
  if (node === null || typeof node !== "object") return node;
  const out = {};
  for (const [k, v] of Object.entries(node)) {
    if (isNameMap) { out[k] = strip(v); continue; }
    if (k === "x-github") { out[k] = { triggersNotification: v.triggersNotification, enabledForGitHubApps: v.enabledForGitHubApps }; continue; }
    if (DROP.has(k) || (k.startsWith("x-") && k !== "x-multi-segment")) continue;
    if (k === "enum" || k === "default" || k === "required") { out[k] = v; continue; }
    out[k] = strip(v, NAME_MAPS.has(k) && v !== null && !Array.isArray(v));
  }
  return out;
}
const lookup = (ref) => ref.slice(2).split("/").reduce((o, p) => o[p.replace(/~1/g, "/").replace(/~0/g, "~")], doc);

const paths = {};
const seen = new Set();
for (const [path, item] of Object.entries(doc.paths)) {
  for (const m of METHODS) {
    const op = item[m];
    if (!op || !want.has(op.operationId)) continue;
    seen.add(op.operationId);
    const ex = {};
    for (const [code, r] of Object.entries(op.responses ?? {})) {
      const rr = r.$ref ? lookup(r.$ref) : r;
      const e = rr.content?.["application/json"]?.examples;
      if (e) ex[code] = Object.fromEntries(Object.entries(e).map(([n, x]) => [n, x.$ref ? lookup(x.$ref).value : x.value]));
    }
    const rq = {};
    for (const [n, x] of Object.entries(op.requestBody?.content?.["application/json"]?.examples ?? {})) rq[n] = x.$ref ? lookup(x.$ref).value : x.value;
    examples[op.operationId] = { method: m.toUpperCase(), path, request: rq, responses: ex };
    paths[path] ??= {};
    const o = strip(op);
    for (const r of Object.values(o.responses)) if (!r.$ref) r.description = "";
    paths[path][m] = o;
  }
  if (paths[path] && item.parameters) paths[path].parameters = strip(item.parameters);
}
for (const w of want) if (!seen.has(w)) { console.error("not in the description:", w); process.exitCode = 1; }

const components = {};
const queue = [];
const collect = (n) => {
  if (Array.isArray(n)) n.forEach(collect);
  else if (n && typeof n === "object") for (const [k, v] of Object.entries(n)) k === "$ref" && typeof v === "string" ? queue.push(v) : collect(v);
};
collect(paths);
while (queue.length) {
  const [, , kind, name] = queue.pop().split("/");
  components[kind] ??= {};
  if (components[kind][name]) continue;
  const c = strip(doc.components[kind][name]);
  if (kind === "responses") c.description = "";
  components[kind][name] = c;
  collect(c);
}
const out = {
  openapi: doc.openapi,
  info: { title: "GitHub REST API, operations an image-updating App uses", version: doc.info.version, license: { name: "MIT", url: "https://spdx.org/licenses/MIT" } },
  servers: [{ url: "https://api.github.com" }],
  paths, components,
};
fs.writeFileSync(outFile, JSON.stringify(out));
if (exFile) fs.writeFileSync(exFile, JSON.stringify(examples));
const kb = (f) => (fs.statSync(f).size / 1024).toFixed(0) + " KiB";
console.log(`${seen.size} operations, ${Object.keys(paths).length} paths, ${Object.keys(components.schemas).length} schemas -> ${outFile} ${kb(outFile)}${exFile ? `, ${exFile} ${kb(exFile)}` : ""}`);
