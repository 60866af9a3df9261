/**
 * Owns the reading of an answer by a judge: its members where the protocol says they stand, and nothing where not.
 * Refuses to trust: what a target sends may be anything, so that each reader gives undefined instead of failing.
 */

import type { EpochMs } from "../base/time.ts";
import type { Ask } from "./actor.ts";
import type { HttpAnswer } from "./target.ts";

export type Loose = { readonly [member: string]: unknown };

/** An answer, with the request that it answers. */
export class Reply {
  readonly ask: Ask;
  readonly answer: HttpAnswer;
  readonly sentAtMs: EpochMs;
  readonly answeredAtMs: EpochMs;

  constructor(ask: Ask, answer: HttpAnswer, sentAtMs: EpochMs, answeredAtMs: EpochMs) {
    this.ask = ask;
    this.answer = answer;
    this.sentAtMs = sentAtMs;
    this.answeredAtMs = answeredAtMs;
  }

  get status(): number {
    return this.answer.status;
  }

  get isOk(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  /** The body as an object; empty where it is none. */
  get body(): Loose {
    return looseOf(this.answer.json);
  }

  get data(): unknown {
    return this.body.data;
  }

  /** `data` as one record; empty where it is none. */
  get record(): Loose {
    return looseOf(this.body.data);
  }

  get error(): string | undefined {
    return textOf(this.body.error);
  }

  get meta(): Loose {
    return looseOf(this.body.meta);
  }

  /** `meta.revisionId`: in a single-record answer the record's, else the head [REV-4]. */
  get revision(): string | undefined {
    return textOf(this.meta.revisionId);
  }

  header(name: string): string | undefined {
    return this.answer.headers.get(name);
  }

  /** `200`, or `409 conflict`: as reports say it. */
  get says(): string {
    return this.error === undefined ? String(this.status) : `${this.status} ${this.error}`;
  }
}

/** An object that may be asked for any member; empty for all that is none. */
export function looseOf(value: unknown): Loose {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Loose) : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
