/** Owns the proof that the watch of errors sees what no rig of the reference ever shows. */

import { expect, test } from "vitest";
import { Actor } from "../actor.ts";
import { Desk, type Exchange } from "../desk.ts";
import type { TargetFacts } from "../target.ts";
import { Watches } from "../watch.ts";
import { watchErrors } from "./errors.ts";

const ACTOR = new Actor("phone", 0, "r-phone", "tok-a");
const DESK = new Desk({} as TargetFacts, "r", new Watches([]));

function answered(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Exchange {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const json = typeof body === "string" ? undefined : body;
  const answer = { status, headers: new Map(Object.entries(headers)), text, json };
  const ask = ACTOR.create("task", { title: "select one from the list" });
  return { ask, outcome: { outcome: "answered", answer, sentAtMs: 0, answeredAtMs: 1 }, round: 1 };
}

const verdict = (exchange: Exchange) => watchErrors().look(exchange, DESK)?.rule;
const error = (message: string, more: object = {}) => ({ error: "invalid_request", message, ...more });

test.each(["", "soon", "-1", "1.5"])("[API-7] 503 with Retry-After %j is a breach", (retryAfter) => {
  const headers = retryAfter === "" ? undefined : { "retry-after": retryAfter };
  const body = { error: "unavailable", message: "later" };
  expect(verdict(answered(503, body, headers))).toBe("API-7");
});

test.each(["0", "30", "Sun, 06 Nov 1994 08:49:37 GMT"])("[API-7] Retry-After: %s will do", (retryAfter) => {
  const body = { error: "rate_limited", message: "later" };
  expect(verdict(answered(429, body, { "retry-after": retryAfter }))).toBeUndefined();
});

test.each([
  ["a stack of JavaScript", error("x", { detail: "Error: x\n    at put (/srv/app/store.js:12:5)" })],
  ["a stack of Python", "Traceback (most recent call last)\n  File"],
  ["a member called stack", error("x", { stack: "Error: x" })],
  ["a path", error("cannot read /var/lib/app/config.json")],
  ["a path of Windows", error("cannot read C:\\app\\config.json")],
  ["a query", error("select * from tasks where id = $1 failed")],
  ["a code of a database", error("SQLITE_CONSTRAINT: tasks.id")],
])("[SEC-4] %s in an error is a breach", (_what, body) => {
  expect(verdict(answered(400, body))).toBe("SEC-4");
});

test.each([
  ["plain words", error("title: expected a text, at /api/tasks")],
  ["what was sent", error("cannot take: select one from the list")],
  ["people's own texts", error("x", { serverData: { notes: "at home (/usr/bin/true:1:1)" } })],
])("[SEC-4] %s are no breach", (_what, body) => {
  expect(verdict(answered(400, body))).toBeUndefined();
});

test.each([
  ["no JSON", 400, "Bad Request"],
  ["the default of a framework", 400, { statusCode: 400, error: "Bad Request", message: "x" }],
  ["no message", 404, { error: "not_found" }],
  ["a code under another status", 404, { error: "conflict", message: "x" }],
  ["500", 500, { error: "internal", message: "x" }],
])("[API-2] %s is a breach", (_what, status, body) => {
  expect(verdict(answered(status, body))).toBe("API-2");
});

test("[API-2] a wrong method may be refused in any words", () => {
  expect(verdict(answered(405, "Method Not Allowed"))).toBeUndefined();
});
