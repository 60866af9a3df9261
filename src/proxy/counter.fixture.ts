/**
 * Owns a counter at which HTTP calls are made to a desk, in few words.
 * Refuses to know what is right; but a refusal must leave no trace, whatever it refuses.
 */

import { expect } from "vitest";
import type { JsonObject } from "../base/canonical-json.ts";
import type { Entity } from "../protocol/entity.ts";
import { ErrorBody } from "../protocol/messages.ts";
import type { HttpAnswer } from "./http-answer.ts";
import type { TestDesk } from "./test-desk.fixture.ts";

/** Makes an HTTP call at a desk; `body` is JSON text, or a value that becomes one. */
export class Counter {
  readonly desk: TestDesk;

  constructor(desk: TestDesk) {
    this.desk = desk;
  }

  async send(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Told> {
    const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
    return told(await this.desk.http(method, path, { authorization: "Bearer tok-a", ...headers }, text));
  }

  /** A call that must be refused without a trace, with one of these statuses. */
  async refused(statuses: readonly number[], ...given: Parameters<Counter["send"]>): Promise<Told> {
    const before = [await this.desk.head(), await this.desk.outputCount()];
    const answer = await this.send(...given);
    expect(statuses, `${given[0]} ${given[1]} ${answer.status}`).toContain(answer.status);
    ErrorBody.parse(answer.json);
    expect([await this.desk.head(), await this.desk.outputCount()]).toEqual(before);
    return answer;
  }
}

export interface Told extends HttpAnswer {
  readonly json: JsonObject;
}

function told(answer: HttpAnswer): Told {
  return { ...answer, json: JSON.parse(answer.body ?? "{}") as JsonObject };
}

export const dataOf = (answer: Told) => answer.json.data as JsonObject;
export const metaOf = (answer: Told) => answer.json.meta as JsonObject;
export const FIELDS: Readonly<Record<Entity, JsonObject>> = {
  contact: { name: "Ada", phone: "1", email: "a@b", notes: "n" },
  task: { title: "t", done: true, dueAt: "2024-01-01", notes: "n" },
  list: { name: "l", items: [{ id: "i1", text: "x", done: false, extra: { a: [1] } }] },
};
