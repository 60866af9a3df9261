/**
 * Owns the probes of mixed batches: results in order, each as its item earned it, and reads that agree
 * [BAT-1, BAT-2, BAT-3, BAT-4, BAT-7].
 * Refuses to put items together that one rule alone decides differently in some mode.
 */

import { array, constantFrom, integer, record } from "fast-check";
import { jsonEqual } from "../../base/canonical-json.ts";
import { ENTITIES, type Entity } from "../../protocol/entity.ts";
import type { RuleId } from "../../protocol/rules/registry.ts";
import { resultsOf, type Told } from "../answers.ts";
import type { Desk } from "../desk.ts";
import { fieldsOf, patched } from "../expectations.ts";
import { created, idOf, stir } from "../moves.ts";
import { defineProbe, type Script } from "../probe.ts";
import { type Loose, listOf, looseOf, type Reply, textOf } from "../reply.ts";
import { each, fieldsFor, type SentFields } from "../values.ts";

const KINDS = ["change", "change", "change", "end", "no record", "lives already", "broken"] as const;
/** What is no mutation: each is its own 400. Ids are told back where they are texts. */
const BROKEN: readonly ((id: string) => unknown)[] = [
  (id) => ({ id, entity: "gadget", operation: "create", payload: { name: "n" } }),
  (id) => ({ id, entity: "contact", operation: "upsert", payload: { name: "n" } }),
  (id) => ({ id, entity: "contact", operation: "create", payload: { id: "", name: "n" } }),
  (id) => ({ id, entity: "task", operation: "create", payload: { title: 7 } }),
  (id) => ({ id, entity: "list", operation: "create", payload: {} }),
  (id) => ({ id, entity: "contact", operation: "create" }),
  (id) => ({ id, entity: "contact", operation: "update", payload: { name: "n" }, ifMatch: "*" }),
  (id) => ({ id, entity: "task", operation: "delete" }),
  (id) => ({ id, operation: "create", payload: { name: "n" } }),
  (id) => ({ id: `${id}${"x".repeat(256)}`, entity: "contact", operation: "create", payload: { name: "n" } }),
  () => ({ entity: "contact", operation: "create", payload: { name: "n" } }),
  () => ({ id: "", entity: "contact", operation: "create", payload: { name: "n" } }),
  () => null,
  () => 7,
  () => "create",
  () => [],
];

interface Step {
  readonly kind: (typeof KINDS)[number];
  readonly slot: number;
  readonly broken: number;
  readonly fields: (entity: Entity) => SentFields;
}

/** What must be seen once: each kind after each other, failures among the good, an end and a new beginning. */
const CORE: readonly Step[] = [
  ["change", 0],
  ["broken", 0],
  ["change", 1],
  ["change", 0],
  ["lives already", 0],
  ["end", 1],
  ["no record", 1],
  ["change", 1],
].map(([kind, slot]) => ({ kind, slot, broken: 4, fields: () => ({}) }) as Step);

/** An item, what it must be answered, and which rule says so. */
interface Planned {
  readonly item: unknown;
  readonly status: number;
  readonly rule: RuleId;
}

export const batchOrder = defineProbe({
  id: "batch/order",
  rules: ["BAT-1", "BAT-2", "BAT-3", "BAT-4", "BAT-7"],
  text: "Good, failing and broken items in one batch: as many results, in order, each its own, and reads agree.",
  phases: [3],
  needs: ({ declared }) => (declared.mutationsMax >= 3 ? undefined : "needs batch.mutationsMax of 3 or more"),
  runs: 3,
  values: ({ declared }) =>
    record({
      core: each(CORE.slice(0, declared.mutationsMax)),
      steps: array(
        record({
          kind: constantFrom(...KINDS),
          slot: integer({ min: 0, max: 2 }),
          broken: integer({ min: 0, max: BROKEN.length - 1 }),
          fields: fieldsFor,
        }),
        { minLength: 1, maxLength: Math.min(12, declared.mutationsMax) },
      ),
    }),
  *script(desk, { core, steps }) {
    const phone = desk.actor("phone");
    const other = yield* created(desk, phone, "contact", stir(desk, "contact"));
    for (const some of [core, steps]) {
      const plan = new Plan(desk, other);
      const planned = some.map((step) => plan.next(step));
      const reply = yield* desk.send(phone.batch(planned.map(({ item }) => item)));
      yield* areInOrder(desk, planned, reply);
      yield* readsAgree(desk, plan, reply);
    }
  },
});

export const batchBroken = defineProbe({
  id: "batch/broken-items",
  rules: ["BAT-7", "BAT-1", "BAT-3"],
  text: "Every item that is no mutation is its own 400, and the good one among them is carried out.",
  phases: [3],
  needs: ({ declared }) => (declared.mutationsMax >= 3 ? undefined : "needs batch.mutationsMax of 3 or more"),
  runs: 1,
  values: () => record({ entity: constantFrom(...ENTITIES), broken: each([...BROKEN.keys()]) }),
  *script(desk, { entity, broken }) {
    const room = Math.min(12, desk.facts.declared.mutationsMax) - 1;
    for (let at = 0; at < broken.length; at += room) {
      const bad = broken.slice(at, at + room).map((one): Planned => {
        return { item: BROKEN[one]?.(desk.fresh("k")), status: 400, rule: "BAT-7" };
      });
      const payload = { id: desk.fresh("b"), ...stir(desk, entity) };
      const item = { id: desk.fresh("k"), entity, operation: "create", payload };
      // The good one stands in the middle: before it and behind it others fail.
      const middle = Math.ceil(bad.length / 2);
      const good: Planned = { item, status: 201, rule: "BAT-2" };
      const planned = [...bad.slice(0, middle), good, ...bad.slice(middle)];
      const reply = yield* desk.send(desk.actor("phone").batch(planned.map((one) => one.item)));
      yield* areInOrder(desk, planned, reply);
      const read = yield* desk.send(desk.actor("tablet").read(entity, payload.id));
      yield* desk.expect("BAT-3", read.isOk, {
        expected: `${payload.id}, which was made`,
        actual: read.says,
      });
    }
  },
});

/** What a list of steps makes of a few records, as the protocol says. */
class Plan {
  readonly records = new Map<
    string,
    { readonly entity: Entity; fields: Loose; lives: boolean; at: number }
  >();
  private readonly desk: Desk;
  private readonly other: Reply;
  private readonly ids = new Map<number, string>();
  private readonly last = new Map<string, string>();
  private count = 0;

  constructor(desk: Desk, other: Reply) {
    this.desk = desk;
    this.other = other;
  }

  next(step: Step): Planned {
    const at = this.count++;
    const key = this.desk.fresh("k");
    switch (step.kind) {
      case "change":
      case "end":
        return this.move(step, key, at);
      case "no record": {
        const target = {
          recordId: this.desk.fresh("none"),
          ifMatch: "*",
          payload: { name: "n", title: "t" },
        };
        const operation = step.slot === 0 ? "update" : "delete";
        return {
          item: { id: key, entity: "task", operation, ...target },
          status: 404,
          rule: "BAT-3",
        };
      }
      case "lives already": {
        const payload = { id: idOf(this.other), ...stir(this.desk, "contact") };
        return {
          item: { id: key, entity: "contact", operation: "create", payload },
          status: 409,
          rule: "BAT-4",
        };
      }
      case "broken":
        return { item: BROKEN[step.broken]?.(key), status: 400, rule: "BAT-7" };
    }
  }

  /** Makes the record of a slot when it does not live, else changes or ends it. */
  private move({ kind, slot, fields }: Step, key: string, at: number): Planned {
    const entity = ENTITIES[slot % ENTITIES.length] as Entity;
    const id = this.ids.get(slot) ?? this.desk.fresh("b");
    this.ids.set(slot, id);
    const before = this.records.get(id);
    const patch = { ...fields(entity), ...stir(this.desk, entity) };
    const base = this.last.get(id);
    this.last.set(id, key);
    if (before === undefined || !before.lives) {
      this.records.set(id, { entity, fields: patch, lives: true, at });
      const item = { id: key, entity, operation: "create", payload: { id, ...patch } };
      return { item, status: 201, rule: "BAT-2" };
    }
    before.at = at;
    const target = { id: key, entity, recordId: id, ifMatchMutation: base };
    if (kind === "end") {
      before.lives = false;
      return { item: { ...target, operation: "delete" }, status: 200, rule: "BAT-2" };
    }
    before.fields = looseOf(patched(before.fields, patch));
    return { item: { ...target, operation: "update", payload: patch }, status: 200, rule: "BAT-2" };
  }
}

function isKey(id: string): boolean {
  return id.length >= 1 && id.length <= 255;
}

function* areInOrder(desk: Desk, planned: readonly Planned[], reply: Reply): Script<void> {
  const results = listOf(reply.body.results).map(looseOf);
  // An item that is broken breaks no batch: refused as a whole is worse than a missing result.
  const isRefused = reply.status >= 400 && planned.some(({ rule }) => rule === "BAT-7");
  const counts = reply.status === 200 && results.length === planned.length;
  yield* desk.expect(isRefused ? "BAT-7" : "BAT-1", counts, {
    expected: `200 with ${planned.length} results`,
    actual: `${reply.says} with ${results.length}`,
  });
  const told = resultsOf(reply);
  for (const [at, { item, status, rule }] of planned.entries()) {
    const { id } = looseOf(item);
    // What has no id of a mutation can hardly be told it back.
    const isNamed = typeof id !== "string" || !isKey(id) || results[at]?.id === id;
    yield* desk.expect("BAT-1", isNamed, {
      expected: `result ${at} has the id ${id}`,
      actual: String(results[at]?.id),
    });
    // [BAT-3] what is carried out by itself, and not behind one that failed, was stopped by that one.
    const isStopped =
      told[at]?.error === "dependency_failed" && rule === "BAT-2" && hasFailed(told.slice(0, at));
    yield* desk.expect(isStopped ? "BAT-3" : rule, told[at]?.status === status, {
      expected: `result ${at}: ${status} for ${JSON.stringify(item)}`,
      actual: told[at]?.says ?? "none",
      because: `results: ${told.map((one) => one.status).join(", ")}`,
    });
  }
  const revisions = told.flatMap((one) =>
    one.status < 300 ? (textOf(looseOf(one.body.meta).revisionId) ?? "") : [],
  );
  const before = (at: number): string => revisions[at - 1] as string;
  const fall = desk.facts.ordered ? revisions.findIndex((one, at) => at > 0 && one < before(at)) : -1;
  yield* desk.expect("BAT-2", fall < 0, {
    expected: "larger revisions for later items: they are carried out in order",
    actual: `${revisions[fall]} after ${before(fall)}`,
  });
  const shared = revisions.findIndex((one, at) => at > 0 && one === before(at));
  yield* desk.expect("BAT-4", shared < 0, {
    expected: "a revision of its own for each item that was carried out",
    actual: `${revisions[shared]} twice`,
  });
}

function hasFailed(told: readonly Told[]): boolean {
  return told.some(({ status }) => status >= 400 && status !== 424);
}

/** [BAT-3] what the last result of a record says is what a read then shows. */
function* readsAgree(desk: Desk, plan: Plan, reply: Reply): Script<void> {
  const results = listOf(reply.body.results).map(looseOf);
  for (const [id, { entity, fields, lives, at }] of plan.records) {
    const read = yield* desk.send(desk.actor("tablet").read(entity, id));
    const said = results[at]?.data;
    const agrees = lives ? jsonEqual(read.data, said) : read.status === 404 && said === null;
    yield* desk.expect("BAT-3", agrees, {
      expected: lives ? JSON.stringify(said) : `404 after ${JSON.stringify(said)}`,
      actual: read.isOk ? JSON.stringify(read.data) : read.says,
      because: `what the last result of ${id} said`,
    });
    const isRight = !lives || jsonEqual(fieldsOf(read.data), fields);
    yield* desk.expect("BAT-2", isRight, {
      expected: `${id}: ${JSON.stringify(fields)}, each item on top of the one before`,
      actual: JSON.stringify(fieldsOf(read.data)),
    });
  }
}
