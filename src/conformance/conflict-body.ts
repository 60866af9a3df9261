/**
 * Owns what the body of a 409 must hold (section 5), for all probes that provoke one.
 * Refuses to know what came before: it is told the record as it stands.
 */

import { jsonEqual } from "../base/canonical-json.ts";
import type { Entity } from "../protocol/entity.ts";
import type { RuleId } from "../protocol/rules/registry.ts";
import type { Desk } from "./desk.ts";
import type { Script } from "./probe.ts";
import { type Loose, looseOf, type Reply } from "./reply.ts";

/** What a 409 is compared with: the record as a read showed it (null: deleted), and what was sent (null: a deletion). */
export interface Clash {
  readonly entity: Entity;
  readonly code: "conflict" | "already_exists";
  readonly revision: string | undefined;
  readonly server: Loose | null;
  readonly client: unknown;
}

/** Insists on the whole body of a 409 under `rule`, and on CON-11: that its parts belong together. */
export function* isWhole(desk: Desk, rule: RuleId, reply: Reply, clash: Clash): Script<void> {
  const { body } = reply;
  const because = reply.ask.label;
  yield* desk.expect(rule, reply.status === 409 && reply.error === clash.code, {
    expected: `409 ${clash.code}`,
    actual: reply.says,
    because,
  });
  const missing = ["currentRevision", "serverData", "clientData"].find((name) => body[name] === undefined);
  yield* desk.expect(rule, missing === undefined, {
    expected: "currentRevision, serverData and clientData in the body",
    actual: `no ${missing}`,
    because,
  });
  yield* desk.expect("CON-11", body.currentRevision === clash.revision, {
    expected: `currentRevision ${clash.revision}`,
    actual: String(body.currentRevision),
    because,
  });
  yield* desk.expect("CON-11", jsonEqual(body.serverData, clash.server), {
    expected: `serverData as it stands: ${JSON.stringify(clash.server)}`,
    actual: JSON.stringify(body.serverData),
    because,
  });
  yield* desk.expect(rule, jsonEqual(body.clientData, clash.client), {
    expected: `clientData as it was sent: ${JSON.stringify(clash.client)}`,
    actual: JSON.stringify(body.clientData),
    because,
  });
  yield* desk.expect(rule, (body.deleted === true) === (clash.server === null), {
    expected: clash.server === null ? "deleted: true" : "no deleted: true, for the record lives",
    actual: JSON.stringify(body.deleted),
    because,
  });
  // Where no strategy is at work nothing uses stamps.
  const isResolved = desk.facts.declared.mode === "enforce" && clash.entity !== "contact";
  if (clash.server === null || !isResolved) return;
  const times = Object.values(looseOf(body.stamps));
  const areTimes = times.length > 0 && times.every((one) => Number.isSafeInteger(one));
  yield* desk.expect(rule, areTimes, {
    expected: "stamps: the times of the record's fields, in epoch ms",
    actual: JSON.stringify(body.stamps),
    because,
  });
}
