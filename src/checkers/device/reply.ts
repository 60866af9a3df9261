/**
 * Owns the reading of answers: what a reply means for one mutation of a request, by the table of QUE-8.
 * Refuses to know what the device then does. Answers that the table does not name are `free`.
 */

import type { FactOf, MutationResult, SentMutation } from "../../history/facts.ts";

/**
 * `refused` is failed at once, `gone` is a delete that found nothing, `free` is for the device to decide.
 * `retry` has no settled meaning, and neither has `in_flight`.
 */
export type Reply =
  | "done"
  | "refused"
  | "gone"
  | "conflict"
  | "exists"
  | "in_flight"
  | "unauthorized"
  | "retry"
  | "free";

const REFUSALS: ReadonlySet<number> = new Set([400, 403, 413, 422, 424]);
const RETRIES: ReadonlySet<number> = new Set([408, 425, 429]);

/** The result of one mutation in an answer; `index` is its place in the request. */
export function resultOf(
  answered: FactOf<"answered">,
  sent: SentMutation,
  index: number,
): MutationResult | undefined {
  const there = answered.results[index];
  if (there?.key === sent.key) return there;
  return answered.results.find((result) => result.key === sent.key);
}

/** What an answer means for one mutation of its request. */
export function replyTo(answered: FactOf<"answered">, sent: SentMutation, index: number): Reply {
  if (answered.foreign) return "retry";
  const result = resultOf(answered, sent, index);
  if (!result) return envelopeReply(answered);
  // [REV-1] a success without a revision is not the proxy's: a captive portal says 200 to everything.
  const success = result.status >= 200 && result.status < 300;
  if (success && result.revision === undefined && result.record === undefined) return "retry";
  return statusReply(result.status, result.error, sent.operation);
}

/** The answer says nothing of this mutation alone. A refused batch may be split, so that is free. */
function envelopeReply(answered: FactOf<"answered">): Reply {
  const { status } = answered;
  if (answered.call === "batch" && status !== 401) {
    return isOpen(status, answered.error) ? "retry" : "free";
  }
  const operation = answered.call === "update" ? "update" : answered.call === "delete" ? "delete" : "create";
  return statusReply(status, answered.error, operation);
}

function statusReply(status: number, error: string | undefined, operation: SentMutation["operation"]): Reply {
  if (status >= 200 && status < 300) return "done";
  if (isOpen(status, error)) return "retry";
  if (status === 401) return "unauthorized";
  if (status === 409) {
    if (error === "conflict") return "conflict";
    if (error === "already_exists") return "exists";
    return error === "in_flight" ? "in_flight" : "free";
  }
  if (status === 404) return operation === "update" ? "refused" : operation === "delete" ? "gone" : "free";
  return REFUSALS.has(status) ? "refused" : "free";
}

/** A refusal without a code is not the protocol's answer: a captive portal refuses in this way too. */
function isOpen(status: number, error: string | undefined): boolean {
  return status < 400 || status >= 500 || RETRIES.has(status) || error === undefined;
}
