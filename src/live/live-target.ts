/**
 * Owns a target over the network: each effect of a probe carried out over HTTP, WebSocket and the push sink.
 * Refuses to judge, and to send more than it may: budget, rate and `Retry-After` are the caller's limits, and kept.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { assertNever } from "../base/assert.ts";
import { pathNamed } from "../conformance/expectations.ts";
import type { Effect, EffectResult, HttpRequest, Outcome, Upgrade } from "../conformance/target.ts";
import type { PushSinkServer } from "./push-sink-server.ts";
import { type Quieted, TargetHttp } from "./target-http.ts";
import { TargetSockets } from "./target-sockets.ts";
import type { TargetLimits } from "./throttle.ts";
import { signWebhook, type WebhookSecret } from "./webhook-signature.ts";

export interface LiveTargetOptions {
  /** `http://` or `https://`, without a slash at its end. */
  readonly baseUrl: string;
  readonly limits: TargetLimits;
  /** Sent with every request. */
  readonly headers: { readonly [name: string]: string };
  /** Paths that the target has under another name, from the protocol's to its own. */
  readonly paths: ReadonlyMap<string, string>;
  readonly sink?: PushSinkServer;
  readonly webhookSecret?: WebhookSecret;
  /** When the token that ends by itself does, epoch ms. */
  readonly expiresAtMs?: number;
  /** For the ledger: told of each request before it leaves, and of what came of it. */
  sending?(request: HttpRequest): void;
  ended?(request: HttpRequest, outcome: Outcome): void;
  readonly quieted?: Quieted;
}

/** A probe asked for what this target does not have: a fault of the suite's. */
class NotEquipped extends Error {
  override readonly name = "NotEquipped";
}

export class LiveTarget {
  readonly http: TargetHttp;
  /** How long probes waited for something to come, all of them together. */
  waitedMs = 0;
  private readonly options: LiveTargetOptions;
  private readonly sockets: TargetSockets;
  /** From the target's paths to the protocol's. */
  private readonly ownPaths: ReadonlyMap<string, string>;
  private readonly halted: Promise<never>;
  private halt: (why: Error) => void = () => {};
  private readonly listeners = new Set<(why: Error) => void>();
  private readonly ending = new AbortController();

  constructor(options: LiveTargetOptions) {
    this.options = options;
    this.http = new TargetHttp(options.baseUrl, options.limits, options.quieted);
    this.sockets = new TargetSockets(options.baseUrl);
    this.ownPaths = new Map([...options.paths].map(([ours, theirs]) => [theirs, ours]));
    this.halted = new Promise((_resolve, reject) => {
      this.halt = reject;
    });
    this.halted.catch(() => undefined);
  }

  /**
   * Carries out one effect. Rejects with Unreachable when the target is gone, with BudgetSpent, and with what
   * `stop` was told once it was.
   */
  async perform<E extends Effect>(effect: E): Promise<EffectResult[E["effect"]]> {
    return (await Promise.race([this.carryOut(effect), this.halted])) as EffectResult[E["effect"]];
  }

  /** From now on every effect rejects with this, those under way too. */
  stop(why: Error): void {
    this.halt(why);
    for (const listener of this.listeners) listener(why);
    this.ending.abort();
    this.sockets.closeAll();
  }

  /** Told when it is stopped, until the returned function is called. */
  onStop(listener: (why: Error) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Ends a socket, whatever state it is in. */
  drop(socket: number): void {
    this.sockets.drop(socket);
  }

  /** One request of an introduction: it is not awaited any longer once `stop` was told. */
  async question(request: HttpRequest): Promise<Outcome> {
    return await Promise.race([this.ask(request), this.halted]);
  }

  /** One request of nobody's probe, as to clean up. */
  async ask(request: HttpRequest): Promise<Outcome> {
    return await this.http.send(this.placed(request));
  }

  /** Closes every socket and connection. */
  async close(): Promise<void> {
    this.sockets.closeAll();
    await this.http.close();
  }

  private async carryOut(effect: Effect): Promise<EffectResult[Effect["effect"]]> {
    switch (effect.effect) {
      case "send":
        return await this.send(effect.requests);
      case "open":
        return await this.open(effect.request);
      case "watch":
        return await this.waiting(this.sockets.watch(effect.socket, effect.until, effect.withinMs));
      case "say":
        return this.sockets.say(effect.socket, effect.text);
      case "close":
        return this.sockets.close(effect.socket, effect.how);
      case "impair":
        return this.sockets.impair(effect.socket, effect.how);
      case "pushes":
        return await this.waiting(this.sink().waitFor(effect.until, effect.withinMs));
      case "push_mode":
        this.sink().mode = effect.mode;
        return undefined;
      case "wait":
        return await this.waiting(sleep(effect.ms, undefined, { signal: this.ending.signal }));
      case "now":
        return Date.now();
      case "revoke":
        return await this.waiting(this.expiry());
      case "sign":
        return this.sign(effect);
      default:
        return assertNever(effect);
    }
  }

  private async send(requests: readonly HttpRequest[]): Promise<readonly Outcome[]> {
    for (const request of requests) this.options.sending?.(request);
    return await Promise.all(
      requests.map(async (request) => {
        const placed = this.placed(request);
        const outcome = this.told(await this.http.send(placed), placed.path);
        this.options.ended?.(request, outcome);
        return outcome;
      }),
    );
  }

  private async open(request: Extract<Effect, { effect: "open" }>["request"]): Promise<Upgrade> {
    await this.http.throttle.turn();
    return await this.sockets.open(this.placed(request)).finally(() => this.http.throttle.done());
  }

  private async waiting<T>(what: Promise<T>): Promise<T> {
    const startedMs = performance.now();
    return await what.finally(() => {
      this.waitedMs += performance.now() - startedMs;
    });
  }

  private placed<Request extends { readonly path: string; readonly headers: HttpRequest["headers"] }>(
    request: Request,
  ): Request {
    const { headers, paths } = this.options;
    const path = renamed(request.path, paths);
    return { ...request, path, headers: { ...headers, ...request.headers } };
  }

  /** What names a path in an answer, in the words of the protocol. */
  private told(outcome: Outcome, askedPath: string): Outcome {
    if (this.ownPaths.size === 0 || outcome.outcome === "indefinite") return outcome;
    const location = outcome.answer.headers.get("location");
    if (location === undefined) return outcome;
    const headers = new Map(outcome.answer.headers);
    headers.set("location", renamed(pathNamed(location, askedPath) ?? location, this.ownPaths));
    return { ...outcome, answer: { ...outcome.answer, headers } };
  }

  private sink(): PushSinkServer {
    const { sink } = this.options;
    if (sink === undefined) throw new NotEquipped("a probe asked for pushes, and there is no sink");
    return sink;
  }

  /** Nobody here can take a token away: it ends by itself. */
  private async expiry(): Promise<undefined> {
    const { expiresAtMs } = this.options;
    if (expiresAtMs === undefined)
      throw new NotEquipped("a probe asked for a token to be revoked, and nobody can");
    await sleep(Math.max(0, expiresAtMs - Date.now()), undefined, { signal: this.ending.signal });
    return undefined;
  }

  private sign({ id, timestamp, body }: Extract<Effect, { effect: "sign" }>): string {
    const { webhookSecret } = this.options;
    if (webhookSecret === undefined)
      throw new NotEquipped("a probe asked for a signature, and there is no secret");
    return signWebhook(webhookSecret, id, timestamp, body);
  }
}

/** The longest path that the profile renames and that this one begins with, renamed. */
export function renamed(path: string, paths: ReadonlyMap<string, string>): string {
  let longest = "";
  for (const known of paths.keys()) {
    const follows = path.charAt(known.length);
    const begins = path.startsWith(known) && (follows === "" || follows === "/" || follows === "?");
    if (begins && known.length > longest.length) longest = known;
  }
  return longest === "" ? path : `${paths.get(longest) ?? ""}${path.slice(longest.length)}`;
}
