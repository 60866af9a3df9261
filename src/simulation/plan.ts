/**
 * Owns what a plan may say, as plain data: a quiet world, and every action in it, placed at a time or at a hook.
 * Refuses to draw anything: generators write plans, a director carries them out. A plan is JSON, so that it can be
 * shrunk, saved, and run again to the byte.
 */

import { z } from "zod";
import type { Json } from "../base/canonical-json.ts";
import { RecordId } from "../protocol/entity.ts";
import { EntityName, OPERATIONS } from "../protocol/messages.ts";
import { Scenario, type ScenarioText } from "./scenario.ts";

/** The form of plans: a reader that meets another one must refuse it. */
export const PLAN_FORM = "zeke-sync/plan@1";

/**
 * The points at which races live.
 * - `snapshot`: a page of a listing or delta is cut from the store, and not yet on its way.
 * - `replay`: a socket has been given what it missed, and is live from here on.
 * - `effect`: a write has had its effect, its key is remembered, its answer has not left.
 * - `fan-out`: a change is in the log, and the other instances have not been told.
 * - the others: points of an app's own life, as the `kills.points` of a scenario name them.
 */
export const HOOKS = [
  "snapshot",
  "replay",
  "effect",
  "fan-out",
  "before-send",
  "after-send",
  "before-store",
  "before-revision",
  "between-pages",
] as const;
export type Hook = (typeof HOOKS)[number];

const Index = z.number().int().min(0).max(9_999);
/** Whole ms. */
const Ms = z
  .number()
  .int()
  .min(0)
  .max(60 * 86_400_000);
const Label = z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, "a label is lower-case letters, digits and dashes");

/** When: ms from the run's beginning, or the nth time (from 1) that a hook is passed, by one device when it is named. */
const When = z.union([
  z.strictObject({ ms: Ms }),
  z.strictObject({ hook: z.enum(HOOKS), nth: z.number().int().min(1).max(10_000), device: Index.optional() }),
]);
export type When = z.infer<typeof When>;

/** A record: the nth that its account began with, one that an edit of the plan made under this label, or any by its id. */
const RecordName = z.union([
  z.strictObject({ seed: Index }),
  z.strictObject({ made: Label }),
  z.strictObject({ id: RecordId }),
]);
export type RecordName = z.infer<typeof RecordName>;

const Fields = z.record(z.string(), z.json() as z.ZodType<Json>);

/** What an edit writes: fields, and for lists what becomes of the items that are shown. */
const Change = z.strictObject({
  fields: Fields.optional(),
  /** Texts of new items, at the end. */
  add: z.array(z.string()).max(20).optional(),
  /** Places of items that go, counted modulo how many are shown. */
  remove: z.array(Index).max(20).optional(),
  /** New texts of items, by place. */
  reword: z
    .array(z.strictObject({ at: Index, text: z.string() }))
    .max(20)
    .optional(),
});
export type Change = z.infer<typeof Change>;

const onDevice = <const Do extends string>(what: Do) => ({ do: z.literal(what), device: Index });

/** What is done. */
export const Deed = z.discriminatedUnion("do", [
  /** The user opens the app, or puts it down. */
  z.strictObject(onDevice("open")),
  z.strictObject(onDevice("close")),
  z.strictObject(onDevice("kill")),
  /** An edit in the app; without the app open, or the record on the screen, nothing happens. */
  z.strictObject({
    ...onDevice("edit"),
    entity: EntityName,
    operation: z.enum(OPERATIONS),
    record: RecordName.optional(),
    change: Change.optional(),
    /** What a create is called from here on. */
    label: Label.optional(),
  }),
  z.strictObject({ ...onDevice("read"), entity: EntityName, record: RecordName.optional() }),
  z.strictObject(onDevice("refresh")),
  z.strictObject({ ...onDevice("offline"), forMs: Ms }),
  /** One direction is dead, and nobody is told. */
  z.strictObject({ ...onDevice("partition"), direction: z.enum(["up", "down"]), forMs: Ms }),
  /** Its sockets are forgotten on the way. */
  z.strictObject(onDevice("sever")),
  z.strictObject({ ...onDevice("clock"), byMs: z.number().int().min(-31_536_000_000).max(31_536_000_000) }),
  z.strictObject({ ...onDevice("full-storage"), forMs: Ms }),
  z.strictObject({ ...onDevice("expired-token"), forMs: Ms }),
  /** Another client of the account writes, without a network in between and without sync headers. */
  z.strictObject({
    do: z.literal("write"),
    account: Index,
    entity: EntityName,
    operation: z.enum(OPERATIONS),
    record: RecordName.optional(),
    fields: Fields.optional(),
  }),
  z.strictObject({ do: z.literal("outage"), instance: Index, forMs: Ms }),
  z.strictObject({ do: z.literal("cut-off"), instance: Index, forMs: Ms }),
  z.strictObject({ do: z.literal("proxy-clock"), byMs: z.number().int().min(-86_400_000).max(86_400_000) }),
  /** At `effect` and `snapshot`: the answer at hand is lost. Elsewhere nothing. */
  z.strictObject({ do: z.literal("lose") }),
]);
export type Deed = z.infer<typeof Deed>;

export const Action = z.strictObject({ at: When, deed: Deed });
export type Action = z.infer<typeof Action>;

/** How many actions one plan may hold. */
export const ACTIONS_MAX = 2_000;

export const Plan = z.strictObject({
  form: z.literal(PLAN_FORM),
  /** Of all that the plan does not place: latencies, losses where the scenario has them, jitter. */
  seed: z.number().int().min(0).max(0xffff_ffff),
  /** What differs from a quiet world. */
  scenario: z.record(z.string(), z.unknown()),
  actions: z.array(Action).max(ACTIONS_MAX),
});
export type Plan = z.infer<typeof Plan>;

/** A world in which nothing happens by itself: no sessions, edits, faults; fast links, honest clocks. */
export const QUIET: ScenarioText = {
  name: "plan",
  duration: "1h",
  settleWithin: "1h",
  fleet: { accounts: 1, devicesPerAccount: 2, records: { contact: 1, task: 1, list: 1 }, itemsPerList: 2 },
  habits: { sessionsPerDay: 0, together: "0%" },
  network: {
    latency: { p50: "20ms", p99: "20ms" },
    loss: "0%",
    duplication: "0%",
    reordering: "0%",
    offline: { perDay: 0 },
    partition: { perDay: 0 },
  },
  clocks: { skewed: "0%", jumps: { perDay: 0 }, proxyJumps: { perDay: 0 } },
  storage: { flush: { p50: "4ms", p99: "4ms" } },
  kills: { perDay: 0, afterEdit: "0%" },
  workload: { editsPerDay: 0, readsPerMinute: 0, refreshesPerDay: 0 },
  proxy: { outages: { perDay: 0 }, work: { p50: "3ms", p99: "3ms" }, fanOut: { p50: "5ms", p99: "5ms" } },
  push: { delay: { p50: "500ms", p99: "500ms" }, loss: "0%", duplication: "0%" },
};

/**
 * The scenario that a plan is played in.
 *
 * @throws ZodError when `plan.scenario` is none.
 */
export function scenarioOfPlan(plan: Pick<Plan, "scenario">): Scenario {
  return Scenario.parse(overlaid(QUIET as Json, plan.scenario as Json));
}

/** Whether a plan's scenario is one. */
export function isPlayable(plan: Pick<Plan, "scenario">): boolean {
  return Scenario.safeParse(overlaid(QUIET as Json, plan.scenario as Json)).success;
}

/** `over` on top of `under`: members of objects are put together, all else is replaced. */
export function overlaid(under: Json, over: Json): Json {
  if (!isObject(under) || !isObject(over)) return over;
  const names = new Set([...Object.keys(under), ...Object.keys(over)]);
  return Object.fromEntries(
    [...names].map((name) => {
      const [below, above] = [under[name], over[name]];
      if (above === undefined) return [name, below as Json];
      return [name, below === undefined ? above : overlaid(below, above)];
    }),
  );
}

function isObject(value: Json): value is { readonly [member: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
