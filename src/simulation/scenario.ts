/**
 * Owns what a scenario may say, as data: fleet, habits, network, clocks, faults, workload, proxy, thresholds.
 * Refuses to know of files and of YAML: cli/ reads those and hands over what they held, with line and column in
 * hand. Shares are written `5%`, times `90s` or `4h`, distributions `{p50: 80ms, p99: 900ms}`.
 */

import { z } from "zod";
import { parseDuration } from "../base/time.ts";
import { CONFLICT_MODES } from "../protocol/messages.ts";

/** A share from 0 to 1, written `5%`, `0.5%`. */
const Share = z
  .string()
  .regex(/^\d+(\.\d+)?%$/, "a share is written like 5% or 0.5%")
  .transform((text) => Number(text.slice(0, -1)) / 100)
  .refine((share) => share <= 1, "a share is at most 100%");

/** A duration in ms, written `80ms`, `90s`, `15m`, `4h`, `7d`, `2w`. */
const Duration = z
  .string()
  .refine((text) => parseDuration(text) !== undefined, "a time is written like 80ms, 90s, 15m, 4h, 7d or 2w")
  .transform((text) => parseDuration(text) ?? 0);

/** A distribution of durations in ms, given by its median and its 99th percentile. */
const Spread = z
  .strictObject({ p50: Duration, p99: Duration })
  .refine((spread) => spread.p50 <= spread.p99, "p50 is at most p99");
export type Spread = z.output<typeof Spread>;

/** A mean count per device and day, at most one a minute. */
const PerDay = z.number().min(0).max(1_440);

const share = (text: string) => Share.prefault(text);
const duration = (text: string) => Duration.prefault(text);
const spread = (p50: string, p99: string) => Spread.prefault({ p50, p99 });
const perDay = (count: number) => PerDay.prefault(count);

const Fleet = z.strictObject({
  accounts: z.number().int().min(1).max(100_000).prefault(50),
  devicesPerAccount: z.number().int().min(1).max(64).prefault(3),
  /** Records that each account has before the run begins. */
  records: z
    .strictObject({
      contact: z.number().int().min(0).max(200_000).prefault(12),
      task: z.number().int().min(0).max(200_000).prefault(12),
      list: z.number().int().min(0).max(200_000).prefault(4),
    })
    .prefault({}),
  itemsPerList: z.number().int().min(0).max(1_000).prefault(5),
  /** The roadmap's phases that app and proxy have. */
  phases: z.array(z.union([1, 2, 3, 4, 5].map((phase) => z.literal(phase)))).prefault([1, 2, 3, 4, 5]),
  /** From this many sendable mutations on they go out as a batch. */
  batchFrom: z.number().int().min(2).max(500).prefault(3),
  /** Share of phones whose app does not know lists before it is updated, in the middle of the run. */
  olderApps: share("0%"),
  /** Share of phones whose app is replaced, in the middle of the run, by one that does the same. */
  updatedApps: share("0%"),
});

const Habits = z.strictObject({
  sessionsPerDay: perDay(4),
  sessionLength: spread("90s", "15m"),
  /** Share of sessions that bring the account's other devices to the app within a minute: dinner, a call, a shared plan. */
  together: share("25%"),
  /** Local hours in which sessions begin, `[from, to)`; all phones live in one time zone. */
  awake: z.tuple([z.number().min(0).max(24), z.number().min(0).max(24)]).prefault([7, 23]),
});

/** Headers that a middlebox may take off a request. */
const STRIPPABLE = ["if-match", "idempotency-key", "x-device-id", "x-mutation-timestamp"] as const;
export type Strippable = (typeof STRIPPABLE)[number];

const Network = z.strictObject({
  /** One way, per message. */
  latency: spread("60ms", "900ms"),
  /** Share of requests, and as many answers again, that never arrive. */
  loss: share("1%"),
  /** Share of requests that arrive twice. */
  duplication: share("0.5%"),
  /** Share of requests and answers that are held back by a further latency, so that later ones pass them. */
  reordering: share("1%"),
  /** Tunnels: the phone knows that it is offline. */
  offline: z
    .strictObject({
      perDay: perDay(4),
      length: spread("6m", "75m"),
      /** Share of tunnels in which the user opens the app. */
      used: share("50%"),
    })
    .prefault({}),
  /** One direction is dead and nobody is told: requests time out, sockets hang. */
  partition: z
    .strictObject({
      perDay: perDay(0.2),
      length: spread("40s", "5m"),
      direction: z.enum(["up", "down", "either"]).prefault("either"),
    })
    .prefault({}),
  requestTimeout: duration("30s"),
  /** Networks with a login page: somebody else answers every request with 200 and HTML, and no socket opens. */
  captive: z.strictObject({ perDay: perDay(0), length: spread("5m", "40m") }).prefault({}),
  /** Requests that time out although the network is fine: before they reached the proxy, or with the answer made. */
  timeouts: z.strictObject({ before: share("0%"), after: share("0%") }).prefault({}),
  /** Somebody in the middle forgets the phone's sockets, and tells neither end. */
  halfOpen: z.strictObject({ perDay: perDay(0) }).prefault({}),
  /** Spans in which each message takes this much longer. */
  spikes: z
    .strictObject({ perDay: perDay(0), length: spread("30s", "5m"), delay: spread("3s", "25s") })
    .prefault({}),
  /** Shares of phones behind something that changes headers or lets no WebSocket through, all through the run. */
  middlebox: z
    .strictObject({
      strips: share("0%"),
      headers: z.array(z.enum(STRIPPABLE)).prefault([...STRIPPABLE]),
      weakens: share("0%"),
      refusesSockets: share("0%"),
    })
    .prefault({}),
});

const Clocks = z.strictObject({
  /** Share of phones whose wall clock is wrong from the start, early or late by `offset`. */
  skewed: share("10%"),
  offset: spread("20s", "10m"),
  /** Parts per million by which a skewed clock runs fast or slow. */
  driftPpm: z.number().min(0).max(10_000).prefault(30),
  /** Share of phones whose clock is off by 1 to 30 years: an empty battery, a child, a game. */
  yearsOff: share("0%"),
  /** Steps of the clock, either way, per phone and day. */
  jumps: z.strictObject({ perDay: perDay(0.02), size: spread("5s", "10m") }).prefault({}),
  /** Steps backwards of the proxy's clock per day. */
  proxyJumps: z.strictObject({ perDay: perDay(0.1), size: spread("1s", "30s") }).prefault({}),
});

const Storage = z.strictObject({
  /** From the write to its being durable; what is not durable is lost when the app is killed. */
  flush: spread("4ms", "60ms"),
  /** Share of writes that fail, each as a whole. */
  failures: share("0%"),
  /** Spans in which nothing can be written. */
  full: z.strictObject({ perDay: perDay(0), length: spread("2m", "30m") }).prefault({}),
});

const Answered = z.enum(["drawn", "mine", "server", "merge"]).prefault("drawn");

const Workload = z.strictObject({
  /** Edits per device and day, made in sessions, offline or not. */
  editsPerDay: perDay(8),
  entities: z
    .strictObject({ contact: Share, task: Share, list: Share })
    .prefault({ contact: "30%", task: "45%", list: "25%" }),
  operations: z
    .strictObject({ create: Share, update: Share, delete: Share })
    .prefault({ create: "18%", update: "74%", delete: "8%" }),
  /** Share of edits that go to the few records that everybody edits. */
  hot: share("45%"),
  hotRecords: z.number().int().min(1).max(1_000).prefault(2),
  /** Share of edits that make two or three more edits of the same record right after. */
  burst: share("15%"),
  /** Screens that a user looks at per minute of a session. */
  readsPerMinute: z.number().min(0).max(600).prefault(3),
  /** Share of the lists looked at that are scrolled: each record that comes into sight is a read of its own. */
  scrolls: share("0%"),
  /** How people answer the conflict dialog, and how long they think. */
  conflicts: z
    .strictObject({
      mine: share("40%"),
      server: share("30%"),
      merge: share("30%"),
      thinking: spread("15s", "5m"),
      /** Share of dialogs that are closed, and answered in the first session after `laterBy`. */
      later: share("0%"),
      laterBy: spread("8h", "3d"),
      /** Share of dialogs that nobody ever answers: asked and shown is how their edits end [SYS-4]. */
      ignored: share("0%"),
      /** What everybody answers where an entity is concerned, instead of drawing. */
      always: z.strictObject({ contact: Answered, task: Answered, list: Answered }).prefault({}),
    })
    .prefault({}),
  /** Share of devices that are put away for `absence.length` at a random time. */
  absence: z.strictObject({ share: share("0%"), length: duration("30d") }).prefault({}),
  /** Pull-to-refresh, which is a full sync, per device and day. */
  refreshesPerDay: perDay(0.1),
  /** Share of creates that are two creates in one millisecond. */
  twins: share("0%"),
  /** Share of edits that write a field which this protocol does not name: people with a newer app. */
  newFields: share("0%"),
  /** Clients of old, as many per account: they list and write, plainly and without headers. */
  legacy: z
    .strictObject({ clients: z.number().int().min(0).max(16).prefault(0), editsPerDay: perDay(6) })
    .prefault({}),
});

const Kills = z.strictObject({
  /** Kills of the app by its user or system, per device and day; the next session starts it again. */
  perDay: perDay(1.5),
  /** Share of edits right after which the user swipes the app away, before or after they are durable. */
  afterEdit: share("1%"),
  /** Kills at named points, as shares of how often each is passed. */
  points: z
    .strictObject({
      /** A mutation is about to leave. */
      beforeSend: share("0%"),
      /** It left; nobody waits for its answer. */
      afterSend: share("0%"),
      /** Its answer came, and what that means is not stored. */
      beforeStore: share("0%"),
      /** Data is stored, the revision that covers it is not [REV-11]. */
      beforeRevision: share("0%"),
      /** A page of a sync came, and more are to come [FUL-3]. */
      betweenPages: share("0%"),
    })
    .prefault({}),
});

/** Bearer tokens, and whose they are. */
const Tokens = z.strictObject({
  /** A phone's token is not good any more; after `length` its owner has a new one. */
  expiry: z.strictObject({ perDay: perDay(0), length: spread("2m", "3h") }).prefault({}),
  /** Share of phones that two people use, each with an account and with storage of their own. */
  shared: share("0%"),
  /** How often the other one takes over, per such phone and day. */
  switchesPerDay: perDay(3),
});

const ProxySettings = z.strictObject({
  instances: z.number().int().min(1).max(16).prefault(1),
  /** How long until the other instances hear of a change. */
  fanOut: spread("5ms", "200ms"),
  mode: z.enum(CONFLICT_MODES).prefault("enforce"),
  ifMatch: z.enum(["optional", "required"]).prefault("optional"),
  resolvedBy: z.enum(["server", "client"]).prefault("server"),
  retention: duration("30d"),
  deltaLimitMax: z.number().int().min(1).max(10_000).prefault(20),
  mutationsMax: z.number().int().min(1).max(10_000).prefault(50),
  /** Time to answer a request. */
  work: spread("3ms", "40ms"),
  /** Spans in which a proxy instance answers 503 and its sockets are closed. */
  outages: z.strictObject({ perDay: perDay(0.3), length: spread("20s", "4m") }).prefault({}),
  /** Spans in which one instance hears of no change that others commit, and they of none of its own. */
  cutOffs: z.strictObject({ perDay: perDay(0), length: spread("1m", "15m") }).prefault({}),
  /** Spans in which capabilities declare another protocol. */
  foreignProtocol: z.strictObject({ perDay: perDay(0), length: spread("5m", "1h") }).prefault({}),
  /** From the middle of the run on, this share of events comes with entities, fields and frames of a later protocol. */
  novelties: share("0%"),
  /** What the backend behind the proxy changes, per account and day (section 10). */
  webhooks: z
    .strictObject({ perDay: perDay(0), duplication: share("0%"), reordering: share("0%") })
    .prefault({}),
  /** Modes that take over in mid-run, each this long after its beginning. */
  rollout: z
    .array(z.strictObject({ after: Duration, mode: z.enum(CONFLICT_MODES) }))
    .max(16)
    .prefault([]),
});

const Push = z.strictObject({
  delay: spread("800ms", "60s"),
  loss: share("5%"),
  duplication: share("1%"),
  /** Tokens that die, per phone and day; the phone has a new one from its next start on. */
  deadTokens: z.strictObject({ perDay: perDay(0) }).prefault({}),
});

/** One scenario file. Every part has a default, so that a file names only what it is about. */
export const Scenario = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]*$/, "a scenario's name is lower-case words joined by dashes"),
  description: z.string().prefault(""),
  /** How long faults are on; the heal and the settling come after it. */
  duration: duration("7d").refine(
    (ms) => ms >= 60_000 && ms <= 60 * 86_400_000,
    "a run lasts from 1m to 60d",
  ),
  /** After the heal, everything must be settled within this time [SYS-5]. */
  settleWithin: duration("6h"),
  fleet: Fleet.prefault({}),
  habits: Habits.prefault({}),
  network: Network.prefault({}),
  clocks: Clocks.prefault({}),
  storage: Storage.prefault({}),
  kills: Kills.prefault({}),
  tokens: Tokens.prefault({}),
  workload: Workload.prefault({}),
  proxy: ProxySettings.prefault({}),
  push: Push.prefault({}),
  /** What a metric must meet, for instance `sync latency online p99 < 2s`, `full sync rate < 5%`. */
  thresholds: z.array(z.string()).prefault([]),
});

/** The conflict mode of a run; `changing` when a rollout brings another, and rules that rest on it cannot be judged. */
export function modeThroughout({ proxy }: Scenario): Scenario["proxy"]["mode"] | "changing" {
  return proxy.rollout.every(({ mode }) => mode === proxy.mode) ? proxy.mode : "changing";
}

/** A scenario as written. */
export type ScenarioText = z.input<typeof Scenario>;
/** A scenario with every default in place, times in ms, shares from 0 to 1. */
export type Scenario = z.output<typeof Scenario>;
