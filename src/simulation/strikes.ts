/**
 * Owns the tally of faults: the name of each that a run can bring, and how often it struck.
 * Refuses to bring about any. A fault that is switched on and never struck was not tested; reports can tell.
 */

/** Every fault that a scenario can switch on, and what others than phones do to an account. */
export const STRIKES = [
  "loss",
  "duplication",
  "reordering",
  "tunnel",
  "partition",
  "captive-portal",
  "stripped-headers",
  "weakened-etags",
  "refused-socket",
  "timeout-before",
  "timeout-after",
  "half-open-socket",
  "delay-spike",
  "kill",
  "kill-after-edit",
  "kill-before-send",
  "kill-after-send",
  "kill-before-store",
  "kill-before-revision",
  "kill-between-pages",
  "failed-write",
  "full-storage",
  "clock-offset",
  "clock-years-off",
  "clock-step",
  "proxy-clock-step",
  "twin-creates",
  "absence",
  "token-expiry",
  "account-switch",
  "older-app",
  "app-update",
  "new-field",
  "new-frame",
  "new-entity",
  "foreign-protocol",
  "outage",
  "cut-off",
  "fan-out-lag",
  "push-loss",
  "push-late",
  "push-duplication",
  "dead-push-token",
  "webhook",
  "webhook-duplication",
  "webhook-reordering",
  "rollout",
  "legacy-write",
  "dialog-put-off",
  "dialog-ignored",
] as const;
export type Strike = (typeof STRIKES)[number];

/** How often each fault struck so far. */
export class Strikes {
  private readonly counts: Record<string, number> = Object.fromEntries(STRIKES.map((strike) => [strike, 0]));

  add(strike: Strike): void {
    this.counts[strike] = (this.counts[strike] ?? 0) + 1;
  }

  /** The tally as it stands, in the order of STRIKES. */
  seen(): Readonly<Record<Strike, number>> {
    return { ...this.counts } as Record<Strike, number>;
  }
}
