/**
 * Owns one crash test: when the proxy is killed, what is looked at afterwards, and the history that comes of it.
 * Refuses to judge it.
 */

import { watch } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { assertNever } from "../base/assert.ts";
import { type Prng, stream } from "../base/prng.ts";
import { ENTITIES } from "../protocol/entity.ts";
import type { SyncEvent } from "../protocol/messages.ts";
import { CrashClient } from "./crash-client.fixture.ts";
import type { CrashHistory, Mutation } from "./crash-history.fixture.ts";
import { settles } from "./crash-judge.fixture.ts";
import { Ledger } from "./crash-letter.fixture.ts";
import { DeltaReader, listAll, type Notebook, readHead, StreamReader } from "./crash-readers.fixture.ts";
import { CrashServer, type ServerOptions } from "./crash-server.fixture.ts";
import { startWriters } from "./crash-writers.fixture.ts";

export interface CrashPlan {
  readonly kills: number;
  readonly seed: number;
  /** Kinds of moments that kills after the first are drawn from; one that is named twice comes twice as often. */
  readonly moments?: readonly Moment["moment"][];
  readonly server?: ServerOptions;
}

export interface CrashOutcome {
  readonly history: CrashHistory;
  readonly kills: number;
  /** Kills while requests that write were on their way. */
  readonly killsInFlight: number;
  /** Mutations whose answer was lost, and which the proxy had kept; and those that it had not. */
  readonly lostAnswersKept: number;
  readonly lostAnswersNotKept: number;
  /** What the proxy wrote to standard error. */
  readonly said: string;
}

/** When the next kill comes: at a point of the start, some time after it, or by what is seen of the traffic. */
type Moment =
  | { readonly moment: "starting"; readonly afterMs: number }
  | { readonly moment: "time"; readonly afterMs: number }
  | { readonly moment: "sent"; readonly count: number }
  | { readonly moment: "answered"; readonly count: number }
  /** Somebody knows of a change: it must be there for good. */
  | { readonly moment: "shown"; readonly count: number }
  /** The store's log of changes is being written: a commit is half on disk, or whole and not told yet. */
  | { readonly moment: "written"; readonly count: number };

const MOMENTS: readonly Moment["moment"][] = [
  "time",
  "sent",
  "answered",
  "answered",
  "shown",
  "shown",
  "written",
  "written",
  "starting",
];

/** A moment that does not come by itself is made. */
const MOMENT_MS_MAX = 700;

/** Kills the proxy again and again under load, then lets everything come to rest, and tells what was seen. */
export async function runCrashes(plan: CrashPlan): Promise<CrashOutcome> {
  const server = await CrashServer.create(plan.server);
  try {
    return await new CrashRun(plan, server).run();
  } finally {
    await server.clear();
  }
}

class CrashRun {
  private readonly plan: CrashPlan;
  private readonly server: CrashServer;
  private readonly client: CrashClient;
  private readonly ledger: Ledger;
  private readonly notebook: Notebook;
  private readonly prng: Prng;
  private killsInFlight = 0;

  constructor(plan: CrashPlan, server: CrashServer) {
    this.plan = plan;
    this.server = server;
    this.client = new CrashClient(server);
    this.ledger = new Ledger(this.client, server);
    this.notebook = { client: this.client, server, sightings: [], changes: [] };
    this.prng = stream(plan.seed, "kills");
  }

  async run(): Promise<CrashOutcome> {
    const { client, server, notebook, ledger } = this;
    const startMs = await server.warmUp();
    const streams = new Map([
      ["steady stream", new StreamReader("steady-stream", notebook)],
      ["fickle stream", new StreamReader("fickle-stream", notebook, 100)],
    ]);
    const deltas = [
      new DeltaReader("small pages", notebook, ENTITIES, 20, 20),
      new DeltaReader("contacts only", notebook, ["contact"], 200, 50),
    ];
    const writers = startWriters(client, ledger, this.plan.seed);
    for (let kill = 1; kill <= this.plan.kills; kill++) await this.liveAndDie(this.draw(kill, startMs));
    await server.start();
    const reads = await writers.stop();
    const logBefore = await this.replay();
    await ledger.settleAbandoned();
    // What stands at rest is asked of a process that knows it from the disk alone.
    server.kill();
    await server.ended();
    await server.start();
    const headBeforeAgain = await readHead(client);
    const again = await ledger.askAgain();
    const headAfterAgain = await readHead(client);
    for (const reader of streams.values()) await reader.catchUp(headAfterAgain);
    const replicas = await Promise.all(deltas.map((reader) => reader.stop()));
    const log = await this.replay();
    const listed = await listAll(client);
    for (const reader of streams.values()) await reader.stop();
    await client.close();
    const mutations = ledger.mutations();
    const history: CrashHistory = {
      ...{ mutations, reads, logBefore, log, listed, again, headBeforeAgain, headAfterAgain, replicas },
      streams: new Map([...streams].map(([name, { events }]) => [name, events])),
      sightings: notebook.sightings,
      changes: notebook.changes,
      surprises: client.surprises,
    };
    return {
      history,
      kills: this.plan.kills,
      killsInFlight: this.killsInFlight,
      ...answersLost(mutations),
      said: server.said,
    };
  }

  private async liveAndDie(moment: Moment): Promise<void> {
    const { server, client } = this;
    if (moment.moment === "starting") return server.startAndKill(moment.afterMs);
    await server.start();
    await this.come(moment, () => {
      if (client.writesUnderWay > 0) this.killsInFlight++;
      server.kill();
    });
    await server.ended();
  }

  /** Calls `kill` at the very moment: within the turn in which it was seen. */
  private come(moment: Exclude<Moment, { moment: "starting" }>, kill: () => void): Promise<void> {
    return new Promise((resolve) => {
      let count = 0;
      let isOver = false;
      const end = (): void => {
        if (isOver) return;
        isOver = true;
        this.client.traffic = undefined;
        watcher?.close();
        clearTimeout(timer);
        kill();
        resolve();
      };
      const timer = setTimeout(end, moment.moment === "time" ? moment.afterMs : MOMENT_MS_MAX);
      const written = (): void => {
        if (moment.moment === "written" && ++count === moment.count) end();
      };
      const watcher = moment.moment === "written" ? watch(this.server.changesFile, written) : undefined;
      this.client.traffic = {
        sent: () => {
          // The request is in our hands until this turn ends.
          if (moment.moment === "sent" && ++count === moment.count) setImmediate(end);
        },
        answered: () => {
          if (moment.moment === "answered" && ++count === moment.count) end();
        },
        shown: () => {
          if (moment.moment === "shown" && ++count === moment.count) end();
        },
      };
    });
  }

  private draw(kill: number, startMs: number): Moment {
    const { prng } = this;
    const kind = prng.pick(this.plan.moments ?? MOMENTS);
    const afterMs = prng.unit() * 1.1 * startMs;
    // The first finds no file; later ones what the kills before them left of it.
    if (kill === 1) return { moment: "starting", afterMs: (0.5 + prng.unit() / 2) * startMs };
    switch (kind) {
      case "starting":
        return { moment: "starting", afterMs };
      case "time":
        return { moment: "time", afterMs: prng.below(400) };
      case "sent":
      case "answered":
        return { moment: kind, count: 1 + prng.below(800) };
      case "shown":
        return { moment: kind, count: 1 + prng.below(100) };
      case "written":
        return { moment: kind, count: 1 + prng.below(300) };
      default:
        return assertNever(kind);
    }
  }

  /** The whole log, as a socket that begins at genesis is shown it. */
  private async replay(): Promise<readonly SyncEvent[]> {
    const head = await readHead(this.client);
    const reader = new StreamReader("replay", this.notebook);
    await reader.catchUp(head);
    await sleep(0);
    await reader.stop();
    return reader.events;
  }
}

function answersLost(
  mutations: readonly Mutation[],
): Pick<CrashOutcome, "lostAnswersKept" | "lostAnswersNotKept"> {
  let lostAnswersKept = 0;
  let lostAnswersNotKept = 0;
  for (const { unanswered, answers } of mutations) {
    const settled = unanswered === 0 ? undefined : answers.find(settles);
    if (settled?.replayed === true) lostAnswersKept++;
    else if (settled !== undefined) lostAnswersNotKept++;
  }
  return { lostAnswersKept, lostAnswersNotKept };
}
