/**
 * Owns, for every threshold of every shipped scenario, what makes its subject worse until it is missed, and the small
 * version of the scenario in which that is seen within a second or two.
 * Refuses to run anything.
 */

/** One thing that gets worse, and the thresholds that it breaks. */
export interface Worsening {
  /** Settings, as after `--set`. */
  readonly set?: readonly string[];
  /** A planted fault. */
  readonly fault?: string;
  /** Fewer devices than the small version has, where each of them has more to do. */
  readonly devices?: number;
  readonly misses: readonly string[];
}

/** A scenario as small as its thresholds still mean something. */
export interface SmallScenario {
  readonly devices: number;
  readonly duration: string;
  readonly set?: readonly string[];
  readonly worse: readonly Worsening[];
}

const SLOW = "network.latency={p50: 4s, p99: 15s}";
const LONG_TUNNELS = "network.offline={perDay: 6, length: {p50: 3h, p99: 9h}, used: 100%}";
const ONE_RECORD = ["workload.hot=100%", "workload.hotRecords=1"];
const NO_SOCKETS = "network.middlebox.refusesSockets=100%";

export const SMALL: Readonly<Record<string, SmallScenario>> = {
  commuter: {
    devices: 30,
    duration: "2d",
    worse: [
      { set: [SLOW], misses: ["sync latency online p99 < 3s"] },
      { fault: "push-unheard", misses: ["sync latency came back p50 < 6s"] },
      {
        set: [LONG_TUNNELS, ...ONE_RECORD],
        misses: ["conflict rate < 1.5%", "offline queue size mean < 0.5"],
      },
      { set: [NO_SOCKETS], misses: ["cache hit rate > 70%"] },
      { fault: "revision-forgotten", misses: ["full sync rate < 5%"] },
    ],
  },
  "offline-weekend": {
    devices: 16,
    duration: "2d",
    set: ["workload.absence.share=0%"],
    worse: [
      { set: [SLOW], misses: ["sync latency online p99 < 15s"] },
      {
        set: ["network.offline={perDay: 2, length: {p50: 15h, p99: 40h}, used: 100%}", ...ONE_RECORD],
        misses: ["conflict rate < 12%"],
      },
      { set: ["workload.editsPerDay=150"], devices: 8, misses: ["offline queue size max < 200"] },
      { set: [NO_SOCKETS], misses: ["cache hit rate > 55%"] },
      { fault: "revision-forgotten", misses: ["full sync rate < 3%"] },
    ],
  },
  "shared-list": {
    devices: 12,
    duration: "12h",
    worse: [
      { set: [SLOW], misses: ["sync latency online p99 < 3s", "conflict rate < 4%"] },
      {
        set: ["workload.entities={contact: 90%, task: 5%, list: 5%}"],
        misses: ["resolved alone > 80%"],
      },
      { set: ["workload.refreshesPerDay=20"], misses: ["full sync rate < 1%"] },
    ],
  },
  "skewed-clocks": {
    devices: 28,
    duration: "2d",
    worse: [
      { set: [SLOW], misses: ["sync latency online p99 < 2s"] },
      { set: [LONG_TUNNELS, ...ONE_RECORD], misses: ["conflict rate < 2%", "cache hit rate > 65%"] },
      { set: ["workload.entities={contact: 90%, task: 5%, list: 5%}"], misses: ["resolved alone > 50%"] },
    ],
  },
  "long-absence": {
    devices: 18,
    duration: "9d",
    worse: [
      { set: [SLOW], misses: ["sync latency online p99 < 5s"] },
      { set: ["proxy.retention=2h"], misses: ["full sync rate < 4%"] },
      { set: [NO_SOCKETS], misses: ["cache hit rate > 60%"] },
    ],
  },
  "flaky-network": {
    devices: 18,
    duration: "1d",
    worse: [
      { set: [SLOW], misses: ["sync latency online p50 < 1500ms", "commit latency p50 < 6s"] },
      { set: [NO_SOCKETS], misses: ["cache hit rate > 70%"] },
      { fault: "revision-forgotten", misses: ["full sync rate < 3%"] },
      { fault: "no-back-off", misses: ["requests < 300"] },
    ],
  },
  "thundering-herd": {
    devices: 60,
    duration: "12h",
    worse: [
      { fault: "no-jitter", misses: ["socket peak < 30%"] },
      { fault: "no-back-off", devices: 15, misses: ["socket opens < 120", "requests < 500"] },
      { set: [SLOW], misses: ["sync latency online p90 < 1s"] },
    ],
  },
  "proxy-failover": {
    devices: 36,
    duration: "2d",
    worse: [
      {
        set: ["proxy.fanOut={p50: 4s, p99: 40s}"],
        misses: ["sync latency online p50 < 500ms", "sync latency online p99 < 8s"],
      },
      { fault: "push-unheard", misses: ["sync latency came back p50 < 10s"] },
      { fault: "revision-forgotten", misses: ["full sync rate < 3%"] },
    ],
  },
  "big-account": {
    devices: 6,
    duration: "1d",
    set: ["fleet.records={contact: 1800, task: 900, list: 300}"],
    worse: [
      { set: ["proxy.deltaLimitMax=1"], misses: ["sync latency came back p50 < 10s"] },
      { set: [SLOW], misses: ["sync latency online p90 < 3s"] },
      {
        set: ["habits.sessionsPerDay=24", "workload.refreshesPerDay=24"],
        misses: ["full sync rate < 1%", "bytes down < 12MB"],
      },
    ],
  },
  "push-only": {
    devices: 30,
    duration: "2d",
    worse: [
      { fault: "push-unheard", misses: ["sync latency came back p50 < 10s"] },
      { set: [SLOW], misses: ["cache hit rate > 65%"] },
      { fault: "revision-forgotten", set: ["kills.perDay=6"], misses: ["full sync rate < 4%"] },
      { fault: "no-back-off", misses: ["socket opens < 20"] },
      { set: ["habits.sessionsPerDay=60"], misses: ["radio wake-ups < 50"] },
    ],
  },
  "legacy-mix": {
    devices: 36,
    duration: "2d",
    worse: [
      { set: [SLOW], misses: ["sync latency online p99 < 5s"] },
      { set: ["network.middlebox.weakens=100%"], misses: ["conflict rate < 20%"] },
      { set: ["workload.entities={contact: 90%, task: 5%, list: 5%}"], misses: ["resolved alone > 40%"] },
      { set: [NO_SOCKETS], misses: ["cache hit rate > 65%"] },
    ],
  },
  rollout: {
    devices: 16,
    duration: "3d",
    set: ["proxy.rollout=[{after: 1d, mode: advisory}, {after: 2d, mode: enforce}]"],
    worse: [
      { set: [SLOW], misses: ["sync latency online p99 < 3s"] },
      { set: [LONG_TUNNELS, ...ONE_RECORD], misses: ["conflict rate < 8%", "offline queue size mean < 3"] },
      { set: ["proxy.rollout=[{after: 1d, mode: advisory}]"], misses: ["resolved alone > 8%"] },
      { set: [NO_SOCKETS], misses: ["cache hit rate > 50%"] },
    ],
  },
};
