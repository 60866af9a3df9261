/**
 * Owns a target over the network: each effect of a probe carried out over HTTP, WebSocket and the push sink.
 * Refuses to judge, and to send more than it may: budget, rate and `Retry-After` are the caller's limits, and kept.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { assertNever } from "../base/assert.ts";
import type { Effect, EffectResult, HttpRequest, Outcome, TargetFacts } from "../conformance/target.ts";
import type { PushSinkServer } from "./push-sink-server.ts";
import { TargetHttp, type TargetLimits } from "./target-http.ts";
import { TargetSockets } from "./target-sockets.ts";
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
  /** Told of each request before it leaves: for the ledger. */
  sending?(request: HttpRequest): void;
}

/** Why a run against a target cannot go on. */
export class TargetLost extends Error {
  override readonly name = "TargetLost";
}

export class LiveTarget {
  readonly http: TargetHttp;
  private readonly options: LiveTargetOptions;
  private readonly sockets: TargetSockets;

  constructor(options: LiveTargetOptions) {
    this.options = options;
    this.http = new TargetHttp(options.baseUrl, options.limits);
    this.sockets = new TargetSockets(options.baseUrl);
  }

  /** Carries out one effect. Rejects with TargetLost when the target is gone or the budget is spent. */
  async perform<E extends Effect>(effect: E): Promise<EffectResult[E["effect"]]> {
    return (await this.carryOut(effect)) as EffectResult[E["effect"]];
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
        return await this.sockets.open(this.placed(effect.request));
      case "watch":
        return await this.sockets.watch(effect.socket, effect.until, effect.withinMs);
      case "say":
        return this.sockets.say(effect.socket, effect.text);
      case "close":
        return this.sockets.close(effect.socket, effect.how);
      case "impair":
        return this.sockets.impair(effect.socket, effect.how);
      case "pushes":
        return await this.sink().waitFor(effect.until, effect.withinMs);
      case "push_mode":
        this.sink().mode = effect.mode;
        return undefined;
      case "wait":
        await sleep(effect.ms);
        return undefined;
      case "now":
        return Date.now();
      case "sign":
        return this.sign(effect);
      default:
        return assertNever(effect);
    }
  }

  private async send(requests: readonly HttpRequest[]): Promise<readonly Outcome[]> {
    for (const request of requests) this.options.sending?.(request);
    return await Promise.all(requests.map((request) => this.http.send(this.placed(request))));
  }

  private placed<Request extends { readonly path: string; readonly headers: HttpRequest["headers"] }>(
    request: Request,
  ): Request {
    const { headers, paths } = this.options;
    const path = renamed(request.path, paths);
    return { ...request, path, headers: { ...headers, ...request.headers } };
  }

  private sink(): PushSinkServer {
    const { sink } = this.options;
    if (sink === undefined) throw new TargetLost("a probe asked for pushes, and there is no sink");
    return sink;
  }

  private sign({ id, timestamp, body }: Extract<Effect, { effect: "sign" }>): string {
    const { webhookSecret } = this.options;
    if (webhookSecret === undefined)
      throw new TargetLost("a probe asked for a signature, and there is no secret");
    return signWebhook(webhookSecret, id, timestamp, body);
  }
}

/** A live target, as a probe's runner needs it. */
export interface Introduced {
  readonly target: LiveTarget;
  readonly facts: TargetFacts;
}

/** The longest path that the profile renames and that this one begins with, renamed. */
function renamed(path: string, paths: ReadonlyMap<string, string>): string {
  let longest = "";
  for (const known of paths.keys()) {
    const follows = path.charAt(known.length);
    const begins = path.startsWith(known) && (follows === "" || follows === "/" || follows === "?");
    if (begins && known.length > longest.length) longest = known;
  }
  return longest === "" ? path : `${paths.get(longest) ?? ""}${path.slice(longest.length)}`;
}
