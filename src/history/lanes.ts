/**
 * Owns two 32-bit lanes that mix words, texts, numbers and JSON, by Math.imul alone: the same on every engine.
 * Refuses to know facts, to be cryptographic, and to make text before it is asked.
 */

import type { Json } from "../base/canonical-json.ts";

const PRIME_LEFT = 0x01000193;
const PRIME_RIGHT = 0x85ebca6b;
/** Stand in for values that have no bytes of their own; far from small counts and code units. */
const ABSENT = 0x5bd1e995;
const NULL = 0x2c1b3c6d;
const TRUE = 0x297a2d39;
const FALSE = 0x1b56c4e9;
/** Open a value, so that an empty list, an empty text and nothing are three things. */
const NUMBER = 0x38b34ae5;
const LIST = 0x72f5c1d3;
const OBJECT = 0x4cf5ad43;

const FLOAT = new Float64Array(1);
const WORDS = new Uint32Array(FLOAT.buffer);

/** A 64-bit state that grows value by value. What is absent, null or empty are different values. */
export class Lanes {
  private left = 0x811c9dc5 | 0;
  private right = 0x9747b28c | 0;

  /** The digest so far, 16 hex digits. */
  hex(): string {
    // One to one in both lanes: two lanes that differ in one bit each must not cancel each other out.
    const left = finalize(this.left);
    return hexOf(left) + hexOf(finalize(this.right ^ left));
  }

  /** Any JSON, members in the order in which they stand. */
  json(value: Json | undefined): void {
    if (value === undefined) {
      this.word(ABSENT);
      return;
    }
    if (value === null) {
      this.word(NULL);
      return;
    }
    if (value === true) {
      this.word(TRUE);
      return;
    }
    if (value === false) {
      this.word(FALSE);
      return;
    }
    if (typeof value === "string") {
      this.text(value);
      return;
    }
    if (typeof value === "number") {
      this.word(NUMBER);
      this.number(value);
      return;
    }
    if (Array.isArray(value)) {
      this.word(LIST);
      this.word(value.length);
      for (const item of value) this.json(item);
      return;
    }
    this.word(OBJECT);
    let count = 0;
    const members = value as { readonly [member: string]: Json };
    for (const member in members) {
      count++;
      this.text(member);
      this.json(members[member]);
    }
    this.word(count);
  }

  texts(texts: readonly string[] | undefined): void {
    if (texts === undefined) {
      this.word(ABSENT);
      return;
    }
    this.word(texts.length);
    for (const text of texts) this.text(text);
  }

  maybe(text: string | undefined): void {
    if (text === undefined) this.word(ABSENT);
    else this.text(text);
  }

  maybeNumber(value: number | undefined): void {
    if (value === undefined) this.word(ABSENT);
    else this.number(value);
  }

  flag(value: boolean): void {
    this.word(value ? TRUE : FALSE);
  }

  text(text: string): void {
    const length = text.length;
    this.word(length);
    let { left, right } = this;
    // Two code units at a time: half the multiplications, which wait for each other.
    for (let i = 0; i < length; i += 2) {
      const unit = text.charCodeAt(i) | (i + 1 < length ? text.charCodeAt(i + 1) << 16 : 0);
      left = Math.imul(left ^ unit ^ (left >>> 15), PRIME_LEFT);
      right = Math.imul(((right << 5) | (right >>> 27)) ^ unit, PRIME_RIGHT);
    }
    this.left = left;
    this.right = right;
  }

  number(value: number): void {
    // Adding 0 makes -0 and 0, which are equal, one. Numbers inside facts are finite.
    FLOAT[0] = value + 0;
    this.word(WORDS[0] as number);
    this.word(WORDS[1] as number);
  }

  word(word: number): void {
    const { left, right } = this;
    this.left = Math.imul(left ^ word ^ (left >>> 15), PRIME_LEFT);
    this.right = Math.imul(((right << 5) | (right >>> 27)) ^ word, PRIME_RIGHT);
  }
}

/** Spreads every bit over all (Appleby's 32-bit finalizer). */
function finalize(word: number): number {
  let mixed = word;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

function hexOf(word: number): string {
  return word.toString(16).padStart(8, "0");
}
