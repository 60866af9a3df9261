/**
 * Owns what stands between a phone and the proxy and meddles: boxes that take headers off, rewrite
 * them or let no socket through, and captive portals that answer in the proxy's place.
 * Refuses to touch bodies: what goes as a batch passes every box as it is.
 */

import type { EpochMs } from "../base/time.ts";
import type { Answer, Request } from "../protocol/request.ts";
import { Fate } from "./fate.ts";
import type { Strippable } from "./scenario.ts";
import type { Stage } from "./stage.ts";

/** A request as it leaves the box, and the names of the headers that are not as the phone sent them. */
export interface Altered {
  readonly message: Request;
  readonly headers: readonly string[];
  /** Of If-Match, rewritten. */
  readonly weakened: boolean;
}

/** How far a login page's clock may be off: nobody looks after it. */
const PORTAL_CLOCK_ERROR_MS = 3 * 86_400_000;

/** What one phone's traffic passes through, the same all through the run. */
export class Middlebox {
  private readonly strips: ReadonlySet<Strippable>;
  private readonly weakens: boolean;
  /** Upgrades to WebSocket end here: what many offices and hotels have in front of their network. */
  readonly refusesSockets: boolean;

  constructor(stage: Stage, name: string) {
    const { strips, headers, weakens, refusesSockets } = stage.scenario.network.middlebox;
    const fate = new Fate(stage.seed, `${name}/middlebox`);
    this.strips = new Set(fate.chance(0, strips) ? headers : []);
    this.weakens = fate.chance(1, weakens);
    this.refusesSockets = fate.chance(2, refusesSockets);
  }

  /** The request on the far side; undefined when it passes as it is. */
  alter(message: Request): Altered | undefined {
    if (this.strips.size === 0 && !this.weakens) return undefined;
    const headers: string[] = [];
    let after = message;
    for (const header of this.strips) {
      if (!carries(message, header)) continue;
      headers.push(header);
      after = without(after, header);
    }
    const weakened = this.weakens && after.ifMatch !== undefined;
    if (weakened) {
      headers.push("if-match");
      after = { ...after, ifMatch: weak(after.ifMatch ?? "") };
    }
    return headers.length === 0 ? undefined : { message: after, headers, weakened };
  }
}

/** What a login page says to everything, by a clock of its own [QUE-8, QUE-16]. */
export function portalAnswer(nowMs: EpochMs): Answer {
  return {
    status: 200,
    headers: { dateMs: nowMs - PORTAL_CLOCK_ERROR_MS },
    body: "<!doctype html><title>Welcome</title><form>Accept the terms to go online</form>",
  };
}

function carries(message: Request, header: Strippable): boolean {
  switch (header) {
    case "if-match":
      return message.ifMatch !== undefined;
    case "idempotency-key":
      return message.idempotencyKey !== undefined;
    case "x-device-id":
      return message.deviceId !== undefined;
    case "x-mutation-timestamp":
      return message.timestamp !== undefined;
  }
}

function without(message: Request, header: Strippable): Request {
  switch (header) {
    case "if-match": {
      const { ifMatch: _ifMatch, ...rest } = message;
      return rest;
    }
    case "idempotency-key": {
      const { idempotencyKey: _idempotencyKey, ...rest } = message;
      return rest;
    }
    case "x-device-id": {
      const { deviceId: _deviceId, ...rest } = message;
      return rest;
    }
    case "x-mutation-timestamp": {
      const { timestamp: _timestamp, ...rest } = message;
      return rest;
    }
  }
}

/** [CON-6] what gzip on the way makes of a tag, and what a phone that echoes it then sends. */
function weak(ifMatch: string): string {
  const tag = ifMatch.startsWith('"') ? ifMatch : `"${ifMatch}"`;
  return `W/${tag}`;
}
