/**
 * Owns a counter at which HTTP calls are made to a desk, through the border and back, with no server involved.
 * Refuses to know what is right; but a refusal must leave no trace, whatever it refuses.
 */

import { expect } from "vitest";
import type { JsonObject } from "../base/canonical-json.ts";
import type { Entity } from "../protocol/entity.ts";
import { ErrorBody } from "../protocol/messages.ts";
import { Desk } from "./desk.fixture.ts";
import { type HttpAnswer, writeHttp } from "./http-answer.ts";
import { readHttp } from "./http-border.ts";

/** Makes an HTTP call at a desk; `body` is JSON text, or a value that becomes one. */
export class Counter {
  readonly desk: Desk;

  constructor(desk = new Desk()) {
    this.desk = desk;
  }

  send(method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Told {
    const http = {
      method,
      path,
      headers: new Map(Object.entries({ authorization: "Bearer tok-a", ...headers })),
      body: body === undefined || typeof body === "string" ? body : JSON.stringify(body),
    };
    const { call, ...rest } = readHttp(http, this.desk.config.limits.bodyBytesMax);
    const bare = rest.token === undefined ? { ...rest, token: "" } : rest;
    return told(writeHttp(this.desk.call(call, bare)));
  }

  /** A call that must be refused without a trace, with one of these statuses. */
  refused(statuses: readonly number[], ...given: Parameters<Counter["send"]>): Told {
    const before = [this.desk.head(), this.desk.outputs.length];
    const answer = this.send(...given);
    expect(statuses, `${given[0]} ${given[1]} ${answer.status}`).toContain(answer.status);
    ErrorBody.parse(answer.json);
    expect([this.desk.head(), this.desk.outputs.length]).toEqual(before);
    return answer;
  }
}

export interface Told extends HttpAnswer {
  readonly json: JsonObject;
}

export function told(answer: HttpAnswer): Told {
  return { ...answer, json: JSON.parse(answer.body ?? "{}") as JsonObject };
}

export const dataOf = (answer: Told) => answer.json.data as JsonObject;
export const metaOf = (answer: Told) => answer.json.meta as JsonObject;
export const FIELDS: Readonly<Record<Entity, JsonObject>> = {
  contact: { name: "Ada", phone: "1", email: "a@b", notes: "n" },
  task: { title: "t", done: true, dueAt: "2024-01-01", notes: "n" },
  list: { name: "l", items: [{ id: "i1", text: "x", done: false, extra: { a: [1] } }] },
};
