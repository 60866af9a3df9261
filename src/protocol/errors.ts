/**
 * Owns the error codes: status, meaning, and whether the answer settles what happened.
 * Refuses to know when each is given: that is the proxy's.
 */

/** One code of section 3. */
export interface ErrorMeaning {
  readonly status: number;
  readonly meaning: string;
  /** True when the mutation surely had no effect; false when it may have had, or may yet have, one. */
  readonly definite: boolean;
}

export const ERROR_CODES = [
  "invalid_request",
  "invalid_revision",
  "unauthorized",
  "not_found",
  "conflict",
  "already_exists",
  "in_flight",
  "revision_expired",
  "payload_too_large",
  "batch_too_large",
  "idempotency_key_reused",
  "dependency_failed",
  "precondition_required",
  "rate_limited",
  "unavailable",
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** What each code says (section 3). */
export const ERRORS: Readonly<Record<ErrorCode, ErrorMeaning>> = {
  invalid_request: { status: 400, meaning: "the request breaks the contract", definite: true },
  invalid_revision: { status: 400, meaning: "what stands for a revision is none", definite: true },
  unauthorized: { status: 401, meaning: "no bearer token, or an unknown one", definite: true },
  not_found: { status: 404, meaning: "this account has no such record or path", definite: true },
  conflict: { status: 409, meaning: "the record moved on since the revision in If-Match", definite: true },
  already_exists: { status: 409, meaning: "a living record has this id", definite: true },
  in_flight: { status: 409, meaning: "the same mutation is being carried out", definite: false },
  revision_expired: {
    status: 410,
    meaning: "the log no longer reaches back to this revision",
    definite: true,
  },
  payload_too_large: { status: 413, meaning: "the body is over bodyBytesMax", definite: true },
  batch_too_large: { status: 413, meaning: "the batch has more than mutationsMax mutations", definite: true },
  idempotency_key_reused: { status: 422, meaning: "the key belongs to another mutation", definite: true },
  dependency_failed: { status: 424, meaning: "the mutation that this one rests on failed", definite: true },
  precondition_required: { status: 428, meaning: "If-Match is required here", definite: true },
  rate_limited: { status: 429, meaning: "too many requests; Retry-After says when", definite: true },
  unavailable: { status: 503, meaning: "the proxy cannot serve now; Retry-After says when", definite: false },
};
