/**
 * What clients send, checked: bodies, fields and headers. Whatever is wrong is thrown as a Refusal, which holds the
 * answer [API-2]. Knows nothing of what is stored.
 */
import { byId, isObject } from "./merge.mjs";

const [depthMax, clockLeadMsMax] = [100, 5_000];
export const ID = /^(?!\.\.?$)[\w.-]{1,128}$/;
export const DEVICE = /^[\w.-]{1,128}$/;
const REVISION = /^rev_\d{10}_[0-9a-z]{6,}$/;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const isText = (value) => typeof value === "string";
const isFlag = (value) => typeof value === "boolean";
const isTime = (value) => INSTANT.test(value) && !Number.isNaN(Date.parse(value));
const isItem = ({ id, text, done }) =>
  isText(id) && /^.{1,128}$/su.test(id) && isText(text) && isFlag(done ?? false);
const isItems = (value) =>
  Array.isArray(value) &&
  value.every((item) => isObject(item) && isItem(item)) &&
  byId(value).size === value.length;

/** The first field is the one that a record cannot be without. */
const [contact, task, list] = [
  { name: isText, phone: isText, email: isText, notes: isText },
  { title: isText, done: isFlag, dueAt: isTime, notes: isText },
  { name: isText, items: isItems },
];
export const KINDS = {
  contacts: { entity: "contact", strategy: "server_authoritative", fields: contact },
  tasks: { entity: "task", strategy: "last_writer_wins", fields: task },
  lists: { entity: "list", strategy: "additive_merge", fields: list },
};

export class Refusal extends Error {
  constructor(status, error, message, more = {}, headers = {}) {
    super(message);
    this.answer = { status, headers, body: { error, message, ...more } };
  }
}
export const invalid = (message) => new Refusal(400, "invalid_request", message);
export const missing = (message) => new Refusal(404, "not_found", message);

export function readBody(bytes) {
  let body;
  try {
    body = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw invalid("the body is not JSON");
  }
  // Merging recurses, and must not be driven out of stack.
  let level = [body];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > depthMax) throw invalid("the body is nested too deeply");
    level = level.filter((value) => typeof value === "object" && value !== null).flatMap(Object.values);
  }
  if (!isObject(body)) throw invalid("the body is not an object");
  return body;
}

/** Known fields have their types, unknown ones stay; null is "absent" when creating, "remove" in a patch. */
export function readFields(kind, body, creating) {
  const fields = new Map(Object.entries(body));
  for (const name of ["id", "revisionId", "updatedAt"]) fields.delete(name);
  const [required] = Object.keys(kind.fields);
  for (const [name, fits] of Object.entries(kind.fields)) {
    const value = fields.get(name) ?? null;
    if (value !== null && !fits(value)) throw invalid(`${name} is not of its type`);
    if (value === null && name === required && (creating || fields.has(name)))
      throw invalid(`${name} is needed`);
    if (value === null && creating) fields.delete(name);
    if (value !== null && fits === isItems) fields.set(name, value.map(withoutNulls));
  }
  return Object.fromEntries(fields);
}

const withoutNulls = ({ done, ...item }) => (done == null ? item : { ...item, done });

/** Who writes, when, and on what. A weak tag stays as it is, and so equals no revision [CON-6]. */
export function readWrite(entity, headers) {
  const device = headers["x-device-id"];
  const sent = headers["x-mutation-timestamp"] ?? Date.now();
  const key = headers["idempotency-key"] ?? "";
  const tag = headers["if-match"];
  if (device !== undefined && !DEVICE.test(device)) throw invalid("X-Device-Id is no device id");
  if (!/^\d{1,15}$/.test(sent)) throw invalid("X-Mutation-Timestamp is no time");
  const [, weak, quoted] = tag?.match(/^(W\/)?"(.*)"$/) ?? [];
  if (tag !== undefined && tag !== "*" && !REVISION.test(quoted ?? tag))
    throw new Refusal(400, "invalid_revision", "If-Match names no revision");
  const time = Math.min(Number(sent), Date.now() + clockLeadMsMax); // [MRG-4]
  const origin = device && { deviceId: device, mutationId: key || undefined };
  return { entity, origin, time, device: device ?? "", key, ifMatch: weak ? tag : (quoted ?? tag) };
}
