/**
 * Breaches that teams make and no planted fault is: each is played by the reference with its calls and answers bent, and
 * is caught under the rule that it breaks.
 */

import { expect, test } from "vitest";
import { jsonEqual } from "../base/canonical-json.ts";
import { freshWatches } from "../conformance/all-probes.ts";
import { fieldsOf } from "../conformance/expectations.ts";
import type { Probe } from "../conformance/probe.ts";
import { singleAndBatch } from "../conformance/probes/batch-alone.ts";
import { deltaLimits } from "../conformance/probes/delta-pages.ts";
import { keyKept } from "../conformance/probes/idempotency.ts";
import { listing } from "../conformance/probes/listing.ts";
import { capabilities } from "../conformance/probes/modes.ts";
import { onTheHead } from "../conformance/probes/stale-write.ts";
import { taskFuture, taskPrecision } from "../conformance/probes/task-clocks.ts";
import { webhookOrder } from "../conformance/probes/webhooks.ts";
import { listOf, looseOf } from "../conformance/reply.ts";
import type {
  Effect,
  EffectResult,
  HttpAnswer,
  HttpRequest,
  MemoryTarget,
  Outcome,
} from "../conformance/target.ts";
import { tryProbe } from "../conformance/trial.ts";
import { COLLECTION_OF, type Entity } from "../protocol/entity.ts";
import type { ProxyConfig } from "../proxy/port.ts";
import { createEngineTarget } from "./engine-target.ts";
import { RIGS } from "./rigs.ts";

const [{ config: PLAIN }] = RIGS as unknown as readonly [{ readonly config: ProxyConfig }];

type Ask = (request: HttpRequest) => Outcome;
/** How one request is answered; `ask` hands a request to the reference. */
type Bend = (request: HttpRequest, ask: Ask) => Outcome;

/** The reference, each request answered as the bend says. `makeBend` is called for each target: a bend may remember. */
function bent(makeBend: () => Bend): () => MemoryTarget {
  return () => {
    const target = createEngineTarget({ config: PLAIN, instances: 1 });
    const bend = makeBend();
    const ask: Ask = (request) =>
      (target.perform({ effect: "send", requests: [request] }) as readonly Outcome[])[0] as Outcome;
    const perform = (effect: Effect): EffectResult[Effect["effect"]] =>
      effect.effect === "send" ? effect.requests.map((one) => bend(one, ask)) : target.perform(effect);
    return { facts: target.facts, perform: perform as MemoryTarget["perform"] };
  };
}

function ruleBroken(probe: Probe, makeBend: () => Bend, seed = 1): string | undefined {
  const options = { seed, watches: freshWatches };
  expect(
    tryProbe(
      probe,
      bent(() => (request, ask) => ask(request)),
      options,
    ).finding,
  ).toBeUndefined();
  return tryProbe(probe, bent(makeBend), options).finding?.violation.rule;
}

function rewritten(outcome: Outcome, change: (json: unknown, answer: HttpAnswer) => unknown): Outcome {
  if (outcome.outcome !== "answered") return outcome;
  const json = change(outcome.answer.json, outcome.answer);
  return { ...outcome, answer: { ...outcome.answer, json, text: JSON.stringify(json) } };
}

function jsonOf(outcome: Outcome): unknown {
  return outcome.outcome === "answered" ? outcome.answer.json : undefined;
}

test("[REV-4] the meta of a batch is that of its last result, and not the head", () => {
  const lastOne: Bend = (request, ask) =>
    rewritten(ask(request), (json) => {
      const metas = listOf(looseOf(json).results).flatMap((result) => looseOf(result).meta ?? []);
      return metas.length === 0 ? json : { ...looseOf(json), meta: metas.at(-1) };
    });
  expect(ruleBroken(singleAndBatch, () => lastOne)).toBe("REV-4");
});

test("[CON-2] an If-Match of the head is taken for the record's current revision", () => {
  const headMatches: Bend = (request, ask) => {
    const { authorization = "" } = request.headers;
    const path = "/api/sync/capabilities";
    const head = looseOf(looseOf(jsonOf(ask({ method: "GET", path, headers: { authorization } }))).meta);
    const isHead = request.headers["if-match"]?.replaceAll('"', "") === head.revisionId;
    return ask(isHead ? { ...request, headers: { ...request.headers, "if-match": "*" } } : request);
  };
  expect(ruleBroken(onTheHead, () => headMatches)).toBe("CON-2");
});

test("[FLG-3] capabilities call the head the floor", () => {
  const raised: Bend = (request, ask) => {
    const outcome = ask(request);
    if (request.path !== "/api/sync/capabilities") return outcome;
    return rewritten(outcome, (json) => {
      const { data, meta } = looseOf(json);
      const floorRevision = looseOf(meta).revisionId;
      const delta = { ...looseOf(looseOf(data).delta), floorRevision };
      return { ...looseOf(json), data: { ...looseOf(data), delta } };
    });
  };
  expect(ruleBroken(capabilities, () => raised)).toBe("FLG-3");
});

test("[MRG-2] a stale write that changes no field leaves its stamp behind", () => {
  const isUnchanged = (request: HttpRequest, record: unknown) =>
    Object.entries(looseOf(JSON.parse(request.body ?? "{}"))).every(([field, value]) =>
      jsonEqual(fieldsOf(record)[field], value),
    );
  const forgetful: Bend = (request, ask) => {
    if (request.method !== "PATCH") return ask(request);
    const { method: _, body: __, ...rest } = request;
    const read = ask({ ...rest, method: "GET" });
    return isUnchanged(request, looseOf(jsonOf(read)).data) ? read : ask(request);
  };
  expect(ruleBroken(taskPrecision, () => forgetful)).toBe("MRG-2");
});

test("[MRG-4] a timestamp far ahead is clamped in a call, and not in a batch", () => {
  const claims = new Map<string, number>();
  const unclamped: Bend = (request, ask) => {
    if (request.path === "/api/sync/batch")
      for (const item of listOf(looseOf(JSON.parse(request.body ?? "{}")).mutations).map(looseOf))
        claims.set(String(looseOf(item.payload).id), Number(item.timestamp));
    return rewritten(ask(request), (json) => {
      const { stamps, serverData } = looseOf(json);
      const title = claims.get(String(looseOf(serverData).id));
      return stamps === undefined || title === undefined ? json : { ...looseOf(json), stamps: { title } };
    });
  };
  expect(ruleBroken(taskFuture, () => unclamped)).toBe("MRG-4");
});

test("[WHK-4] a deletion forgets the version: what comes late brings the record back", () => {
  const makeBend = (): Bend => {
    let authorization = "";
    const ended = new Set<string>();
    return (request, ask) => {
      if (request.path !== "/api/webhooks/zeke") {
        authorization = request.headers.authorization ?? authorization;
        return ask(request);
      }
      const outcome = ask(request);
      const { action, entity, id, data } = looseOf(JSON.parse(request.body ?? "{}"));
      if (action === "deleted") ended.add(String(id));
      const headers = { authorization };
      const path = `/api/${COLLECTION_OF[entity as Entity]}`;
      // Made anew where it does not live; else this is refused.
      if (action !== "deleted" && ended.has(String(id)))
        ask({ method: "POST", path, headers, body: JSON.stringify({ ...looseOf(data), id }) });
      return outcome;
    };
  };
  expect(ruleBroken(webhookOrder, makeBend, 2)).toBe("WHK-4");
});

test("[DLT-4] a full page says that there is more; the probe has the target to itself, or could not tell", () => {
  const full: Bend = (request, ask) => {
    const outcome = ask(request);
    const limit = /[?&]limit=(\d+)/.exec(request.path)?.[1];
    if (!request.path.startsWith("/api/sync/changes?") || limit === undefined) return outcome;
    if (outcome.outcome !== "answered" || request.path.includes("cursor=")) return outcome;
    const { answer } = outcome;
    if (listOf(looseOf(answer.json).changes).length !== Number(limit)) return outcome;
    const json = { nextCursor: "full", ...looseOf(answer.json), hasMore: true };
    return { ...outcome, answer: { ...answer, json, text: JSON.stringify(json) } };
  };
  const empty: Bend = (request, ask) =>
    full({ ...request, path: request.path.replace(/[?&]limit=\d+(.*)&cursor=full/, "$1") }, ask);
  expect(ruleBroken(deltaLimits, () => empty)).toBe("DLT-4");
  expect(deltaLimits.alone).toBe(true);
});

test("[DLT-1] a delta has since itself: the probe of stale writes accuses the delta, and not the refusal", () => {
  const includes = (): Bend => {
    const last = new Map<unknown, object>();
    return (request, ask) => {
      const outcome = ask(request);
      const { data, meta } = looseOf(jsonOf(outcome));
      const { id } = looseOf(data);
      const since = /[?&]since=([^&]+)/.exec(request.path)?.[1];
      if (request.path.startsWith("/api/sync/changes?") && last.has(since))
        return rewritten(outcome, (json) => ({
          ...looseOf(json),
          changes: [last.get(since), ...listOf(looseOf(json).changes)],
        }));
      const { revisionId } = looseOf(meta);
      if (request.path.startsWith("/api/contacts") && id !== undefined)
        last.set(revisionId, { entity: "contact", action: "updated", id, revisionId, data });
      return outcome;
    };
  };
  expect(ruleBroken(onTheHead, includes)).toBe("DLT-1");
});

/** Pages by OFFSET, in an account where records of others stand before those of the run. */
function byOffset(): Bend {
  const filled = new Set<string>();
  return (request, ask) => {
    const [path = "", query = ""] = request.path.split("?");
    const { authorization = "" } = request.headers;
    const headers = { authorization, "content-type": "application/json" };
    for (let at = 0; !filled.has(path) && request.method === "POST" && at < 31; at++)
      ask({ method: "POST", path, headers, body: JSON.stringify({ id: `a${at}`, name: "x", title: "x" }) });
    filled.add(path);
    const limit = Number(/limit=(\d+)/.exec(query)?.[1] ?? 0);
    if (request.method !== "GET" || limit === 0 || !/^.api.(contacts|tasks|lists)$/.test(path))
      return ask(request);
    const from = Number(/cursor=(\d+)/.exec(query)?.[1] ?? 0);
    return rewritten(ask({ ...request, path }), (json) => {
      const { data, meta } = looseOf(json);
      const hasMore = listOf(data).length > from + limit;
      const more = hasMore ? { hasMore, nextCursor: String(from + limit) } : { hasMore };
      return { data: listOf(data).slice(from, from + limit), meta: { ...looseOf(meta), ...more } };
    });
  };
}

test.each([1, 2, 3, 4, 5])("[API-4] pages by OFFSET, behind the records of others: seed %i", (seed) => {
  expect(ruleBroken(listing, byOffset, seed)).toBe("API-4");
});

test("[IDM-1] a key that is forgotten after seconds is found by asking again later", () => {
  const forgets = (): Bend => {
    const seen = new Set<string>();
    return (request, ask) => {
      const key = request.headers["idempotency-key"];
      if (key === undefined || !seen.has(key)) {
        if (key !== undefined) seen.add(key);
        return ask(request);
      }
      const { "idempotency-key": _forgotten, ...headers } = request.headers;
      return ask({ ...request, headers });
    };
  };
  expect(ruleBroken(keyKept, forgets)).toBe("IDM-1");
});
