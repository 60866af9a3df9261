/**
 * Owns the figures of a live proxy for Prometheus: requests, conflicts, syncs, sockets, the log, pushes (section 12, as
 * far as a proxy can see it).
 * Refuses to name accounts, devices, records or tokens.
 */

import { collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { SECOND_MS } from "../base/time.ts";
import { ENTITIES } from "../protocol/entity.ts";
import type { AccountId } from "../protocol/messages.ts";
import type { Answer, Request } from "../protocol/request.ts";
import type { ProxyConfig } from "../proxy/port.ts";
import type { Clock } from "./clock.ts";
import type { DurableStore } from "./durable.ts";
import type { Exchanged } from "./exchange.ts";
import type { Observer } from "./service.ts";
import { Tally } from "./tally.ts";

export interface FiguresOptions {
  readonly config: ProxyConfig;
  readonly durable: DurableStore;
  readonly clock: Clock;
  sockets(): number;
}

/** Accounts that one scrape looks at; the log figures leave out what is beyond. */
const ACCOUNTS_MAX = 1_000;

export class Figures {
  readonly registry = new Registry();
  readonly observer: Observer;
  private readonly options: FiguresOptions;
  private readonly requests = this.tally("zeke_requests_total", "Requests answered", ["route", "status"]);
  private readonly bytesIn = this.tally("zeke_request_body_bytes_total", "Bytes of request bodies", [
    "route",
  ]);
  private readonly bytesOut = this.tally("zeke_answer_body_bytes_total", "Bytes of answer bodies", ["route"]);
  private readonly seconds = new Histogram({
    name: "zeke_request_seconds",
    help: "From the request's body to its answer, durable",
    labelNames: ["route"],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [this.registry],
  });
  private readonly conditional = this.tally(
    "zeke_conditional_writes_total",
    "Writes that carried If-Match, alone or in a batch: what conflict rates are a share of",
    ["entity"],
  );
  private readonly conflicts = this.tally(
    "zeke_conflicts_total",
    "Stale writes by how they ended: refused (409), client_won, merged, advisory",
    ["entity", "resolution"],
  );
  private readonly replays = this.tally("zeke_replayed_total", "Answers given again under their key", []);
  private readonly syncs = this.tally("zeke_syncs_total", "First pages of deltas, full syncs, and 410s", [
    "kind",
  ]);
  private readonly commits = this.tally("zeke_commits_total", "Changes committed", ["entity", "action"]);
  private readonly frames = this.tally("zeke_frames_total", "Frames sent to sockets", ["type"]);
  private readonly closes = this.tally("zeke_socket_closes_total", "Sockets closed by the proxy", ["code"]);
  private readonly pushes = this.tally("zeke_pushes_total", "Push messages by outcome", ["outcome"]);
  private readonly receipts = this.tally("zeke_push_receipts_total", "Push receipts by outcome", ["outcome"]);
  private readonly troubles = this.tally("zeke_troubles_total", "Calls and upkeep that were not stored", []);

  constructor(options: FiguresOptions) {
    this.options = options;
    this.observer = {
      committed: ({ entity, action }) => this.commits.add(1, entity, action),
      sent: ({ type }) => this.frames.add(1, type),
      closed: (code) => this.closes.add(1, String(code)),
      pushed: (outcome, count) => this.pushes.add(count, outcome),
      receipts: (outcome, count) => this.receipts.add(count, outcome),
      trouble: () => this.troubles.add(1),
    };
    this.gauge("zeke_sockets", "Open event sockets", () => options.sockets());
    this.gauge("zeke_ready", "1 when calls can be served", () => (options.durable.trouble() ? 0 : 1));
    this.gauge("zeke_log_versions", "Changes in all logs above their floors", () => this.logLength());
    this.gauge("zeke_floor_age_seconds", "Age of the oldest change above a floor", () => this.floorAge());
    collectDefaultMetrics({ register: this.registry });
  }

  /** Counts one exchange. */
  exchanged(exchanged: Exchanged): void {
    const { route, status, bytesIn, bytesOut, request, answer, seconds } = exchanged;
    this.requests.add(1, route, String(status));
    if (bytesIn > 0) this.bytesIn.add(bytesIn, route);
    if (bytesOut > 0) this.bytesOut.add(bytesOut, route);
    this.seconds.observe({ route }, seconds);
    if (request !== undefined) this.countCall(request, answer);
  }

  /** The text that Prometheus scrapes, and its content type. */
  async text(): Promise<{ readonly type: string; readonly body: string }> {
    return { type: this.registry.contentType, body: await this.registry.metrics() };
  }

  private countCall(request: Request, answer: Answer): void {
    const { call } = request;
    // Told again, and counted when it happened.
    if (answer.headers.replayed) return this.replays.add(1);
    switch (call.call) {
      case "update":
      case "delete":
        this.countWrite(call.entity, request.ifMatch !== undefined, answer.status, answer.body);
        return;
      case "batch":
        this.countBatch(call.body, answer);
        return;
      case "changes":
        if (answer.status === 410) this.syncs.add(1, "expired");
        else if (answer.status === 200 && call.cursor === undefined) {
          this.syncs.add(1, call.since === undefined ? "full" : "delta");
        }
        return;
      default:
    }
  }

  private countBatch(body: unknown, answer: Answer): void {
    if (answer.status !== 200) return;
    const { mutations } = body as { readonly mutations: readonly unknown[] };
    const { results } = answer.body as { readonly results: readonly BatchResultLike[] };
    for (const [index, result] of results.entries()) {
      if (result.replayed) {
        this.replays.add(1);
        continue;
      }
      const item = mutations[index] as Partial<Record<string, unknown>> | null;
      const entity = ENTITIES.find((known) => known === item?.entity);
      if (entity === undefined || item?.operation === "create") continue;
      const isConditional = item?.ifMatch !== undefined || item?.ifMatchMutation !== undefined;
      this.countWrite(entity, isConditional, result.status, result);
    }
  }

  private countWrite(entity: string, isConditional: boolean, status: number, body: unknown): void {
    if (!isConditional) return;
    this.conditional.add(1, entity);
    const { error, meta } = body as ConflictLike;
    const resolution =
      status === 409 && error === "conflict"
        ? "refused"
        : (meta?.resolution ?? (meta?.conflict === undefined ? undefined : "advisory"));
    if (resolution !== undefined) this.conflicts.add(1, entity, resolution);
  }

  private logLength(): number {
    let length = 0;
    for (const account of this.accounts()) {
      const { floor } = this.options.durable.watch.standing(account);
      length += this.options.durable.watch.countAfter(account, floor);
    }
    return length;
  }

  private floorAge(): number {
    const { durable, clock } = this.options;
    let oldestMs = clock.nowMs();
    for (const account of this.accounts()) {
      const { floor } = durable.watch.standing(account);
      const oldest = durable.watch.logAfter(account, floor, 1)[0];
      if (oldest !== undefined) oldestMs = Math.min(oldestMs, oldest.committedAtMs);
    }
    return Math.max(0, clock.nowMs() - oldestMs) / SECOND_MS;
  }

  private accounts(): readonly AccountId[] {
    return [...new Set(this.options.config.accounts.values())].slice(0, ACCOUNTS_MAX);
  }

  private tally(name: string, help: string, labelNames: readonly string[]): Tally {
    return new Tally(this.registry, name, help, labelNames);
  }

  private gauge(name: string, help: string, read: () => number): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      registers: [this.registry],
      collect: () => gauge.set(read()),
    });
  }
}

interface BatchResultLike {
  readonly status: number;
  readonly replayed?: boolean;
}

interface ConflictLike {
  readonly error?: string;
  readonly meta?: { readonly resolution?: string; readonly conflict?: unknown };
}
