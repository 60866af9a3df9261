/**
 * Owns the motifs: short stories that are known to break sync systems, each an arbitrary of actions from time zero on.
 * Refuses to know when they are played and how they are put together. What is drawn is small, so that it can be shrunk.
 */

import {
  type Arbitrary,
  array,
  boolean,
  constantFrom,
  integer,
  oneof,
  option,
  record,
  tuple,
} from "fast-check";
import { ENTITIES, type Entity } from "../protocol/entity.ts";
import type { Action, Change, Deed, Hook, RecordName } from "../simulation/plan.ts";

/** What a motif may count on. */
export interface Stage {
  readonly devices: number;
  readonly devicesPerAccount: number;
  readonly instances: number;
  readonly pageMax: number;
  readonly retentionMs: number;
}

export type Motif = Arbitrary<readonly Action[]>;

/** Moments that tend to coincide with something: with each other, a round trip, a time-out, a back-off. */
const moment: Arbitrary<number> = constantFrom(
  0,
  1,
  20,
  41,
  43,
  100,
  500,
  1_000,
  2_000,
  5_000,
  30_000,
  31_000,
);
const spanMs: Arbitrary<number> = constantFrom(10, 100, 2_000, 10_000, 45_000, 120_000);
const entity: Arbitrary<Entity> = constantFrom(...ENTITIES);
const HOT: RecordName = { seed: 0 };

export const at = (ms: number, deed: Deed): Action => ({ at: { ms }, deed });
const atHook = (hook: Hook, nth: number, deed: Deed): Action => ({ at: { hook, nth }, deed });

/** Texts are few, so that equal values meet, and named after who wrote them, so that a lost one is missed. */
function changeOf(kind: Entity, device: number, draw: number): Change {
  const text = `d${device}v${draw}`;
  switch (kind) {
    case "contact":
      return {
        fields: draw % 2 === 0 ? { name: text } : { phone: text, notes: draw % 3 === 0 ? null : text },
      };
    case "task":
      return {
        fields:
          draw % 3 === 0 ? { done: draw % 2 === 0 } : draw % 3 === 1 ? { title: text } : { notes: text },
      };
    case "list":
      if (draw % 4 === 0) return { remove: [draw] };
      if (draw % 4 === 1) return { reword: [{ at: draw, text }] };
      return draw % 4 === 2 ? { fields: { name: text } } : { add: [text] };
  }
}

function edit(kind: Entity, device: number, draw: number, name: RecordName = HOT): Deed {
  return {
    do: "edit",
    device,
    entity: kind,
    operation: "update",
    record: name,
    change: changeOf(kind, device, draw),
  };
}

const remove = (kind: Entity, device: number, name: RecordName = HOT): Deed => ({
  do: "edit",
  device,
  entity: kind,
  operation: "delete",
  record: name,
});

const aDevice = ({ devices }: Stage): Arbitrary<number> => integer({ min: 0, max: devices - 1 });

/** One base state, perturbed by several devices that do not hear of each other, who come back one after the other. */
function concurrent(stage: Stage): Motif {
  const perturbation = record({
    device: aDevice(stage),
    draw: integer({ min: 0, max: 11 }),
    deletes: integer({ min: 0, max: 7 }).map((draw) => draw === 7),
    awayMs: option(spanMs, { nil: undefined }),
    at: moment,
  });
  return tuple(entity, array(perturbation, { minLength: 2, maxLength: 5 })).map(([kind, all]) =>
    all.flatMap(({ device, draw, deletes, awayMs, at: ms }) => [
      ...(awayMs === undefined ? [] : [at(0, { do: "offline", device, forMs: awayMs + ms })]),
      at(ms, deletes ? remove(kind, device) : edit(kind, device, draw)),
    ]),
  );
}

/** An edit whose answer is lost, or whose app is killed around its sending, and newer edits on top of it. */
function retried(stage: Stage): Motif {
  const trouble: Arbitrary<"lose" | Hook> = constantFrom(
    "lose",
    "before-send",
    "after-send",
    "before-store",
    "before-revision",
  );
  return record({
    kind: entity,
    device: aDevice(stage),
    trouble,
    nth: integer({ min: 1, max: 3 }),
    draws: array(integer({ min: 0, max: 11 }), { minLength: 1, maxLength: 4 }),
    gapMs: moment,
    creates: boolean(),
    severs: boolean(),
  }).map(({ kind, device, trouble: what, nth, draws, gapMs, creates, severs }) => [
    ...(severs ? [at(0, { do: "sever", device })] : []),
    what === "lose" ? atHook("effect", nth, { do: "lose" }) : atHook(what, nth, { do: "kill", device }),
    ...(creates ? [at(0, createOf(kind, device, "made"))] : []),
    ...draws.map((draw, turn) =>
      at((turn + 1) * gapMs, edit(kind, device, draw, creates ? { made: "made" } : HOT)),
    ),
    at((draws.length + 1) * gapMs + 40_000, { do: "open", device }),
  ]);
}

function createOf(kind: Entity, device: number, label: string): Deed {
  const fields = kind === "task" ? { title: label } : { name: label };
  return { do: "edit", device, entity: kind, operation: "create", change: { fields }, label };
}

/** A device that was away comes back to as many changes as a page holds, or one more or less; more come meanwhile. */
function paged(stage: Stage): Motif {
  return record({
    device: aDevice(stage),
    kind: entity,
    around: integer({ min: -1, max: 1 }),
    pages: integer({ min: 1, max: 2 }),
    deletesOneIn: integer({ min: 2, max: 5 }),
    interrupted: constantFrom("no", "kill", "write", "lose"),
    nth: integer({ min: 1, max: 2 }),
  }).map(({ device, kind, around, pages, deletesOneIn, interrupted, nth }) => {
    const account = Math.floor(device / stage.devicesPerAccount);
    const count = Math.max(1, pages * stage.pageMax + around);
    const writes = Array.from({ length: count }, (_, turn) =>
      at(1_000 + turn * 10, written(kind, account, turn)),
    );
    const gone = Array.from({ length: Math.floor(count / deletesOneIn) }, (_, turn) =>
      at(20_000 + turn * 10, deletedNamed(kind, account, turn * deletesOneIn)),
    );
    return [
      at(0, { do: "close", device }),
      at(100, { do: "kill", device }),
      ...writes,
      ...gone,
      ...interruption(interrupted, nth, device, account, kind),
      at(30_000, { do: "open", device }),
      at(60_000, { do: "open", device }),
    ];
  });
}

function interruption(
  what: string,
  nth: number,
  device: number,
  account: number,
  kind: Entity,
): readonly Action[] {
  if (what === "kill") return [atHook("between-pages", nth, { do: "kill", device })];
  if (what === "write") return [atHook("snapshot", nth, written(kind, account, 99))];
  return what === "lose" ? [atHook("snapshot", nth, { do: "lose" })] : [];
}

const namedId = (turn: number): string => `w${turn}`;

function written(kind: Entity, account: number, turn: number): Deed {
  const id = namedId(turn);
  const fields = kind === "task" ? { id, title: id } : { id, name: id };
  return { do: "write", account, entity: kind, operation: "create", fields };
}

const deletedNamed = (kind: Entity, account: number, turn: number): Deed => ({
  do: "write",
  account,
  entity: kind,
  operation: "delete",
  record: { id: namedId(turn) },
});

/** A record that is deleted and made again under its id, while somebody still edits the former one. */
function reborn(stage: Stage): Motif {
  return record({
    kind: entity,
    device: aDevice(stage),
    other: aDevice(stage),
    gapMs: moment,
    again: boolean(),
  }).map(({ kind, device, other, gapMs, again }) => {
    const account = Math.floor(device / stage.devicesPerAccount);
    const made = written(kind, account, 0);
    return [
      at(0, made),
      at(5_000, { do: "offline", device: other, forMs: 30_000 }),
      at(5_000 + gapMs, {
        do: "edit",
        device: other,
        entity: kind,
        operation: "update",
        record: { id: namedId(0) },
        change: changeOf(kind, other, 3),
      }),
      at(6_000 + gapMs, deletedNamed(kind, account, 0)),
      at(7_000 + gapMs, made),
      ...(again ? [at(8_000 + gapMs, deletedNamed(kind, account, 0)), at(9_000 + gapMs, made)] : []),
    ];
  });
}

/** A socket that dies in one way or another while others write, and is resumed. */
function resumed(stage: Stage): Motif {
  const death: Arbitrary<"sever" | "up" | "down" | "offline" | "kill"> = constantFrom(
    "sever",
    "up",
    "down",
    "offline",
    "kill",
  );
  return record({
    device: aDevice(stage),
    death,
    forMs: spanMs,
    kinds: array(entity, { minLength: 1, maxLength: 4 }),
    live: boolean(),
  }).map(({ device, death: how, forMs, kinds, live }) => {
    const account = Math.floor(device / stage.devicesPerAccount);
    return [
      at(0, deathOf(how, device, forMs)),
      ...kinds.map((kind, turn) => at(5 + turn * 20, written(kind, account, 200 + turn))),
      ...(live ? [atHook("replay", 1, written(kinds[0] ?? "task", account, 300))] : []),
      at(forMs + 1_000, { do: "open", device }),
    ];
  });
}

function deathOf(how: "sever" | "up" | "down" | "offline" | "kill", device: number, forMs: number): Deed {
  switch (how) {
    case "sever":
    case "kill":
      return { do: how, device };
    case "offline":
      return { do: "offline", device, forMs };
    default:
      return { do: "partition", device, direction: how, forMs };
  }
}

/** A device that is away for longer than the log is kept. */
function outlived(stage: Stage): Motif {
  return record({
    kind: entity,
    device: aDevice(stage),
    draw: integer({ min: 0, max: 11 }),
    edits: boolean(),
  }).map(({ kind, device, draw, edits }) => {
    const account = Math.floor(device / stage.devicesPerAccount);
    const backMs = stage.retentionMs + 120_000;
    return [
      at(0, { do: "offline", device, forMs: backMs }),
      ...(edits ? [at(1_000, edit(kind, device, draw))] : []),
      at(2_000, written(kind, account, 400)),
      at(3_000, { do: "write", account, entity: kind, operation: "delete", record: HOT }),
      at(backMs - 1_000, written(kind, account, 401)),
    ];
  });
}

/** Proxies that are cut off from each other, or gone, while devices write and listen on different ones. */
function failedOver(stage: Stage): Motif {
  return record({
    kind: entity,
    devices: array(aDevice(stage), { minLength: 1, maxLength: 4 }),
    instance: integer({ min: 0, max: 2 }),
    how: constantFrom("cut-off", "outage"),
    hook: option(constantFrom<Hook>("fan-out", "effect", "replay"), { nil: undefined }),
    forMs: spanMs,
    backMs: constantFrom(0, 1_000, 60_000),
  }).map(({ kind, devices, instance, how, hook, forMs, backMs }) => {
    const blow: Deed = { do: how as "cut-off" | "outage", instance: instance % stage.instances, forMs };
    return [
      hook === undefined ? at(0, blow) : atHook(hook, 1, blow),
      ...devices.map((device, turn) => at(50 + turn * 400, edit(kind, device, turn + 1))),
      ...(backMs > 0 ? [at(500, { do: "proxy-clock", byMs: -backMs } as const)] : []),
    ];
  });
}

/** Clocks that are wrong, and edits of one field that they decide about. */
function skewed(stage: Stage): Motif {
  return array(
    record({
      device: aDevice(stage),
      byMs: constantFrom(-86_400_000, -10_000, -5_000, -1, 1, 4_999, 5_001, 3_600_000),
      atMs: moment,
    }),
    { minLength: 2, maxLength: 4 },
  ).map((all) =>
    all.flatMap(({ device, byMs, atMs }) => [
      at(0, { do: "clock", device, byMs }),
      at(10, { do: "offline", device, forMs: 2_000 + atMs }),
      at(20 + atMs, edit("task", device, 1)),
    ]),
  );
}

/** Storage that is full, and tokens that expire, with work at hand. */
function obstructed(stage: Stage): Motif {
  return record({
    kind: entity,
    device: aDevice(stage),
    how: constantFrom("full-storage", "expired-token"),
    forMs: spanMs,
  }).map(({ kind, device, how, forMs }) => [
    at(0, { do: how as "full-storage" | "expired-token", device, forMs }),
    at(10, edit(kind, device, 2)),
    at(500, createOf(kind, device, "late")),
    at(900, edit(kind, device, 5, { made: "late" })),
    at(forMs + 1_000, { do: "kill", device }),
    at(forMs + 2_000, { do: "open", device }),
  ]);
}

/** What reads and refreshes see meanwhile. */
function looked(stage: Stage): Motif {
  return array(record({ kind: entity, device: aDevice(stage), at: moment, refreshes: boolean() }), {
    minLength: 1,
    maxLength: 4,
  }).map((all) =>
    all.map(({ kind, device, at: ms, refreshes }) =>
      at(ms, refreshes ? { do: "refresh", device } : { do: "read", device, entity: kind, record: HOT }),
    ),
  );
}

/** Every motif, with how often it is drawn. */
export function anyMotif(stage: Stage): Motif {
  return oneof(
    { weight: 4, arbitrary: concurrent(stage) },
    { weight: 3, arbitrary: retried(stage) },
    { weight: 2, arbitrary: paged(stage) },
    { weight: 2, arbitrary: reborn(stage) },
    { weight: 2, arbitrary: resumed(stage) },
    { weight: 3, arbitrary: outlived(stage) },
    { weight: stage.instances > 1 ? 3 : 1, arbitrary: failedOver(stage) },
    { weight: 2, arbitrary: skewed(stage) },
    { weight: 1, arbitrary: obstructed(stage) },
    { weight: 1, arbitrary: looked(stage) },
  );
}
